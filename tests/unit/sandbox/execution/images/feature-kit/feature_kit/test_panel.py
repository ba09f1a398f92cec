"""Bars are read as they were written, and features written where all are known."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feature_kit.features import TARGET, VIEWS, features_of
from feature_kit.panel import Panel, read_panel, write_features
from program_kit.call import RefusedError


def bars(days: int = 40, symbols: int = 6) -> Panel:
    rng = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (days, symbols)), axis=0))
    names = [str(date(2026, 1, 1) + timedelta(days=number)) for number in range(days)]
    return Panel(names, [f"S{number}" for number in range(symbols)], close, rng.lognormal(10, 1, (days, symbols)))


def written(panel: Panel, folder: Path, **columns: object) -> Path:
    rows = [(day, symbol) for day in panel.days for symbol in panel.symbols]
    data = {
        "day": [date.fromisoformat(day) for day, _ in rows],
        "symbol": [symbol for _, symbol in rows],
        "close": panel.close.ravel(),
        "volume": panel.volume.ravel(),
        **columns,
    }
    folder.mkdir(exist_ok=True)
    pq.write_table(
        pa.table({name: values for name, values in data.items() if values is not None}), folder / "a.parquet"
    )
    return folder


def test_bars_are_read_as_they_were_written_and_features_where_all_are_known(tmp_path: Path) -> None:
    panel = bars()
    read = read_panel(written(panel, tmp_path / "data"))
    assert (read.days, read.symbols) == (panel.days, panel.symbols)
    np.testing.assert_array_equal(read.close, panel.close)
    rows = write_features(read, features_of(read, "xs_v2"), file=tmp_path / "features.parquet")
    table = pq.read_table(tmp_path / "features.parquet")
    assert rows == table.num_rows == (40 - 20 - 1) * 6
    assert table.column_names == ["day", "symbol", *VIEWS["xs_v2"], TARGET]


def test_data_that_cannot_be_meant_is_refused(tmp_path: Path) -> None:
    panel = bars()
    with pytest.raises(RefusedError, match="lacks volume"):
        read_panel(written(panel, tmp_path / "lacking", volume=None))
    with pytest.raises(RefusedError, match="a day of a symbol twice"):
        read_panel(written(panel, tmp_path / "twice", symbol=["S0"] * 240))

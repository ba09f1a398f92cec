"""What a model learns from lies before what it is judged by, and a window is of one symbol."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from program_kit.call import RefusedError
from trainers.samples import read_split


def written(path: Path, *, days: int, symbols: int = 3, without: int = -1) -> Path:
    rows = [(day, symbol) for day in range(days) for symbol in range(symbols) if (day, symbol) != (without, 1)]
    table = pa.table(
        {
            "day": [str(date(2026, 1, 1) + timedelta(days=day)) for day, _ in rows],
            "symbol": [f"S{symbol}" for _, symbol in rows],
            "when": [float(day) for day, _ in rows],
            "who": [float(symbol) for _, symbol in rows],
            "target": [float(day) for day, _ in rows],
        }
    )
    pq.write_table(table, path)
    return path


def test_days_between_learning_and_judging_are_left_out(tmp_path: Path) -> None:
    split = read_split(written(tmp_path / "a.parquet", days=50), steps=4)
    assert split.features == ("when", "who")
    assert split.train.windows[..., 0].max() == 34
    assert split.test.windows[..., 0].min() == 36
    assert split.test.windows[..., 0].max() == 49
    np.testing.assert_array_equal(split.test.targets, split.test.windows[:, -1, 0])


def test_a_window_is_of_following_days_of_one_symbol(tmp_path: Path) -> None:
    split = read_split(written(tmp_path / "a.parquet", days=50, without=10), steps=4)
    for windows in (split.train.windows, split.test.windows):
        assert (np.diff(windows[..., 0], axis=1) == 1).all()
        assert (np.diff(windows[..., 1], axis=1) == 0).all()
    whole = read_split(written(tmp_path / "b.parquet", days=50), steps=4)
    assert len(whole.train.targets) - len(split.train.targets) == 4


@pytest.mark.parametrize("days", [0, 3, 6])
def test_too_few_days_are_refused(tmp_path: Path, days: int) -> None:
    with pytest.raises(RefusedError, match="days are too few"):
        read_split(written(tmp_path / "a.parquet", days=days), steps=4)

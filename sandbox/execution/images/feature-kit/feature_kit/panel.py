"""Daily bars as matrices of days by symbols, and features as columns again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from program_kit.call import RefusedError

Matrix = npt.NDArray[np.float64]
COLUMNS = ("day", "symbol", "close", "volume")


@dataclass(frozen=True)
class Panel:
    """`close` and `volume` have the shape (days, symbols), NaN where there is no bar."""

    days: list[str]
    symbols: list[str]
    close: Matrix
    volume: Matrix


def read_panel(folder: Path) -> Panel:
    """The bars of a folder of Parquet files. Raises RefusedError where there are none, or two of a day and symbol."""
    table = pq.read_table(folder)
    lacking = [name for name in COLUMNS if name not in table.column_names]
    if lacking or not table.num_rows:
        raise RefusedError(f"the data set lacks {', '.join(lacking) or 'rows'}")
    days, day_rows = _index([str(day)[:10] for day in table["day"].to_pylist()])
    symbols, symbol_rows = _index(table["symbol"].to_pylist())
    if len(set(zip(day_rows.tolist(), symbol_rows.tolist(), strict=True))) != table.num_rows:
        raise RefusedError("the data set has a day of a symbol twice")
    matrices = []
    for name in ("close", "volume"):
        matrix = np.full((len(days), len(symbols)), np.nan)
        matrix[day_rows, symbol_rows] = table[name].cast(pa.float64()).to_numpy()
        matrices.append(matrix)
    return Panel(days, symbols, *matrices)


def write_features(panel: Panel, features: dict[str, Matrix], *, file: Path) -> int:
    """Write features, a row for each day and symbol that has them all; returns how many rows there are."""
    whole = np.all([np.isfinite(values) for values in features.values()], axis=0)
    day_rows, symbol_rows = np.nonzero(whole)
    columns = {
        "day": pa.array([panel.days[row] for row in day_rows], pa.string()),
        "symbol": pa.array([panel.symbols[row] for row in symbol_rows], pa.string()),
        **{name: pa.array(values[whole]) for name, values in features.items()},
    }
    pq.write_table(pa.table(columns), file)
    return len(day_rows)


def _index(column: Sequence[str]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Values in order, and for each row the place of its own among them."""
    values, rows = np.unique(np.asarray(column, dtype=np.str_), return_inverse=True)
    return [str(value) for value in values], rows

"""Windows of features, split by time: what a model learns from lies before what it is judged by."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from program_kit.call import RefusedError

from trainers.bilstm import Array

TRAIN_SHARE = 0.7
NOT_FEATURES = ("day", "symbol", "target")


@dataclass(frozen=True)
class Samples:
    """Windows of shape (samples, steps, features), targets of shape (samples,), and the number of each one's day."""

    windows: Array
    targets: Array
    days: npt.NDArray[np.int64]

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Samples":
        """Some of them."""
        return Samples(self.windows[chosen], self.targets[chosen], self.days[chosen])


@dataclass(frozen=True)
class Split:
    """Samples to learn from and to judge by; between them days are left out as many as a window has."""

    train: Samples
    test: Samples
    features: tuple[str, ...]


def read_split(file: Path, *, steps: int) -> Split:
    """Read a feature table. Raises RefusedError where it has too few days."""
    table = pq.read_table(file)
    features = tuple(name for name in table.column_names if name not in NOT_FEATURES)
    days, day_rows = np.unique(np.asarray(table["day"].to_pylist(), dtype=np.str_), return_inverse=True)
    symbols = np.asarray(table["symbol"].to_pylist(), dtype=np.str_)
    order = np.lexsort((day_rows, symbols))
    values = np.stack([table[name].to_numpy() for name in features], axis=1)[order]
    starts = _starts(symbols[order], day_rows[order], steps)
    rows = starts[:, None] + np.arange(steps)
    ends = rows[:, -1] if len(rows) else np.zeros(0, dtype=np.int64)
    samples = Samples(values[rows], table["target"].to_numpy()[order][ends], day_rows[order][ends])
    border = int(len(days) * TRAIN_SHARE)
    split = Split(samples.where(samples.days < border), samples.where(samples.days >= border + steps), features)
    if not len(split.train.targets) or not len(split.test.targets):
        raise RefusedError(f"{len(days)} days are too few for windows of {steps} days, to learn and to judge")
    return split


def _starts(symbols: npt.NDArray[np.str_], days: npt.NDArray[np.int64], steps: int) -> npt.NDArray[np.int64]:
    """Rows at which a window of one symbol's following days begins."""
    if len(symbols) < steps:
        return np.zeros(0, dtype=np.int64)
    first, last = np.arange(len(symbols) - steps + 1), np.arange(steps - 1, len(symbols))
    return first[(symbols[first] == symbols[last]) & (days[last] - days[first] == steps - 1)]

"""What candidates see of an outside signal: two columns, so that unknown is never taken for zero."""

import numpy as np

from quantos.arrays import FloatArray


def signal_columns(values: FloatArray) -> FloatArray:
    """A signal by bin as its signed logarithm, and whether it is known.

    Args:
        values: shape (n,), what was known at the end of each bin, NaN where nothing was.

    Returns:
        Shape (n, 2): the logarithm, zero where unknown; 1 where known, else 0.
    """
    known = np.isfinite(values)
    level = np.where(known, values, 0.0)
    return np.column_stack([np.sign(level) * np.log1p(np.abs(level)), known])

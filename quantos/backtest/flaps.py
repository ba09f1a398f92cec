"""How restless capacity is: changes that are soon taken back."""

import numpy as np

from quantos.arrays import FloatArray


def changes(nodes: FloatArray) -> int:
    """How often the number of nodes differs from that of the bin before, shape (n,)."""
    return int(np.count_nonzero(np.diff(nodes)))


def flaps(nodes: FloatArray, *, within_bins: int) -> int:
    """How many changes are followed, at most `within_bins` later, by one the other way and by none between; shape (n,).

    A rise and a fall soon after it are one flap; up, down and up again are two.
    """
    steps = np.diff(nodes)
    at = np.flatnonzero(steps)
    reversed_next = np.sign(steps[at[1:]]) != np.sign(steps[at[:-1]])
    return int(np.count_nonzero(reversed_next & (np.diff(at) <= within_bins)))

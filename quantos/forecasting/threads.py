"""One thread for linear algebra: one series is too little to share, and threads that wait cost more than they do."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController


@contextmanager
def single_threaded() -> Iterator[None]:
    """Keep numpy's linear algebra to the calling thread meanwhile."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    np.linalg.norm(np.ones(2))
    return ThreadpoolController()

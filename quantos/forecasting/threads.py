"""One thread for linear algebra: one series is too little to share, and threads that wait cost more than they do."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

import numpy as np
from threadpoolctl import ThreadpoolController

_SCIPY: Final = "scipy.linalg"


@contextmanager
def single_threaded(*, with_scipy: bool = False) -> Iterator[None]:
    """Keep linear algebra to the calling thread meanwhile.

    scipy brings a library of its own, which can be kept so only once it is loaded: `with_scipy` loads it. Deciding does
    without, and is not to wait for it.
    """
    if with_scipy:
        import scipy.linalg  # noqa: F401, PLC0415  as said
    with _controller(scipy_loaded=_SCIPY in sys.modules).limit(limits=1, user_api="blas"):
        yield


@cache
def _controller(*, scipy_loaded: bool) -> ThreadpoolController:  # noqa: ARG001  what is loaded is looked for anew
    np.linalg.norm(np.ones(2))
    return ThreadpoolController()

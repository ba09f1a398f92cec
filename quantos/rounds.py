"""Calls whose order does not matter, made beside one another: one round of waiting for all of them."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

A = TypeVar("A")
B = TypeVar("B")

AT_ONCE: Final = 8


def both(first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
    """What two calls return. Both have ended when this returns or raises; of two errors the first's goes up."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        other = beside.submit(second)
        return first(), other.result()


def every(call: Callable[[A], B], arguments: Iterable[A]) -> list[B]:
    """What a call returns for each argument, in their order, at most `AT_ONCE` at a time; the first error goes up."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as beside:
        return list(beside.map(call, arguments))

"""What libraries and the system raise, turned into the domain's errors where an adapter calls them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from quantos.errors import QuantosError


def _own_words(error: Exception) -> str:
    return str(error) or type(error).__name__


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """What a library raises, and how to read it.

    `reason` tells an exception in one line. `transient` says whether the same call may do better a moment later; None
    leaves that to the domain's error.
    """

    raises: tuple[type[Exception], ...]
    reason: Callable[[Exception], str] = _own_words
    transient: Callable[[Exception], bool] | None = None


FILES: Final = Vendor(raises=(OSError, UnicodeError))
"""Reading and writing files, and starting processes."""


@contextmanager
def translated(vendor: Vendor, *, into: type[QuantosError], what: str, remedy: str) -> Iterator[None]:
    """Raise `into`, caused by what the vendor raised; `what` says what was tried, and its reason follows."""
    try:
        yield
    except vendor.raises as exc:
        retryable = None if vendor.transient is None else vendor.transient(exc)
        raise into(f"{what}: {vendor.reason(exc)}", remedy=remedy, retryable=retryable) from exc

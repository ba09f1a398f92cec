"""Now, passed in; and the system's own clock, for whoever composes."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Now, aware, in UTC."""

    def __call__(self) -> datetime:
        """The present moment."""
        ...


def utc_now() -> datetime:
    """The present moment by the system's clock."""
    return datetime.now(tz=UTC)

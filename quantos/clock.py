"""Now, passed in."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Now, aware, in UTC."""

    def __call__(self) -> datetime:
        """The present moment."""
        ...

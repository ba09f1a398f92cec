"""Units of time that several rooms count in."""

from typing import Final

DAY_SECONDS: Final = 86_400
"""Of a UTC day; POSIX time knows no leap seconds."""

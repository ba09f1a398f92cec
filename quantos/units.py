"""Units of time that several rooms count in."""

from typing import Final

MINUTE_SECONDS: Final = 60
HOUR_SECONDS: Final = 3600
DAY_SECONDS: Final = 86_400
"""Of a UTC day; POSIX time knows no leap seconds."""

"""AWS clients of the control path: they give up long before a lease runs out."""

from typing import Final

from botocore.config import Config

ATTEMPTS: Final = 3
CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 5
LONGEST_BACKOFF_SECONDS: Final = 4
"""Of botocore's standard mode between three attempts: up to 1 and 2 seconds."""

LONGEST_CALL_SECONDS: Final = ATTEMPTS * (CONNECT_SECONDS + READ_SECONDS) + LONGEST_BACKOFF_SECONDS

CONTROL_CONFIG: Final = Config(
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
)

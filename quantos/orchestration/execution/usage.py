"""What an attempt used: what it asked for, for as long as it ran, whatever it was really given."""

from datetime import UTC, datetime

from quantos.contracts.dag.spec import Requests
from quantos.orchestration.ledger.amounts import Amount, by_day, of_time


def used_by_day(
    requests: Requests, *, started_ms: int, ended_ms: int, io_bytes: int = 0
) -> tuple[tuple[str, Amount], ...]:
    """By UTC day, as `2026-11-20`; times are epoch milliseconds, and a clock that was set back makes no use.

    `io_bytes` of the lake are used on the day on which it ended, when they are known.
    """
    started, ended = (datetime.fromtimestamp(at / 1000, UTC) for at in (started_ms, max(started_ms, ended_ms)))
    times = [(day, of_time(requests, milliseconds)) for day, milliseconds in by_day(started, ended)]
    last_day, of_last = times[-1]
    return (*times[:-1], (last_day, of_last + Amount(io_bytes=io_bytes)))

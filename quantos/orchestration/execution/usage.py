"""What an attempt used: what it asked for, for as long as it ran, whatever it was really given."""

from datetime import UTC, datetime

from quantos.contracts.dag.spec import Requests
from quantos.orchestration.ledger.amounts import Amount, by_day, of_time


def used_by_day(requests: Requests, *, started_ms: int, ended_ms: int) -> tuple[tuple[str, Amount], ...]:
    """By UTC day, as `2026-11-20`; times are epoch milliseconds, and a clock that was set back makes no use."""
    started, ended = (datetime.fromtimestamp(at / 1000, UTC) for at in (started_ms, max(started_ms, ended_ms)))
    return tuple((day, of_time(requests, milliseconds)) for day, milliseconds in by_day(started, ended))

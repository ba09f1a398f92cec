"""When what became of an attempt is still made known."""

from datetime import UTC, datetime, timedelta

import pytest

from quantos.orchestration.adapters.witness import expired
from tests.support.runs import submission, terms

ENDED = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ended", "after", "over"),
    [
        (None, timedelta(days=900), False),
        (ENDED, timedelta(), False),
        (ENDED, timedelta(days=7), False),
        (ENDED, timedelta(days=7, seconds=1), True),
    ],
    ids=["goes-on", "just-ended", "on-its-last-day", "expired"],
)
def test_a_run_is_told_of_until_its_workspace_expires(ended: datetime | None, after: timedelta, *, over: bool) -> None:
    ended_ms = None if ended is None else round(ended.timestamp() * 1000)
    row = submission(terms=terms(ttl_days=7), ended_ms=ended_ms)
    assert expired(row, ENDED + after) is over

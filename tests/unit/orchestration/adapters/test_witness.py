"""When what became of a run is still made known."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from quantos.orchestration.adapters.witness import RunWitness
from quantos.orchestration.protocol.rows import Closing
from quantos.orchestration.tracing.spans import Span
from tests.support.runs import submission, terms

ENDED = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Spans:
    """A collector."""

    taken: list[Span] = field(default_factory=list)

    def export(self, spans: Sequence[Span]) -> None:
        self.taken += spans


@pytest.mark.parametrize(
    ("after", "told"),
    [(timedelta(), True), (timedelta(days=7), True), (timedelta(days=7, milliseconds=1), False)],
    ids=["just-ended", "on-its-last-day", "ttl-is-over"],
)
def test_a_run_is_told_of_until_its_ttl_is_over(after: timedelta, *, told: bool) -> None:
    row = submission(terms=terms(ttl_days=7), ended="succeeded", ended_ms=round(ENDED.timestamp() * 1000))
    unasked: Any = None
    others = dict.fromkeys(("rows", "specs", "admissions", "objects", "bus", "lineage", "naming"), unasked)
    spans = Spans()
    RunWitness(**others, spans=spans, chain="dev", clock=lambda: ENDED + after).tell(Closing(), row)
    assert bool(spans.taken) is told

"""Use is what was asked for, by the UTC day it falls in."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from quantos.contracts.dag.spec import Requests
from quantos.orchestration.execution.usage import used_by_day

REQUESTS = Requests(cpu="8", mem="32Gi", gpu=1)
MIDNIGHT_MS = int(datetime(2026, 11, 21, tzinfo=UTC).timestamp() * 1000)


def test_a_run_over_midnight_is_charged_to_both_days() -> None:
    used = used_by_day(REQUESTS, started_ms=MIDNIGHT_MS - 1000, ended_ms=MIDNIGHT_MS + 500)
    assert [(day, amount.cpu_ms, amount.gpu_ms) for day, amount in used] == [
        ("2026-11-20", 8000, 1000),
        ("2026-11-21", 4000, 500),
    ]


@given(st.integers(0, 4 * 10**12), st.integers(-(10**6), 10**9))
def test_the_days_add_up_to_the_time_it_ran(started_ms: int, ran_ms: int) -> None:
    used = used_by_day(REQUESTS, started_ms=started_ms, ended_ms=started_ms + ran_ms)
    assert sum(amount.cpu_ms for _, amount in used) == 8 * max(0, ran_ms)

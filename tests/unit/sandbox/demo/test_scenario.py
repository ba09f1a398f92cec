from datetime import UTC, datetime, time, timedelta
from typing import get_args

import pytest

from quantos.contracts.plan import OutcomeStatus
from quantos.contracts.strategy import Session
from sandbox.demo.scenario import Scenario, make_scenario
from sandbox.demo.trace import Gaps, Trace
from tests.support.environments import make_settings

FIRST = datetime(2003, 3, 3, tzinfo=UTC)
BIN = timedelta(minutes=5)
SESSION = Session(opens=time(8), closes=time(10))


def scenario(*, gaps: Gaps = "unknown", days: int = 5) -> Scenario:
    """Two hours of demand on five weekdays, but for one bin on the second of them."""
    starts = [FIRST + timedelta(days=day, hours=8) + count * BIN for day in range(days) for count in range(24)]
    demand = {start: 100.0 for start in starts if start != FIRST + timedelta(days=1, hours=9)}
    trace = Trace("made up", "units", 300, demand, gaps, SESSION)
    return make_scenario(trace, make_settings(), vcpu_per_node=8, usd_per_node_hour=0.4)


def test_the_bins_before_are_the_last_of_the_history():
    shown = scenario()
    bins = list(shown.bins_before(timedelta(days=2)))
    assert (bins[0][0], bins[-1][1]) == (shown.start - timedelta(days=2), shown.start)
    assert len(bins) == 2 * 288
    assert all(end - start == BIN for start, end, _ in bins)
    assert next(iter(shown.bins())) == shown.start


def test_they_do_not_reach_beyond_the_history():
    shown = scenario()
    assert next(iter(shown.bins_before(timedelta(days=500))))[0] == shown.history_start


@pytest.mark.parametrize(("gaps", "missing"), [("unknown", None), ("zero", 0.0)])
def test_demand_is_known_where_the_session_is_closed(gaps: Gaps, missing: float | None):
    shown = scenario(gaps=gaps)
    assert shown.demand_vcpu(FIRST + timedelta(hours=8)) == pytest.approx(100 / shown.units_per_vcpu)
    assert shown.demand_vcpu(FIRST + timedelta(hours=11)) == 0
    assert shown.demand_vcpu(FIRST + timedelta(days=1, hours=9)) == missing


def statuses(shown: Scenario, moment: datetime, *, killed: bool = False) -> set[str]:
    return set(shown.expected(moment, killed=killed))


def test_each_bin_states_how_its_plan_may_end():
    shown = scenario()
    for moment in (start + BIN for start in shown.bins()):
        told = statuses(shown, moment)
        if shown.paused[0] <= moment < shown.paused[1]:
            assert told == {"paused"}
        elif shown.greedy[0] <= moment < shown.greedy[1]:
            assert told == {"blocked", "unchanged"}
        else:
            assert told == {"applied", "unchanged"}
        assert told < set(get_args(OutcomeStatus)) - {"failed", "unreadable", "drift", "stale", "locked"}


def test_what_a_kill_leaves_is_expected_in_its_own_bin_alone():
    shown = scenario()
    assert "busy" in statuses(shown, shown.kill_from, killed=True)
    assert "busy" not in statuses(shown, shown.kill_from + BIN)
    assert "failed" not in statuses(shown, shown.kill_from, killed=True)

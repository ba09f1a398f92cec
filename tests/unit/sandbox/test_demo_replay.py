"""The replay stops at the first thing that its scenario does not expect, and names it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import get_args

import pytest

from quantos.contracts.plan import OutcomeStatus, ResizeOutcome
from quantos.errors import CapacityError
from sandbox.demo.replay import Replay, UnexpectedOutcomeError
from sandbox.events.loop import Delivery
from tests.unit.sandbox.test_demo_scenario import BIN, scenario

BIN_END = datetime(2003, 3, 6, 9, tzinfo=UTC)


@dataclass
class Loop:
    """Stands for the loop: what it gave up."""

    abandoned: list[Delivery] = field(default_factory=list)


def outcome(status: OutcomeStatus) -> ResizeOutcome:
    return ResizeOutcome(
        stack="dev-capacity", plan_id="0123456789abcdef", sequence=1, status=status, reason="why", finished_at=BIN_END
    )


def held(moment: datetime, *outcomes: ResizeOutcome, killed: bool = False, loop: Loop | None = None) -> None:
    replay = SimpleNamespace(scenario=scenario(), loop=loop or Loop())
    Replay._hold_to_scenario(replay, moment, outcomes, killed=killed)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", sorted(set(get_args(OutcomeStatus)) - {"applied", "unchanged"}))
def test_an_outcome_that_is_not_expected_stops_the_demo_and_is_named_with_bin_reason_and_remedy(
    status: OutcomeStatus,
) -> None:
    with pytest.raises(UnexpectedOutcomeError, match=f"Thu 09:00 ended as {status}.*: why") as raised:
        held(BIN_END, outcome("applied"), outcome(status))
    assert "quantos explain 0123456789ab --sandbox" in raised.value.remedy


def test_what_the_scenario_states_is_expected() -> None:
    shown = scenario()
    held(BIN_END, outcome("applied"), outcome("unchanged"))
    held(shown.paused[0], outcome("paused"))
    held(shown.greedy[0], outcome("blocked"))
    held(BIN_END, outcome("busy"), killed=True)
    for moment in (shown.paused[1], shown.greedy[1], shown.paused[0] - BIN):
        with pytest.raises(UnexpectedOutcomeError):
            held(moment, outcome("paused"), outcome("blocked"))


def test_a_function_that_failed_for_good_stops_the_demo_with_its_own_remedy() -> None:
    error = CapacityError("no plan can be made", remedy="see to the table")
    lost = Delivery(
        function="forecast", trigger="dev-capacity", event={}, attempt=3, seconds=0.1, error=error, abandoned=True
    )
    with pytest.raises(UnexpectedOutcomeError, match=r"forecast failed for good.*no plan can be made") as raised:
        held(BIN_END + timedelta(minutes=5), loop=Loop([lost]))
    assert raised.value.remedy == "see to the table"

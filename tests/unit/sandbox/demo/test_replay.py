"""The replay stops at the first thing that its scenario does not expect, and names it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from types import SimpleNamespace
from typing import get_args
from unittest.mock import Mock

import pytest

from quantos.contracts.demand import DemandSample
from quantos.contracts.plan import OutcomeStatus, ResizeOutcome
from quantos.errors import CapacityError
from sandbox.demo.replay import Replay, UnexpectedOutcomeError
from sandbox.events.loop import Delivery
from tests.unit.sandbox.demo.test_scenario import BIN, scenario

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


class Bins(Replay):
    """A replay of nothing but outcomes, so many a bin."""

    def __init__(self, *ended: list[ResizeOutcome]) -> None:
        self.scenario, self.observations = scenario(), []
        self.loop, self.registry, self.pool = Mock(abandoned=[]), Mock(), Mock(**{"telemetry.return_value": []})
        self._ended, self._floor = chain(ended, repeat([])), 1

    def _publish(self, samples: list[DemandSample]) -> None: ...
    def _act_as_people(self, moment: datetime) -> None: ...

    def _saw_kill(self) -> bool:
        return False

    def _read_outcomes(self) -> list[bytes]:
        return [one.model_dump_json().encode() for one in next(self._ended)]

    def _read_plans(self) -> list[bytes]:
        return []


def test_no_bin_is_replayed_after_one_that_ended_as_nobody_expects() -> None:
    replay = Bins([outcome("unchanged")], [outcome("failed")])
    with pytest.raises(UnexpectedOutcomeError, match="ended as failed"):
        replay.run(lambda *_: None)
    assert len(replay.observations) == 1


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

"""The alarm on plans counts log lines by the outcomes that there are."""

from typing import get_args

from components.outcome_alarms import filter_pattern
from quantos.contracts.plan import OutcomeStatus
from stacks.control import BAD_OUTCOMES


def test_every_outcome_that_raises_an_alarm_exists() -> None:
    assert set(BAD_OUTCOMES) < set(get_args(OutcomeStatus))


def test_the_pattern_matches_any_of_the_statuses() -> None:
    assert filter_pattern(("drift", "failed")) == '{ ($.status = "drift") || ($.status = "failed") }'

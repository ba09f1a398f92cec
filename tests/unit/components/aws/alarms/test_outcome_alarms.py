"""The alarm on plans counts log lines by the outcomes that there are."""

from typing import get_args

from components.aws.alarms.outcome_alarms import filter_pattern
from quantos.contracts.plan import OutcomeStatus
from stacks.control_alarms import WATCHED_OUTCOMES


def test_every_outcome_that_raises_an_alarm_exists() -> None:
    watched = [status for each in WATCHED_OUTCOMES for status in each.statuses]
    assert set(watched) < set(get_args(OutcomeStatus))
    assert len(watched) == len(set(watched))


def test_a_state_that_cannot_be_loaded_has_an_alarm_that_says_how_to_mend_it() -> None:
    (alarm,) = (each for each in WATCHED_OUTCOMES if "unreadable" in each.statuses)
    assert alarm.statuses == ("unreadable",)
    assert "quantos state restore" in alarm.description


def test_the_pattern_matches_any_of_the_statuses() -> None:
    assert filter_pattern(("drift", "failed")) == '{ ($.status = "drift") || ($.status = "failed") }'

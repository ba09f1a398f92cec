"""The alarms on plans are on what a plan's end counts as."""

from quantos.observability.metric_names import FAULTS
from stacks.control_alarms import WATCHED_OUTCOMES


def test_every_end_that_is_a_fault_has_one_alarm() -> None:
    watched = [each.metric for each in WATCHED_OUTCOMES]
    assert sorted(watched) == sorted({metric.name for metric in FAULTS.values()})


def test_a_state_that_cannot_be_loaded_has_an_alarm_that_says_how_to_mend_it() -> None:
    (alarm,) = (each for each in WATCHED_OUTCOMES if each.metric == FAULTS["unreadable"].name)
    assert [status for status, metric in FAULTS.items() if metric.name == alarm.metric] == ["unreadable"]
    assert "quantos state restore" in alarm.description

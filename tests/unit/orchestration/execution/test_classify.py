"""An end is what somebody says who brought it about, else what an exit code can say alone."""

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.orchestration.execution.classify import ExitFacts, classify
from quantos.orchestration.execution.words import MOST_CHARACTERS

FACTS = st.builds(
    ExitFacts,
    exit_code=st.none() | st.integers(0, 255),
    signal=st.none() | st.integers(1, 70),
    stopped=st.booleans(),
    preempted=st.sampled_from(["", "the spot notice of its node"]),
    lost=st.sampled_from(["", "its node answers no more"]),
    not_started=st.sampled_from(["", "no image"]),
    limit=st.sampled_from(["", "ran longer than 60 s"]),
    fault=st.sampled_from(["", "model_uri is missing"]),
    said=st.sampled_from(["", "ValueError: no rows"]),
)


@pytest.mark.parametrize(
    ("facts", "end"),
    [
        pytest.param(ExitFacts(exit_code=0), "succeeded", id="zero"),
        pytest.param(ExitFacts(exit_code=0, fault="model_uri is missing"), "failure", id="zero-without-an-output"),
        pytest.param(ExitFacts(exit_code=1), "failure", id="its-own-code"),
        pytest.param(ExitFacts(exit_code=137), "unknown", id="137-alone"),
        pytest.param(ExitFacts(signal=signal.SIGKILL), "unknown", id="killed-by-nobody-known"),
        pytest.param(ExitFacts(exit_code=143), "unknown", id="143-alone"),
        pytest.param(ExitFacts(exit_code=137, preempted="spot notice"), "preempted", id="137-with-a-notice"),
        pytest.param(ExitFacts(exit_code=137, limit="more memory than 2 GiB"), "failure", id="137-for-memory"),
        pytest.param(ExitFacts(signal=signal.SIGKILL, lost="node gone"), "infrastructure", id="killed-with-its-node"),
        pytest.param(ExitFacts(signal=signal.SIGKILL, stopped=True), "cancelled", id="stopped"),
        pytest.param(ExitFacts(signal=signal.SIGSEGV), "failure", id="crashed"),
        pytest.param(ExitFacts(exit_code=139), "failure", id="crashed-below-a-shell"),
        pytest.param(ExitFacts(not_started="no such image"), "infrastructure", id="not-started"),
        pytest.param(ExitFacts(), "unknown", id="nobody-saw-it"),
    ],
)
def test_an_end_by_its_evidence(facts: ExitFacts, end: str) -> None:
    assert classify(facts)[0] == end


@given(FACTS)
def test_only_a_notice_makes_a_preemption_and_only_an_exit_of_zero_a_success(facts: ExitFacts) -> None:
    end, _ = classify(facts)
    assert end != "preempted" or facts.preempted
    assert end != "cancelled" or facts.stopped
    assert end != "infrastructure" or facts.lost or facts.not_started
    assert end != "succeeded" or (facts.exit_code == 0 and not facts.fault)


@given(FACTS)
def test_whatever_did_not_succeed_says_why(facts: ExitFacts) -> None:
    end, why = classify(facts)
    assert bool(why) == (end != "succeeded")


@given(st.text(), st.sampled_from(["said", "fault", "lost", "not_started", "limit", "preempted"]), st.integers(0, 3000))
def test_why_is_short_whoever_says_it(text: str, field: str, times: int) -> None:
    _, why = classify(ExitFacts(exit_code=0 if field == "fault" else 1, **{field: text * times}))
    assert len(why) <= MOST_CHARACTERS
    assert why.encode().decode() == why

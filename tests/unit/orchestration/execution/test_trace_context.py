"""A name stands for one trace and one span, in the form of the W3C."""

import re

from quantos.orchestration.execution.trace_context import span_id, trace_id, traceparent


def test_a_program_is_told_its_attempts_span_in_its_runs_trace() -> None:
    run, attempt = "alpha/bt-1/1", "alpha/bt-1/1/train/2"
    told = traceparent(run, attempt)
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", told)
    assert told == f"00-{trace_id(run)}-{span_id(attempt)}-01"


def test_names_differ_and_so_do_their_spans() -> None:
    assert len({span_id(f"alpha/bt-1/1/train/{attempt}") for attempt in range(100)}) == 100
    assert trace_id("alpha/bt-1/1") != trace_id("alpha/bt-1/2")

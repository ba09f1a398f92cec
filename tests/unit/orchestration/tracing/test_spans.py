"""A run and its attempts are one trace, whose ids anybody can tell, encoded as OpenTelemetry reads it."""

import base64
import json
import re

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from quantos.orchestration.protocol.rows import AttemptKey, Finished, RunKey
from quantos.orchestration.tracing.identity import span_id, trace_id, traceparent
from quantos.orchestration.tracing.otlp import document
from quantos.orchestration.tracing.spans import attempt_span, submission_span
from tests.support.runs import PLACEMENT, RUN, node, submission

KEY = AttemptKey(RUN, "n", 2)
ROW = node(attempt=2, state="running", placement=PLACEMENT)
ENDED = submission(ended="succeeded", ended_ms=9_000)


def test_ids_are_of_w3c_and_differ_by_what_they_are_of() -> None:
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", traceparent(KEY))
    keys = [KEY, RUN, AttemptKey(RUN, "n", 1), AttemptKey(RUN, "m", 2), RunKey("alpha", "x", 2)]
    assert len({span_id(key) for key in keys}) == len(keys)
    assert trace_id(RUN) != trace_id(RunKey("alpha", "x", 2))


def test_a_program_joins_the_span_of_its_attempt() -> None:
    from opentelemetry import trace

    context = TraceContextTextMapPropagator().extract({"traceparent": traceparent(KEY)})
    parent = trace.get_current_span(context).get_span_context()
    span = attempt_span(ENDED, ROW, Finished(KEY, "succeeded", started_ms=1, ended_ms=2))
    assert span is not None
    assert (f"{parent.trace_id:032x}", f"{parent.span_id:016x}") == (span.trace_id, span.span_id)
    assert parent.trace_flags.sampled


def test_an_attempt_is_a_child_of_its_run() -> None:
    run = submission_span(ENDED)
    attempt = attempt_span(ENDED, ROW, Finished(KEY, "failure", started_ms=5, ended_ms=7, detail="exit 3"))
    assert run is not None
    assert attempt is not None
    assert (attempt.trace_id, attempt.parent_span_id) == (run.trace_id, run.span_id)
    assert (run.start_ms, run.end_ms, run.error, run.parent_span_id) == (0, 9_000, None, None)
    assert (attempt.start_ms, attempt.end_ms, attempt.error) == (5, 7, "exit 3")
    wanted = {
        "quantos.team": "alpha", "quantos.submission_id": "x", "quantos.run": 1, "quantos.pipeline_id": "p",
        "quantos.node": "n", "quantos.attempt": 2, "quantos.pool": "cpu",
    }  # fmt: skip
    assert wanted.items() <= attempt.attributes.items()


def test_what_has_not_ended_or_never_ran_has_no_span() -> None:
    assert submission_span(submission()) is None
    assert attempt_span(ENDED, ROW, Finished(KEY, "cancelled", ended_ms=7)) is None


def test_spans_are_what_opentelemetry_reads() -> None:
    attempt = attempt_span(ENDED, ROW, Finished(KEY, "failure", started_ms=5, ended_ms=7, detail="exit 3"))
    assert attempt is not None
    told = json.loads(json.dumps(document([attempt], environment="dev")))
    (sent,) = told["resourceSpans"][0]["scopeSpans"][0]["spans"]
    for name in ("traceId", "spanId", "parentSpanId"):
        sent[name] = base64.b64encode(bytes.fromhex(sent[name])).decode()
    request = json_format.ParseDict(told, ExportTraceServiceRequest())
    (span,) = request.resource_spans[0].scope_spans[0].spans
    assert (span.trace_id.hex(), span.span_id.hex()) == (attempt.trace_id, attempt.span_id)
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (5_000_000, 7_000_000)
    assert (span.status.code, span.status.message) == (2, "exit 3")
    values = {each.key: each.value for each in span.attributes}
    assert values["quantos.attempt"].int_value == 2
    assert values["quantos.node"].string_value == "n"
    resource = {each.key: each.value.string_value for each in request.resource_spans[0].resource.attributes}
    assert resource == {"service.name": "quantos-orchestration", "deployment.environment.name": "dev"}

"""What an OpenTelemetry SDK sends arrives as it was sent, and so does what the platform sends."""

import gzip
import http.client
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.otlp_http import OtlpHttp
from quantos.orchestration.protocol.rows import AttemptKey, Finished
from quantos.orchestration.tracing.identity import trace_id, traceparent
from quantos.orchestration.tracing.spans import attempt_span, submission_span
from sandbox.errors import SandboxError
from sandbox.tracing.receiver import TraceFile, receiving
from sandbox.tracing.tree import lines_of, spans_of, tree_of
from tests.support.runs import PLACEMENT, RUN, node, submission

KEY = AttemptKey(RUN, "n", 1)
ROW = node(attempt=1, state="running", placement=PLACEMENT)
ENDED = submission(ended="succeeded", ended_ms=4_000_000_000_000)
PROTOBUF, JSON = "application/x-protobuf", "application/json"


def post(endpoint: str, body: bytes, path: str = "/v1/traces", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=5)
    connection.request("POST", path, body, {name.replace("_", "-"): text for name, text in headers.items()})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


class Posting(SpanExporter):
    """The SDK's own encoding over plain HTTP."""

    def __init__(self, endpoint: str, *, gzipped: bool) -> None:
        self.endpoint, self.gzipped = endpoint, gzipped

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        body = encode_spans(spans).SerializeToString()
        encoding = {"Content_Encoding": "gzip"} if self.gzipped else {}
        sent = gzip.compress(body) if self.gzipped else body
        assert post(self.endpoint, sent, Content_Type=PROTOBUF, **encoding) == (200, b"")
        return SpanExportResult.SUCCESS


@pytest.mark.parametrize("gzipped", [False, True])
def test_a_trace_with_spans_of_a_program_is_one_tree(tmp_path: Path, *, gzipped: bool) -> None:
    file = TraceFile(tmp_path / "traces.jsonl")
    with receiving(file) as endpoint:
        provider = TracerProvider(resource=Resource({"service.name": "trainer"}))
        provider.add_span_processor(SimpleSpanProcessor(Posting(endpoint, gzipped=gzipped)))
        tracer = provider.get_tracer("ray")
        context = TraceContextTextMapPropagator().extract({"traceparent": traceparent(KEY)})
        with (
            tracer.start_as_current_span("train", context=context) as train,
            tracer.start_as_current_span("epoch", attributes={"loss": 0.5, "n": 2**53 + 1, "ok": True, "of": ["a"]}),
        ):
            train.set_status(trace.StatusCode.ERROR, "diverged")
        message = Finished(KEY, "succeeded", started_ms=1, ended_ms=3_000_000_000_000)
        spans = [attempt_span(ENDED, ROW, message), submission_span(ENDED)]
        exporter = OtlpHttp(endpoint=endpoint, environment="dev")
        for _ in range(2):
            exporter.export([span for span in spans if span is not None])
        exporter.export([])
        provider.shutdown()
    kept = spans_of(file.path, trace_id(RUN))
    (root,) = tree_of(kept)
    (attempt,) = root.within
    (train_branch,) = attempt.within
    (epoch,) = train_branch.within
    assert [each.span.name for each in (root, attempt, train_branch, epoch)] == ["p", "n/1", "train", "epoch"]
    assert epoch.span.attributes == {"loss": 0.5, "n": 2**53 + 1, "ok": True, "of": ["a"]}
    assert (train_branch.span.status, train_branch.span.message) == (2, "diverged")
    assert (train_branch.span.scope, train_branch.span.resource["service.name"]) == ("ray", "trainer")
    assert attempt.span.attributes["quantos.pool"] == "cpu"
    lines = list(lines_of([root]))
    assert lines[0].startswith("p  4000000000.000 s  (quantos-orchestration, ")
    assert lines[2].startswith("    train  ")
    assert lines[2].endswith("(trainer, ray)  failed: diverged")


@pytest.mark.parametrize(
    ("body", "path", "headers", "status"),
    [
        pytest.param(b"{}", "/v1/metrics", {"Content_Type": JSON}, 404, id="another-path"),
        pytest.param(b"{}", "/v1/traces", {"Content_Type": "text/plain"}, 415, id="another-type"),
        pytest.param(b"{}", "/v1/traces", {"Content_Type": JSON, "Content_Encoding": "br"}, 415, id="encoding"),
        pytest.param(b"{", "/v1/traces", {"Content_Type": JSON}, 400, id="no-json"),
        pytest.param(b"[]", "/v1/traces", {"Content_Type": JSON}, 400, id="no-object"),
        pytest.param(b"[" * 100_000, "/v1/traces", {"Content_Type": JSON}, 400, id="deep"),
        pytest.param(b'{"resourceSpans": 3}', "/v1/traces", {"Content_Type": JSON}, 400, id="no-spans"),
        pytest.param(b"\xff\xff", "/v1/traces", {"Content_Type": PROTOBUF}, 400, id="no-protobuf"),
        pytest.param(b"x", "/v1/traces", {"Content_Type": JSON, "Content_Encoding": "gzip"}, 400, id="no-gzip"),
        pytest.param(b"{}", "/v1/traces", {"Content_Type": JSON, "Content_Length": "-1"}, 411, id="length"),
        pytest.param(b"{}", "/v1/traces", {"Content_Type": JSON, "Content_Length": "99999999"}, 413, id="too-long"),
        pytest.param(
            gzip.compress(b" " * 70_000_000, 1),
            "/v1/traces",
            {"Content_Type": JSON, "Content_Encoding": "gzip"},
            400,
            id="bomb",
        ),
    ],
)
def test_what_is_no_export_is_refused_and_keeps_nothing(
    tmp_path: Path, body: bytes, path: str, headers: dict[str, str], status: int
) -> None:
    file = TraceFile(tmp_path / "traces.jsonl")
    with receiving(file) as endpoint:
        assert post(endpoint, body, path, **headers)[0] == status
        assert post(endpoint, b'{"unknown": 1}', Content_Type=JSON) == (200, b"{}")
    assert file.path.read_text() == ""


def test_spans_of_many_at_a_time_are_whole_lines(tmp_path: Path) -> None:
    file = TraceFile(tmp_path / "traces.jsonl")
    span = submission_span(ENDED)
    assert span is not None
    with receiving(file) as endpoint:
        exporter = OtlpHttp(endpoint=endpoint, environment="dev")
        threads = [threading.Thread(target=exporter.export, args=([span] * 50,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = file.path.read_text().splitlines()
    assert len(lines) == 400
    assert all(json.loads(line)["trace_id"] == trace_id(RUN) for line in lines)
    assert len(spans_of(file.path, trace_id(RUN))) == 1


def test_a_collector_that_is_not_there_is_an_error() -> None:
    span = submission_span(ENDED)
    assert span is not None
    with pytest.raises(OrchestrationError, match="did not answer"):
        OtlpHttp(endpoint="http://127.0.0.1:1", environment="dev").export([span])


def test_a_port_that_is_taken_and_a_file_that_is_none_are_errors(tmp_path: Path) -> None:
    with (
        receiving(TraceFile(tmp_path / "t")) as endpoint,
        pytest.raises(SandboxError, match="cannot be had"),
        receiving(TraceFile(tmp_path / "u"), port=int(endpoint.rpartition(":")[2])),
    ):
        pass
    with pytest.raises(SandboxError, match="is no file of spans"):
        spans_of(tmp_path / "nothing", "00")
    (tmp_path / "odd").write_text('{"trace_id": "00"}\n')
    with pytest.raises(SandboxError, match="is no file of spans"):
        spans_of(tmp_path / "odd", "00")


def test_a_line_that_is_not_whole_yet_is_left_out_and_an_orphan_stands_at_the_top(tmp_path: Path) -> None:
    file = TraceFile(tmp_path / "traces.jsonl")
    message = Finished(KEY, "succeeded", started_ms=1, ended_ms=2)
    with receiving(file) as endpoint:
        OtlpHttp(endpoint=endpoint, environment="dev").export([attempt_span(ENDED, ROW, message)])
    file.path.write_text(file.path.read_text() + '{"trace_id": "' + trace_id(RUN))
    (branch,) = tree_of(spans_of(file.path, trace_id(RUN)))
    assert branch.span.name == "n/1"

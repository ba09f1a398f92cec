"""What is posted to an OTLP receiver, as one span a line of JSON."""

import base64
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import JsonValue

from sandbox.errors import SandboxError

JSON: Final = "application/json"
PROTOBUF: Final = "application/x-protobuf"
MOST_BYTES: Final = 64 * 1024 * 1024
"""Of a body once it is unpacked."""
_IDS: Final = ("traceId", "spanId", "parentSpanId")
_GZIP: Final = 31


def request_of(body: bytes, *, content_type: str, gzipped: bool) -> ExportTraceServiceRequest:
    """The request that a body is.

    Raises:
        SandboxError: it is none.
    """
    try:
        text = _unpacked(body) if gzipped else body
        return ExportTraceServiceRequest.FromString(text) if content_type == PROTOBUF else _of_json(text)
    except (DecodeError, json_format.ParseError, ValueError, zlib.error, RecursionError) as exc:
        raise SandboxError(f"these are no spans: {exc}", remedy="send what OTLP/HTTP says") from exc


def span_lines(request: ExportTraceServiceRequest) -> Iterator[str]:
    """Each span with its resource and scope."""
    for of_resource in request.resource_spans:
        resource = _plain(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield json.dumps({**_span(span), "scope": of_scope.scope.name, "resource": resource})


def _span(span: Span) -> dict[str, JsonValue]:
    return {
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        "parent_span_id": span.parent_span_id.hex() or None,
        "name": span.name,
        "start_ns": span.start_time_unix_nano,
        "end_ns": span.end_time_unix_nano,
        "status": span.status.code,
        "message": span.status.message,
        "attributes": _plain(span.attributes),
        "events": [
            {"name": event.name, "at_ns": event.time_unix_nano, "attributes": _plain(event.attributes)}
            for event in span.events
        ],
    }


def _plain(attributes: Iterable[KeyValue]) -> dict[str, JsonValue]:
    return {attribute.key: _value(attribute.value) for attribute in attributes}


def _value(value: AnyValue) -> JsonValue:
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case "array_value":
            return [_value(each) for each in value.array_value.values]
        case "kvlist_value":
            return _plain(value.kvlist_value.values)
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
    return None


def _of_json(text: bytes) -> ExportTraceServiceRequest:
    document = _with_encoded_ids(json.loads(text))
    if not isinstance(document, dict):
        raise ValueError("not an object")  # noqa: TRY004 - it is what was sent that is wrong
    return json_format.ParseDict(document, ExportTraceServiceRequest(), ignore_unknown_fields=True)


def _unpacked(body: bytes) -> bytes:
    inflater = zlib.decompressobj(_GZIP)
    text = inflater.decompress(body, MOST_BYTES)
    if inflater.unconsumed_tail or not inflater.eof:
        raise ValueError(f"a body is whole, and at most {MOST_BYTES} bytes")
    return text


def _with_encoded_ids(document: JsonValue) -> JsonValue:
    """OTLP's JSON has ids in hex, that of Protocol Buffers in base64."""
    if isinstance(document, list):
        return [_with_encoded_ids(each) for each in document]
    if not isinstance(document, dict):
        return document
    return {
        name: base64.b64encode(bytes.fromhex(value)).decode()
        if name in _IDS and isinstance(value, str)
        else _with_encoded_ids(value)
        for name, value in document.items()
    }

"""Spans of a program, below the attempt that it runs for; nothing where nobody takes them."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

EXPORT_SECONDS = 2
_PROPAGATOR = TraceContextTextMapPropagator()


@contextmanager
def span(name: str, *, parent: str = "", **attributes: str | float) -> Iterator[str]:
    """A span around a block; yields what a child of it in another process takes for its parent.

    It is a child of the span around it, else of `parent`, else of TRACEPARENT.
    """
    around = trace.get_current_span().get_span_context()
    above = {"traceparent": parent or os.environ.get("TRACEPARENT", "")}
    context = None if around.is_valid and not parent else _PROPAGATOR.extract(above)
    with _tracer().start_as_current_span(name, context=context, attributes=_attributes(attributes)):
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        yield carrier.get("traceparent", "")


def _attributes(attributes: Mapping[str, str | int | float]) -> dict[str, str | int | float]:
    of_call = {
        "quantos.submission_id": os.environ.get("QUANTOS_SUBMISSION_ID", ""),
        "quantos.io/node": os.environ.get("QUANTOS_NODE", ""),
    }
    return {**of_call, **attributes}


@cache
def _tracer() -> trace.Tracer:
    """This process's; each span is sent as it ends, as processes of Ray's tasks are ended without a word."""
    provider = TracerProvider(resource=Resource.create({"service.name": os.environ.get("QUANTOS_NODE", "program")}))
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(timeout=EXPORT_SECONDS)))
    return provider.get_tracer("quantos.program")

"""Which trace an attempt belongs to, derived from its name: whoever asks names the same spans."""

import hashlib

_TRACE_DIGITS = 32
_SPAN_DIGITS = 16


def trace_id(run: str) -> str:
    """The trace of a run, 32 hex digits."""
    return _digits("trace", run, most=_TRACE_DIGITS)


def span_id(name: str) -> str:
    """The span of a run or an attempt, by its name, 16 hex digits."""
    return _digits("span", name, most=_SPAN_DIGITS)


def traceparent(run: str, attempt: str) -> str:
    """What an attempt's program is told, so that its spans are children of the attempt's (W3C Trace Context)."""
    return f"00-{trace_id(run)}-{span_id(attempt)}-01"


def _digits(kind: str, name: str, *, most: int) -> str:
    return hashlib.sha256(f"{kind} {name}".encode()).hexdigest()[:most]

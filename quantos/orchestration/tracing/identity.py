"""Ids of traces and spans, which follow from what they are of: whoever starts something knows them without asking.

Source: W3C Trace Context, https://www.w3.org/TR/trace-context/#traceparent-header
"""

import hashlib

from quantos.orchestration.protocol.rows import AttemptKey, RunKey


def trace_id(run: RunKey) -> str:
    """Of a run: 32 digits in hex."""
    return _digest(f"trace/{run}")[:32]


def span_id(key: RunKey | AttemptKey) -> str:
    """Of a run as a whole, or of an attempt: 16 digits in hex."""
    return _digest(f"span/{key}")[:16]


def traceparent(attempt: AttemptKey) -> str:
    """What the program of an attempt is given, so that its spans are children of the attempt's."""
    return f"00-{trace_id(attempt.run)}-{span_id(attempt)}-01"


def _digest(text: str) -> str:
    """One that starts with zeros only is as likely as that two are the same."""
    return hashlib.sha256(text.encode()).hexdigest()

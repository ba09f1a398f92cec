"""One request that sends something, and its answer."""

from collections.abc import Mapping
from typing import Final

import urllib3
from urllib3.exceptions import HTTPError

from quantos.errors import OrchestrationError
from quantos.translation import Vendor, translated

HTTP: Final = Vendor(raises=(HTTPError, OSError, ValueError))
_OK: Final = range(200, 300)
_TRANSIENT: Final = frozenset({429, 502, 503, 504})
_LONGEST_REASON: Final = 500


def post(url: str, body: bytes, *, headers: Mapping[str, str], timeout_seconds: float) -> bytes:
    """Send a body, and return the answer's; nothing is tried twice. What is secret stands in a header or the query.

    Raises:
        OrchestrationError: nobody answered, or not with success; retryable where a moment later may do better.
    """
    shown = url.partition("?")[0]
    remedy = "See that it runs and is named right."
    if not url.startswith(("http://", "https://")):
        raise OrchestrationError(f"{shown!r} is no address over HTTP", remedy=remedy)
    with translated(HTTP, into=OrchestrationError, what=f"{shown} did not answer", remedy=remedy):
        answer = urllib3.request(
            "POST", url, body=body, headers=dict(headers), timeout=timeout_seconds, retries=False, redirect=False
        )
    if answer.status not in _OK:
        reason = answer.data[:_LONGEST_REASON].decode(errors="replace").strip()
        raise OrchestrationError(
            f"{shown} answered {answer.status}: {reason}", remedy=remedy, retryable=answer.status in _TRANSIENT
        )
    return answer.data

"""The HTTP API on loopback, before the same functions as in AWS: routes, tokens and scopes are checked as there.

Throttles and mutual TLS are not; one request at a time is handed to a function, as one instance of it takes them.
"""

import base64
import json
import logging
import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer
from typing import Final

from quantos.environment.functions import HTTP_ROUTES
from quantos.errors import AccessError
from sandbox.api.requests import HttpRequest, MatchedRoute, http_event, matched
from sandbox.api.tokens import TokenIssuer
from sandbox.events.events import Account, Event, local_context
from sandbox.events.loop import LocalFunction

_LOG: Final = logging.getLogger(__name__)
MOST_BODY: Final = 6 * 2**20
"""What Lambda takes."""


@dataclass(frozen=True)
class HttpAnswer:
    """What goes back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Gateway:
    """Answers requests by functions, by name."""

    functions: Mapping[str, LocalFunction]
    issuer: TokenIssuer
    account: Account
    clock: Callable[[], datetime]
    _turns: dict[str, threading.Lock] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._turns = {name: threading.Lock() for name in self.functions}

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """The answer to a request, in the gateway's own form where no function is asked."""
        match = matched(request, HTTP_ROUTES)
        if match is None or match.route.function not in self.functions:
            return _refused(HTTPStatus.NOT_FOUND, "Not Found")
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            claims = self.issuer.claims(token.strip() if kind.lower() == "bearer" else "")
        except AccessError:
            return _refused(HTTPStatus.UNAUTHORIZED, "Unauthorized")
        if match.route.scope and match.route.scope not in str(claims.get("scope", "")).split():
            return _refused(HTTPStatus.FORBIDDEN, "Forbidden")
        request_id = str(uuid.uuid4())
        event = http_event(request, match, claims, request_id=request_id, now=self.clock())
        return self._invoke(match, event)

    def _invoke(self, match: MatchedRoute, event: Event) -> HttpAnswer:
        function = self.functions[match.route.function]
        spec = function.spec
        context = local_context(spec.name, account=self.account, invocation=1, timeout_seconds=spec.timeout_seconds)
        try:
            with self._turns[spec.name]:
                result = function.handler(json.loads(json.dumps(event)), context.as_lambda_context())
        except Exception:  # API Gateway says no more of a function that failed.
            _LOG.exception("%s failed", spec.name)
            return _refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error")
        return _answered(result)


class _Handler(BaseHTTPRequestHandler):
    """Hands requests to a gateway."""

    protocol_version = "HTTP/1.1"

    def __init__(self, request: socket.socket, client: object, server: BaseServer, *, gateway: Gateway) -> None:
        self._gateway = gateway
        super().__init__(request, client, server)

    def _do(self) -> None:
        text = self.headers.get("content-length") or "0"
        length = int(text) if text.isascii() and text.isdigit() else None
        if length is None or length > MOST_BODY:
            self._send(_refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large"))
            self.close_connection = True
            return
        request = HttpRequest(
            method=self.command,
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
            source=str(self.client_address[0]),
        )
        self._send(self._gateway.answer(request))

    do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815  names that http.server looks up

    def _send(self, answer: HttpAnswer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
        """Requests are told by the functions' own log."""


@contextmanager
def serving(gateway: Gateway, *, port: int = 0) -> Iterator[str]:
    """Serve on loopback while the block runs; the value is its address."""
    server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Handler, gateway=gateway))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _refused(status: HTTPStatus, message: str) -> HttpAnswer:
    return HttpAnswer(status, {"content-type": "application/json"}, json.dumps({"message": message}).encode())


def _answered(result: object) -> HttpAnswer:
    if not isinstance(result, dict) or "statusCode" not in result:
        return _refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error")
    text = str(result.get("body") or "")
    body = base64.b64decode(text) if result.get("isBase64Encoded") else text.encode()
    headers = {str(name).lower(): str(value) for name, value in (result.get("headers") or {}).items()}
    return HttpAnswer(int(result["statusCode"]), headers, body)

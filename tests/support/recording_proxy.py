"""A way to the sandbox that writes down every request, whichever process makes it."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import urlsplit

from tests.support.granted_calls import Request

_OWN = {"connection", "transfer-encoding", "keep-alive"}
"""Headers of one connection, not of what goes over it."""


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = urlsplit(behind)
        self.requests: list[Request] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        proxy = cast("_Proxy", self.server)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = dict(self.headers.items())
        proxy.requests.append(Request(self.command, f"http://{headers['Host']}{self.path}", headers, body))
        behind = http.client.HTTPConnection(proxy.behind.hostname or "", proxy.behind.port)
        behind.request(self.command, self.path, body=body, headers=headers)
        answer = behind.getresponse()
        content = answer.read()
        behind.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OWN | {"content-length"} or (name.lower() == "content-length" and not content):
                self.send_header(name, value)
        if content:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._pass_on
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002  named by the standard library


@contextmanager
def recording_proxy(behind: str) -> Iterator[tuple[str, list[Request]]]:
    """A URL in front of `behind`, and the requests that came by it so far."""
    server = _Proxy(behind)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.requests
    finally:
        server.shutdown()
        server.server_close()

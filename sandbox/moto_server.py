"""The moto server as a process: every AWS service that the sandbox has, on one loopback port.

Run as `python -m sandbox.moto_server PORT_FILE`: takes a free port, writes it to PORT_FILE once it accepts
connections, and serves until it is ended.
"""

from __future__ import annotations

import functools
import gc
import io
import socket
import sys
import threading
from collections.abc import MutableMapping
from contextlib import nullcontext
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import IO, TYPE_CHECKING, Final, cast
from wsgiref.handlers import SimpleHandler
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

    from moto.server import DomainDispatcherApplication

LONGEST_REQUEST_LINE_BYTES = 65536
_SCOPE_PARTS: Final = 5
_ALONE: Final = {"dynamodb": threading.Lock(), "iam": threading.Lock()}
"""One request at a time of these: moto's transactions are not isolated from each other, as AWS's are, and a look for a
role fails while another is made.
"""


class KeptAliveServer(ThreadingMixIn, WSGIServer):
    """One thread a connection."""

    daemon_threads = True
    request_queue_size = 128


class KeptAliveHandler(WSGIRequestHandler):
    """Serves one connection for as long as its client keeps it.

    werkzeug's own server closes each connection after one answer; to clients that make thousands of calls, connecting
    is half of each.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    handle = BaseHTTPRequestHandler.handle

    def __init__(
        self,
        request: socket.socket,
        client_address: tuple[str, int],
        server: KeptAliveServer,
        *,
        application: WSGIApplication,
    ) -> None:
        self._application = application
        super().__init__(request, client_address, server)

    def handle_one_request(self) -> None:
        """Read one request to its end, and answer it in one piece; one whose client died over it is none."""
        self.raw_requestline = self.rfile.readline(LONGEST_REQUEST_LINE_BYTES)
        if not self.raw_requestline or not self.parse_request() or (body := self._body()) is None:
            self.close_connection = True
            return
        out = cast("IO[bytes]", self.wfile)
        answer = _Answer(io.BytesIO(body), out, sys.stderr, self.get_environ())
        with _ALONE.get(_signed_for(self.headers.get("Authorization", ""))) or nullcontext():
            answer.run(self._application)
        self.wfile.flush()

    def handle_expect_100(self) -> bool:
        """Let a client that asks first go on at once."""
        allowed = super().handle_expect_100()
        self.wfile.flush()
        return allowed

    def get_environ(self) -> WSGIEnvironment:
        """The request as WSGI has it, and nothing that was not sent; `RAW_URI` is the path before it was unquoted."""
        environ = {**super().get_environ(), "RAW_URI": self.path, "wsgi.input_terminated": True}
        if "Content-Type" not in self.headers:
            del environ["CONTENT_TYPE"]
        return environ

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the base class's
        """Say nothing of answered requests."""

    def _body(self) -> bytes | None:
        """The whole body; None where the connection ended within it."""
        from werkzeug.serving import DechunkedInput  # noqa: PLC0415  moto brings it

        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            try:
                return DechunkedInput(cast("IO[bytes]", self.rfile)).read()
            except OSError:
                return None
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        return body if len(body) == length else None


def _signed_for(authorization: str) -> str:
    """The service of a signature (`Credential=KEY/DATE/REGION/SERVICE/aws4_request`); "" where there is none."""
    parts = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    return parts[3] if len(parts) == _SCOPE_PARTS else ""


class _Answer(SimpleHandler):
    """An answer with its length, so that the next request can follow it."""

    http_version = "1.1"
    os_environ: MutableMapping[str, str] = {}

    def finish_response(self) -> None:
        """Send everything as one block, whose length is then stated."""
        try:
            whole = b"" if self.base_env["REQUEST_METHOD"] == "HEAD" else b"".join(self.result)
        finally:
            if close := getattr(self.result, "close", None):
                close()
        self.result = [whole]
        super().finish_response()


def _load_ahead() -> None:
    """Load what every environment asks for first, beside whatever the caller does before it asks."""
    from moto.backends import get_backend  # noqa: PLC0415  as above
    from moto.core import DEFAULT_ACCOUNT_ID  # noqa: PLC0415

    get_backend("ec2")
    get_backend("iam")[DEFAULT_ACCOUNT_ID]["aws"]


def remember_hosts(application: DomainDispatcherApplication) -> None:
    """Let each host be looked up once: moto lists its own folder for it, a third of what a request takes."""
    vars(application)["get_backend_for_host"] = functools.cache(application.get_backend_for_host)


def remember_methods() -> None:
    """Let the methods of each service be listed once: moto goes through the class for every request."""
    from moto.core import responses  # noqa: PLC0415  a second to import

    vars(responses)["method_names_from_class"] = functools.cache(responses.method_names_from_class)


def _collect_rarely() -> None:
    """Keep the garbage collector from what is loaded by now, none of which becomes garbage."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def main(port_file: Path) -> None:
    """Serve every service by one thread a connection."""
    from moto.server import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415  a second to import

    application = DomainDispatcherApplication(create_backend_app)
    remember_hosts(application)
    remember_methods()
    _collect_rarely()
    server = KeptAliveServer(("127.0.0.1", 0), partial(KeptAliveHandler, application=application))
    unfinished = port_file.with_suffix(".partial")
    unfinished.write_text(f"{server.server_port}\n", encoding="utf-8")
    unfinished.replace(port_file)
    threading.Thread(target=_load_ahead, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""A receiver of OTLP/HTTP on loopback, which appends spans to a file; it stands for the collector of a cluster."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from sandbox.errors import SandboxError
from sandbox.tracing.decoding import JSON, PROTOBUF, request_of, span_lines

PATH: Final = "/v1/traces"
MOST_POSTED: Final = 16 * 1024 * 1024
_POLL_SECONDS: Final = 0.05


@dataclass(frozen=True)
class TraceFile:
    """Spans, one a line, in the order in which they came; several threads may append."""

    path: Path
    lock: threading.Lock = field(default_factory=threading.Lock)

    def append(self, lines: Sequence[str]) -> None:
        """Add lines, all of them in one write. Raises SandboxError."""
        text = "".join(f"{line}\n" for line in lines)
        try:
            with self.lock, self.path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as exc:
            raise SandboxError(f"spans cannot be kept: {exc}", remedy="make room, or start the sandbox anew") from exc


@contextmanager
def receiving(file: TraceFile, *, port: int = 0) -> Iterator[str]:
    """Take spans while the block lasts, at the endpoint given; port 0 is any that is free. Raises SandboxError."""
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), _handler(file))
    except OSError as exc:
        raise SandboxError(f"port {port} cannot be had for traces: {exc}", remedy="name another port, or 0") from exc
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": _POLL_SECONDS}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(file: TraceFile) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_POST(self) -> None:
            """Take spans."""
            status = _refusal(self.path, self.headers)
            if status is None:
                status = _taken(file, self.rfile.read(int(self.headers["Content-Length"])), self.headers)
            protobuf = status is HTTPStatus.OK and self.headers.get_content_type() == PROTOBUF
            body = b"" if protobuf else b"{}"
            self.close_connection = status is not HTTPStatus.OK
            self.send_response(status)
            self.send_header("Content-Type", PROTOBUF if protobuf else JSON)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            """Say nothing."""

    return Handler


def _refusal(path: str, headers: Message) -> HTTPStatus | None:
    """Why a request is not read, None where it is."""
    length = headers.get("Content-Length", "")
    if path != PATH:
        return HTTPStatus.NOT_FOUND
    if not length.isascii() or not length.isdecimal():
        return HTTPStatus.LENGTH_REQUIRED
    if int(length) > MOST_POSTED:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if headers.get_content_type() not in {JSON, PROTOBUF} or _encoding(headers) not in {"identity", "gzip"}:
        return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    return None


def _taken(file: TraceFile, body: bytes, headers: Message) -> HTTPStatus:
    gzipped = _encoding(headers) == "gzip"
    try:
        lines = list(span_lines(request_of(body, content_type=headers.get_content_type(), gzipped=gzipped)))
    except SandboxError:
        return HTTPStatus.BAD_REQUEST
    try:
        file.append(lines)
    except SandboxError:
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.OK


def _encoding(headers: Message) -> str:
    return headers.get("Content-Encoding", "identity")

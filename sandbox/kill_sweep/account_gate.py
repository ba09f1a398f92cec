"""The account and the bus of a run behind one address: moto's server, with every call that changes something gated."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import parse_qs, urlsplit

from quantos.messaging.adapters.memory import MemoryBus
from quantos.messaging.ports import Message
from sandbox.kill_sweep.gate import Gate, KilledError
from sandbox.kill_sweep.moments import steady_name
from sandbox.moto_server import KeptAliveHandler, KeptAliveServer

if TYPE_CHECKING:
    from socket import socket
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

BUS: Final = "/_bus/"
"""Path of a topic: POST publishes a record, GET lists what waits, PUT takes it; no AWS service answers there."""

GROUP: Final = "sweep"

_READS: Final = (
    "BatchGet",
    "Decrypt",
    "Describe",
    "Encrypt",
    "Generate",
    "Get",
    "Head",
    "List",
    "Query",
    "Scan",
    "TransactGet",
    "Verify",
)
_UNKNOWN: Final = "account"


class GatedServer(KeptAliveServer):
    """Serves moto and a bus on a free port of loopback.

    Attributes:
        gate: of the run under way, if there is one.
        gate_of: the gate that a request has to pass.
        name_of: names what a request changes.
    """

    def __init__(self, application: "WSGIApplication", bus: MemoryBus) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Handler, application=application))
        self.bus = bus
        self.gate: Gate | None = None
        self.gate_of: Callable[[WSGIEnvironment], Gate | None] = lambda _environ: self.gate
        self.name_of: Callable[[WSGIEnvironment], str | None] = change

    @property
    def url(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(KeptAliveHandler):
    """One connection."""

    def __init__(
        self,
        request: "socket",
        client_address: tuple[str, int],
        server: GatedServer,
        *,
        application: "WSGIApplication",
    ) -> None:
        self._strike: Callable[[], None] | None = None
        self._moto = application
        super().__init__(request, client_address, server, application=self._answer)

    def handle_one_request(self) -> None:
        """Answer one request; where the run has to die after it, it dies once the answer is out."""
        super().handle_one_request()
        strike, self._strike = self._strike, None
        if strike is not None:
            strike()

    def _answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        server = cast("GatedServer", self.server)
        gate = server.gate_of(environ)
        if gate is not None and gate.struck:
            raise ConnectionAbortedError
        name = None if gate is None else server.name_of(environ)
        if gate is None or name is None:
            return self._served(server, environ, start_response)
        try:
            phase = gate.enter(name)
        except KilledError as exc:
            raise ConnectionAbortedError from exc
        if phase == "in":
            gate.strike()
        elif phase == "after":
            self._strike = gate.strike
        return self._served(server, environ, start_response)

    def _served(
        self, server: GatedServer, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith(BUS):
            return self._moto(environ, start_response)
        topic = environ["PATH_INFO"].removeprefix(BUS)
        said = json.loads(_body(environ) or b"{}")
        answer: object = None
        if environ["REQUEST_METHOD"] == "GET":
            answer = waiting(server.bus, topic)
        elif environ["REQUEST_METHOD"] == "PUT":
            server.bus.commit(GROUP, topic, partition=0, offset=said["offset"])
        else:
            server.bus.publish([Message(topic, said["key"], said["value"].encode())])
        start_response(f"{HTTPStatus.OK.value} {HTTPStatus.OK.phrase}", [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]


def waiting(bus: MemoryBus, topic: str) -> list[dict[str, str | int]]:
    """Records of a topic of one partition that nobody has taken for good yet."""
    offset = bus.committed(GROUP, topic, partition=0)
    records = bus.read(topic, 0, offset=offset, limit=sys.maxsize)
    return [{"offset": record.offset, "key": record.key.decode(), "value": record.value.decode()} for record in records]


def change(environ: "WSGIEnvironment") -> str | None:
    """What a request changes, in words that are the same in every run; None when it only reads.

    A request that is not known to read counts as a change.
    """
    path, body = environ["PATH_INFO"], _body(environ)
    if path.startswith(BUS):
        verb = {"POST": "publish", "PUT": "commit"}.get(environ["REQUEST_METHOD"])
        return verb and f"{verb} {path.removeprefix(BUS)}"
    service = _service(environ)
    if target := environ.get("HTTP_X_AMZ_TARGET", ""):
        operation = target.rpartition(".")[2]
        said = json.loads(body or b"{}")
        return None if operation.startswith(_READS) else _words(service, operation, *_subject(said))
    content = environ.get("CONTENT_TYPE", "")
    if environ["REQUEST_METHOD"] == "POST" and content.startswith("application/x-www-form-urlencoded"):
        operation = parse_qs(body.decode()).get("Action", [""])[0]
        return None if operation.startswith(_READS) else _words(service, operation)
    if environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
        return None
    return _words(service, environ["REQUEST_METHOD"], urlsplit(path).path)


def _subject(said: Mapping[str, object]) -> Iterable[str]:
    """Table, keys and expression of a DynamoDB request, the same of the parts of a transaction; others' names."""
    tables = said.get("RequestItems")
    yield from tables if isinstance(tables, dict) else [str(said.get("TableName", ""))]
    parts = said.get("TransactItems")
    for part in parts if isinstance(parts, list) else ():
        for verb, inner in part.items():
            yield from (verb, *_subject(inner))
    key = said.get("Key", said.get("Item"))
    if isinstance(key, dict):
        yield "/".join(str(value["S"]) for name, value in sorted(key.items()) if name in {"pk", "sk"} and "S" in value)
    yield str(said.get("UpdateExpression", ""))


def _words(*words: str) -> str:
    return steady_name(" ".join(word for word in words if word))


def _service(environ: "WSGIEnvironment") -> str:
    """The service that a signed request is for."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0].split("/")
    return scope[3] if len(scope) > 3 else _UNKNOWN


def _body(environ: "WSGIEnvironment") -> bytes:
    return cast("BytesIO", environ["wsgi.input"]).getvalue()

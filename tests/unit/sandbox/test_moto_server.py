"""The server that moto runs in: one connection, many requests, of every shape that SDKs send."""

import http.client
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import moto.backends
import pytest
from botocore.exceptions import ClientError
from moto.core import responses
from moto.dynamodb.models import DynamoDBBackend
from moto.server import DomainDispatcherApplication, create_backend_app

from sandbox.moto_server import KeptAliveHandler, KeptAliveServer, remember_hosts, remember_methods

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def echo(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Says what arrived, in two blocks."""
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Type", environ.get("CONTENT_TYPE", "none"))])
    return [f"{environ['REQUEST_METHOD']} {environ['RAW_URI']} ".encode(), body]


@contextmanager
def serving(application: "WSGIApplication") -> Iterator[int]:
    """The port of a server, while the block runs."""
    server = KeptAliveServer(("127.0.0.1", 0), partial(KeptAliveHandler, application=application))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def connection() -> Iterator[http.client.HTTPConnection]:
    with serving(echo) as port:
        connected = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            yield connected
        finally:
            connected.close()


def test_one_connection_serves_request_after_request(connection: http.client.HTTPConnection):
    connection.connect()
    first = connection.sock
    for number in range(3):
        connection.request("POST", f"/a%2Fb?n={number}", body=b"x" * number, headers={"Content-Type": "text/x"})
        answer = connection.getresponse()
        assert answer.read() == f"POST /a%2Fb?n={number} ".encode() + b"x" * number
        assert answer.headers["X-Type"] == "text/x"
    assert connection.sock is first


def test_a_content_type_that_was_not_sent_is_not_made_up(connection: http.client.HTTPConnection):
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    assert answer.headers["X-Type"] == "none"


def test_a_body_in_chunks_is_read_to_its_end(connection: http.client.HTTPConnection):
    connection.request("PUT", "/", body=iter([b"one ", b"two"]), encode_chunked=True)
    assert connection.getresponse().read() == b"PUT / one two"
    connection.request("GET", "/next")
    assert connection.getresponse().read() == b"GET /next "


@pytest.mark.parametrize(
    "cut_off",
    [
        b"Content-Length: 10\r\n\r\n",
        b"Content-Length: 10\r\n\r\nabc",
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ],
)
def test_a_request_whose_client_died_over_it_is_not_served(connection: http.client.HTTPConnection, cut_off: bytes):
    with socket.create_connection((connection.host, connection.port), timeout=10) as raw:
        raw.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\n" + cut_off)
        raw.shutdown(socket.SHUT_WR)
        assert raw.recv(1000) == b""


def test_the_answer_to_head_has_no_body(connection: http.client.HTTPConnection):
    connection.request("HEAD", "/")
    assert connection.getresponse().read() == b""
    connection.request("GET", "/next")
    assert connection.getresponse().read() == b"GET /next "


def test_a_client_that_asks_first_is_let_go_on_at_once(connection: http.client.HTTPConnection):
    with socket.create_connection((connection.host, connection.port), timeout=10) as raw:
        raw.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 100 Continue")
        raw.sendall(b"abc")
        assert raw.recv(1000).endswith(b"PUT / abc")


def test_a_host_is_looked_up_once(monkeypatch: pytest.MonkeyPatch):
    looked: list[str] = []
    monkeypatch.setattr(moto.backends, "list_of_moto_modules", lambda: looked.append("again") or ("s3", "dynamodb"))
    application = DomainDispatcherApplication(create_backend_app)
    remember_hosts(application)

    found = [application.get_backend_for_host(host) for host in ("dynamodb", "s3", "dynamodb", "s3")]

    assert found == ["dynamodb", "s3", "dynamodb", "s3"]
    assert len(looked) == 2


def test_the_methods_of_a_service_are_listed_once(monkeypatch: pytest.MonkeyPatch):
    listed: list[type] = []
    monkeypatch.setattr(responses, "method_names_from_class", lambda service: listed.append(service) or ["put"])
    remember_methods()

    found = [responses.method_names_from_class(service) for service in (dict, list, dict)]

    assert found == [["put"]] * 3
    assert listed == [dict, list]


def test_of_two_transactions_one_that_is_refused_takes_nothing_back_of_the_other(monkeypatch: pytest.MonkeyPatch):
    """Moto undoes a refused transaction by the table as it was before it, whoever wrote to it meanwhile."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    begun, other_is_over, put_item = threading.Event(), threading.Event(), DynamoDBBackend.put_item

    def slow_put(backend: DynamoDBBackend, table: str, attributes: dict[str, Any], **more: Any) -> Any:
        if attributes["pk"] == {"S": "slow"}:
            begun.set()
            other_is_over.wait(0.5)
        return put_item(backend, table, attributes, **more)

    monkeypatch.setattr(DynamoDBBackend, "put_item", slow_put)
    with serving(DomainDispatcherApplication(create_backend_app)) as port:
        client = boto3.client("dynamodb", "us-east-1", endpoint_url=f"http://127.0.0.1:{port}")
        client.create_table(
            TableName="isolated",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        try:
            refused = threading.Thread(target=_transact, args=(client, "slow", "absent"))
            refused.start()
            assert begun.wait(10)
            assert _transact(client, "other")
            other_is_over.set()
            refused.join()
            items = client.scan(TableName="isolated")["Items"]
        finally:
            client.delete_table(TableName="isolated")
    assert items == [{"pk": {"S": "other"}}]


@pytest.mark.parametrize(("service", "alone"), [("iam", True), ("dynamodb", True), ("s3", False)])
def test_requests_of_services_that_bear_one_at_a_time_wait_for_each_other(service: str, *, alone: bool):
    """Moto looks for a role in a dictionary that another request may add to meanwhile."""
    both = threading.Barrier(2)
    met: list[bool] = []

    def meet(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.3)
            met.append(True)
        return echo(environ, start_response)

    scope = f"AWS4-HMAC-SHA256 Credential=test/20261201/us-east-1/{service}/aws4_request, SignedHeaders=host"
    with serving(meet) as port:
        asking = [threading.Thread(target=_ask, args=(port, scope)) for _ in range(2)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
    assert bool(met) is not alone


def _ask(port: int, authorization: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/", headers={"Authorization": authorization})
    assert connection.getresponse().status == 200
    connection.close()


def _transact(client: Any, key: str, needed: str = "") -> bool:
    """Whether an item is put in a transaction, which needs another one to be there."""
    check = {"TableName": "isolated", "Key": {"pk": {"S": needed}}, "ConditionExpression": "attribute_exists(pk)"}
    put = {"Put": {"TableName": "isolated", "Item": {"pk": {"S": key}}}}
    try:
        client.transact_write_items(TransactItems=[put, *([{"ConditionCheck": check}] if needed else [])])
    except ClientError:
        return False
    return True

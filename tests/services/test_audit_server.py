"""Writers on a moto server, each over its own connection: no fork, no loss, and how fast."""

import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from moto.server import ThreadedMotoServer

from quantos.audit.adapters.dynamo_index import DynamoChainIndex
from quantos.audit.adapters.s3_chain import S3ChainStore
from quantos.audit.auditor import verify_chain
from quantos.audit.ledger import AuditLedger
from tests.support.audit_fakes import BUCKET, TABLE, create_audit_aws, make_record

REGION = "us-east-1"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST"), timeout=10).close()
    create_audit_aws(url)
    yield url
    server.stop()


def writer(endpoint: str) -> AuditLedger:
    store = S3ChainStore(client=boto3.client("s3", region_name=REGION, endpoint_url=endpoint), bucket=BUCKET)
    index = DynamoChainIndex(client=boto3.client("dynamodb", region_name=REGION, endpoint_url=endpoint), table=TABLE)
    return AuditLedger(store, index, "dev")


def test_two_writers_at_once_neither_fork_nor_lose(endpoint: str) -> None:
    """Each has thirty records of its own and ten that both were delivered."""
    together = threading.Barrier(2)
    writers = [writer(endpoint) for _ in range(2)]
    both = [make_record(number) for number in range(900, 910)]

    def append_all(place: int) -> None:
        mine = [make_record(100 * (place + 1) + number) for number in range(30)]
        together.wait(10)
        for start in range(0, 30, 5):
            writers[place].append([*mine[start : start + 5], *both[start // 3 : start // 3 + 2]])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(append_all, range(2)))
    verdict = verify_chain(writers[0].store, "dev")
    assert verdict.sentence.startswith("Chain dev is intact: 70 links")
    ids = [one.record.record_id for one in writers[0].store.links("dev")]
    assert len(ids) == len(set(ids)) == 70
    for place in range(2):
        own = [one for one in ids if one.startswith(f"plan/0{place + 1}")]
        assert own == sorted(own)
        assert len(own) == 30
    assert writers[1].catch_up() == verdict.head == writers[1].index.head("dev")


def test_a_record_costs_few_milliseconds_of_work_server_included(endpoint: str) -> None:
    ledger = writer(endpoint)
    ledger.append([make_record(1)])
    batch = [make_record(number) for number in range(2, 102)]
    started_seconds = time.process_time()
    ledger.append(batch)
    per_record_ms = (time.process_time() - started_seconds) / len(batch) * 1000
    assert per_record_ms < 20

"""Calls to moto through the gate: what changes is an effect, what reads is not, and a kill drops, delays or follows."""

import threading
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from moto.server import DomainDispatcherApplication, create_backend_app

from quantos.contracts import topics
from quantos.environment.functions import topic_partitions
from quantos.messaging.adapters.memory import MemoryBus
from quantos.messaging.ports import Message
from sandbox.kill_sweep.account_gate import GatedServer
from sandbox.kill_sweep.gate import Gate
from sandbox.kill_sweep.moments import Effect, Moment, Phase
from sandbox.kill_sweep.victim import HttpBus

REGION = "us-east-1"


@pytest.fixture
def server() -> Iterator[GatedServer]:
    made = GatedServer(DomainDispatcherApplication(create_backend_app), MemoryBus(topic_partitions()))
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def client(server: GatedServer, service: str):
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=server.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


def names(server: GatedServer) -> list[str]:
    assert server.gate is not None
    return [effect.name for effect in server.gate.effects]


def test_what_changes_the_account_is_an_effect_and_what_reads_is_not(server: GatedServer, tmp_path: Path) -> None:
    server.gate = Gate(lambda: None, mark=tmp_path / "mark", moment=None)
    s3, dynamodb, kms = (client(server, service) for service in ("s3", "dynamodb", "kms"))

    s3.create_bucket(Bucket="sweep-plans")
    s3.put_object(Bucket="sweep-plans", Key="current.json", Body=b"{}")
    s3.get_object(Bucket="sweep-plans", Key="current.json")
    s3.list_objects_v2(Bucket="sweep-plans")
    dynamodb.create_table(
        TableName="leases",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    key = {"pk": {"S": "dev"}, "sk": {"S": "lease"}}
    dynamodb.put_item(TableName="leases", Item=key)
    dynamodb.get_item(TableName="leases", Key=key)
    dynamodb.transact_write_items(TransactItems=[{"Delete": {"TableName": "leases", "Key": key}}])
    mac = kms.create_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256")["KeyMetadata"]["KeyId"]
    kms.generate_mac(KeyId=mac, Message=b"plan", MacAlgorithm="HMAC_SHA_256")

    assert names(server) == [
        "s3 PUT /sweep-plans",
        "s3 PUT /sweep-plans/current.json",
        "dynamodb CreateTable leases",
        "dynamodb PutItem leases dev/lease",
        "dynamodb TransactWriteItems Delete leases dev/lease",
        "kms CreateKey",
    ]
    for table in dynamodb.list_tables()["TableNames"]:
        dynamodb.delete_table(TableName=table)


@pytest.mark.parametrize(("phase", "there"), [("before", False), ("in", True), ("after", True)])
def test_a_kill_drops_delays_or_follows_the_call(
    server: GatedServer, tmp_path: Path, phase: Phase, *, there: bool
) -> None:
    s3, bucket = client(server, "s3"), f"sweep-{phase}"
    s3.create_bucket(Bucket=bucket)
    applied_at_kill: list[bool] = []
    killed = threading.Event()

    def kill() -> None:
        server_gate, server.gate = server.gate, None
        applied_at_kill.append(exists(server, bucket))
        server.gate = server_gate
        killed.set()

    gate = Gate(kill, mark=tmp_path / "mark", moment=Moment(Effect(f"s3 PUT /{bucket}/a", 1), phase))
    server.gate = gate
    try:
        s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    except HTTPClientError:
        assert phase == "before"
    assert killed.wait(timeout=30)
    server.gate = None
    assert exists(server, bucket) is there
    assert applied_at_kill == [phase == "after"]


def exists(server: GatedServer, bucket: str) -> bool:
    try:
        client(server, "s3").head_object(Bucket=bucket, Key="a")
    except ClientError:
        return False
    return True


def test_the_bus_keeps_records_until_they_are_taken(server: GatedServer, tmp_path: Path) -> None:
    server.gate = Gate(lambda: None, mark=tmp_path / "mark", moment=None)
    bus = HttpBus(server.url)

    bus.publish([Message(topics.AUDIT_RECORDS, "dev", b"1"), Message(topics.AUDIT_RECORDS, "dev", b"2")])
    assert [record.value for record in bus.waiting(topics.AUDIT_RECORDS)] == [b"1", b"2"]
    bus.commit(topics.AUDIT_RECORDS, offset=1)

    assert [record.value for record in bus.waiting(topics.AUDIT_RECORDS)] == [b"2"]
    assert names(server) == ["publish audit.records", "publish audit.records", "commit audit.records"]

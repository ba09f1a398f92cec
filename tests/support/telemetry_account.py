"""An account on moto that holds what the ingest and forecast functions read and write."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from lambdas import runtime
from quantos.catalog.catalog import load_catalog
from quantos.environment.functions import topic_partitions
from quantos.messaging.adapters.memory import MemoryBus
from quantos.telemetry.adapters.hour_sets import HASH_KEY, RANGE_KEY, HourSets
from tests.support.environments import make_settings


@contextmanager
def telemetry_account(monkeypatch: pytest.MonkeyPatch, *, now: datetime) -> Iterator[MemoryBus]:
    """The account and the bus of `dev`, put to use as the functions' runtime."""
    _use_moto(monkeypatch)
    settings = make_settings()
    names = settings.names()
    bus = MemoryBus(topic_partitions(), clock=lambda: now)
    with mock_aws():
        create_table(names.demand_table, region=settings.region)
        boto3.client("s3", settings.region).create_bucket(Bucket=names.bucket("plans"))
        kms = boto3.client("kms", settings.region)
        key = kms.create_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256")["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=names.plan_signing_key, TargetKeyId=key)
        monkeypatch.setattr(runtime, "_used", [])
        runtime.use(
            runtime.Runtime(
                settings=settings, catalog=load_catalog(), publisher=bus, clock=lambda: now, wall_clock=lambda: now
            )
        )
        yield bus


@contextmanager
def telemetry_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[HourSets]:
    """A table as the control layer makes it for telemetry, of an account of its own."""
    _use_moto(monkeypatch)
    with mock_aws():
        create_table("telemetry", region="us-east-1")
        yield HourSets(client=boto3.client("dynamodb", "us-east-1"), table="telemetry", retention=timedelta(days=42))


def _use_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def create_table(name: str, *, region: str) -> None:
    """A table with the keys `pk` and `sk`, as every table of an environment has them."""
    boto3.client("dynamodb", region).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": HASH_KEY, "KeyType": "HASH"}, {"AttributeName": RANGE_KEY, "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in (HASH_KEY, RANGE_KEY)],
        BillingMode="PAY_PER_REQUEST",
    )

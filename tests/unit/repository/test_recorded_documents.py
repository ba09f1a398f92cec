"""Documents that an earlier release stored load, and its decisions replay: one of each kind, as it wrote them.

Recorded by a demo of commit eeb3c23, before modules moved: objects of the plans and audit buckets, items of the tables.
"""

import base64
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from quantos.audit.chain import ChainObject
from quantos.audit.walk import walk
from quantos.capacity.adapters import stores
from quantos.capacity.adapters.decisions import compose_replayer
from quantos.capacity.adapters.s3_fits import S3Fits
from quantos.capacity.adapters.s3_plans import S3Outcomes, S3PlanArchive, S3Records, S3StrategyRegistry
from quantos.capacity.decision.record import unpacked
from quantos.capacity.demand.pool_fit import loaded as loaded_fit
from quantos.catalog.catalog import load_catalog
from quantos.contracts.audit import ChainLink
from quantos.contracts.plan import ScalingPlan
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.telemetry.windows.snapshot import loaded as loaded_window
from tests.support.telemetry_account import create_table

RECORDED = Path(__file__).resolve().parents[2] / "golden" / "recorded"
PLAN_ID = "ca1ab01c444998b7e00a05fa6d6c9feaf79b0bd2ec2d9eb4ed85049b63019b4e"
STACK = "dev-capacity"


@dataclass(frozen=True)
class SignedThen:
    """Knows the signature that the recorded plan has; the key that made it is gone with its account."""

    signature: str

    def sign(self, content: bytes) -> str:
        raise AssertionError(content)

    def verify(self, content: bytes, *, signature: str) -> bool:
        return bool(content) and signature == self.signature


def content(name: str) -> bytes:
    return (RECORDED / name).read_bytes()


@pytest.fixture(scope="module")
def settings() -> EnvironmentSettings:
    """The environment as the decision was made in it, out of its record."""
    return unpacked(content("record.json.gz")).inputs.settings


@pytest.fixture(scope="module", autouse=True)
def account(settings: EnvironmentSettings) -> Iterator[None]:
    """The account with what was stored in it."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        names = settings.names()
        bucket, s3 = names.bucket("plans"), boto3.client("s3", settings.region)
        s3.create_bucket(Bucket=bucket)
        for key, file in objects().items():
            s3.put_object(Bucket=bucket, Key=key, Body=content(file))
        kms = boto3.client("kms", settings.region)
        signing = kms.create_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256")["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=names.plan_signing_key, TargetKeyId=signing)
        dynamo = boto3.client("dynamodb", settings.region)
        for table, items in {
            names.demand_table: json.loads(gzip.decompress(content("demand.json.gz"))),
            names.coordination_table: json.loads(content("coordination.json")),
            names.switch_table: json.loads(content("switches.json")),
        }.items():
            create_table(table, region=settings.region)
            for item in items:
                dynamo.put_item(TableName=table, Item=item)
        yield


def objects() -> dict[str, str]:
    """Key in the plans bucket to recorded file."""
    (demand,) = unpacked(content("record.json.gz")).inputs.demands
    fit = demand.evidence.fit
    return {
        "current.json": "current.json",
        "strategies.json": "strategies.json",
        f"plans/{PLAN_ID}.json": "plan.json",
        f"outcomes/{PLAN_ID}.json": "outcome.json",
        f"records/{PLAN_ID}.json.gz": "record.json.gz",
        f"fits/{fit.pools}/{fit.question}/{fit.day}.json": f"fit-{fit.day}.json",
    }


def as_written(name: str) -> Any:
    return json.loads(content(name))


def test_a_plan_is_what_its_id_says_and_is_written_the_same(settings: EnvironmentSettings) -> None:
    plan = S3PlanArchive(stores.compose_bucket(settings)).get(PLAN_ID[:12])
    assert plan.plan_id == plan.content_digest() == PLAN_ID
    assert json.loads(plan.to_json()) == as_written("plan.json")


def test_its_outcome_the_pointer_and_the_strategies_are_written_the_same(settings: EnvironmentSettings) -> None:
    bucket = stores.compose_bucket(settings)
    outcome = S3Outcomes(bucket).get(PLAN_ID)
    assert outcome is not None
    assert outcome.status == "applied"
    assert json.loads(outcome.to_json()) == as_written("outcome.json")
    assert json.loads(S3StrategyRegistry(bucket).read().to_json()) == as_written("strategies.json")
    entry = stores.compose_plan_ledger(settings).current()
    assert entry.unsettled is None
    assert json.loads(entry.document.to_json()).items() <= as_written("current.json").items()


def test_what_governs_resizes_is_read(settings: EnvironmentSettings) -> None:
    assert not stores.compose_switches(settings).read(STACK).paused
    floors = stores.compose_floors(settings).read(STACK)
    assert len(floors) == 5
    assert all(pools["cpu"] == 6 for pools in floors.values())
    assert stores.compose_leases(settings).read(STACK) is None


def test_what_was_learnt_is_loaded(settings: EnvironmentSettings) -> None:
    (demand,) = unpacked(content("record.json.gz")).inputs.demands
    stored = S3Fits(stores.compose_bucket(settings)).get(demand.evidence.fit)
    assert stored is not None
    assert loaded_fit(stored).model.horizon_bins > 0


def test_a_kept_window_is_loaded() -> None:
    assert loaded_window(content("window.npz")) is not None


def test_links_of_the_audit_chain_verify() -> None:
    lines = content("links.jsonl").splitlines()
    links = [ChainLink.model_validate_json(line) for line in lines]
    chain = [
        ChainObject(name=f"{link.sequence:012d}", sequence=link.sequence, content=line)
        for link, line in zip(links, lines, strict=True)
    ]
    read = walk(chain, chain="dev")
    assert (read.head.sequence, read.faults) == (len(links), ())


def test_the_decision_replays(settings: EnvironmentSettings) -> None:
    replayer = compose_replayer(settings, catalog=load_catalog())
    plan = ScalingPlan.model_validate_json(content("plan.json"))
    stored = S3Records(stores.compose_bucket(settings)).get(PLAN_ID)
    assert stored is not None
    findings = replace(replayer, signer=SignedThen(plan.signature)).replay(unpacked(stored), plan)
    assert base64.b64decode(plan.signature)
    verdicts = {finding.what: finding.verdict for finding in findings}
    by_processor = {verdicts.pop("quantiles of cpu"), verdicts.pop("fit of cpu, made again")}
    assert by_processor <= {"same", "within"}
    assert verdicts == {
        "signature": "same",
        "document": "same",
        "solution": "same",
        "cost rules": "same",
        "code": "changed",
        "lead times": "same",
        "demand of cpu": "same",
    }

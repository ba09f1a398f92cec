"""One contract, run against the fakes and against the AWS adapters on moto."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from quantos.capacity.adapters.dynamo_control import DynamoControl, DynamoLeases
from quantos.capacity.adapters.kms_signer import KmsSigner
from quantos.capacity.adapters.s3_fits import S3Fits
from quantos.capacity.adapters.s3_plans import PlansBucket, S3PlanArchive, S3PlanLedger, S3StrategyRegistry
from quantos.capacity.ports import ActuatorMemory, ControlStore, FitKey, FitStore, LeaseStore, PlanLedger, Switch
from quantos.errors import CapacityError, PlanConflictError, PlanNotFoundError
from tests.support.capacity_fakes import STACK, FakeControl, FakeFits, FakeLeases, FakeLedger, document, make_plan
from tests.support.environments import make_settings

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
LATER = NOW + timedelta(seconds=15)
REGION = "us-east-1"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        boto3.client("dynamodb", REGION).create_table(
            TableName="coordination",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        boto3.client("s3", REGION).create_bucket(Bucket="plans")
        yield


def bucket() -> PlansBucket:
    return PlansBucket(boto3.client("s3", REGION), "plans")


@pytest.fixture(params=["fake", "dynamodb"])
def leases(request: pytest.FixtureRequest) -> LeaseStore:
    return FakeLeases() if request.param == "fake" else DynamoLeases(boto3.client("dynamodb", REGION), "coordination")


@pytest.fixture(params=["fake", "dynamodb"])
def control(request: pytest.FixtureRequest) -> ControlStore:
    return FakeControl() if request.param == "fake" else DynamoControl(boto3.client("dynamodb", REGION), "coordination")


@pytest.fixture(params=["fake", "s3"])
def ledger(request: pytest.FixtureRequest) -> PlanLedger:
    if request.param == "fake":
        return FakeLedger(document())
    return S3PlanLedger(bucket(), make_settings(), STACK)


def test_a_lease_is_one_holders_until_it_ends(leases: LeaseStore) -> None:
    first = leases.take(STACK, holder="a", sequence=1, now=NOW, expires_at=LATER)
    assert first is not None
    assert first.previous_expires_at is None
    assert leases.take(STACK, holder="b", sequence=2, now=LATER - timedelta(milliseconds=1), expires_at=LATER) is None
    taken_over = leases.take(STACK, holder="b", sequence=2, now=LATER, expires_at=LATER + timedelta(seconds=15))
    assert taken_over is not None
    assert taken_over.previous_expires_at == LATER


def test_a_lease_given_back_is_free_and_was_not_abandoned(leases: LeaseStore) -> None:
    first = leases.take(STACK, holder="a", sequence=1, now=NOW, expires_at=LATER)
    assert first is not None
    leases.release(first)
    second = leases.take(STACK, holder="b", sequence=1, now=NOW, expires_at=LATER)
    assert second is not None
    assert second.previous_expires_at is None


def test_a_lost_lease_cannot_be_renewed_or_given_back(leases: LeaseStore) -> None:
    first = leases.take(STACK, holder="a", sequence=1, now=NOW, expires_at=LATER)
    assert first is not None
    leases.take(STACK, holder="b", sequence=2, now=LATER, expires_at=LATER + timedelta(seconds=15))
    assert leases.renew(first, expires_at=LATER + timedelta(hours=1)) is None
    leases.release(first)
    assert leases.take(STACK, holder="c", sequence=3, now=LATER, expires_at=LATER + timedelta(seconds=9)) is None


def test_a_renewed_lease_lives_longer(leases: LeaseStore) -> None:
    first = leases.take(STACK, holder="a", sequence=1, now=NOW, expires_at=LATER)
    assert first is not None
    renewed = leases.renew(first, expires_at=LATER + timedelta(seconds=15))
    assert renewed is not None
    assert leases.take(STACK, holder="b", sequence=2, now=LATER, expires_at=LATER + timedelta(seconds=30)) is None


def test_the_switch_is_released_at_first_and_stays_as_thrown(control: ControlStore) -> None:
    assert not control.read(STACK).switch.paused
    thrown = Switch(paused=True, actor="ada", reason="exchange outage")
    control.throw(STACK, thrown)
    assert control.read(STACK).switch == thrown
    assert not control.read("prod-capacity").switch.paused or isinstance(control, FakeControl)


def test_the_actuators_memory_comes_back_as_it_was(control: ControlStore) -> None:
    assert control.read(STACK).memory.last_resize_sequence == 0
    memory = ActuatorMemory(floors={300: {"cpu": 3}, 600: {"cpu": 4, "memory": 1}}, last_resize_sequence=300)
    control.remember(STACK, memory)
    assert control.read(STACK).memory == memory


def test_the_pointer_moves_once_for_one_version(ledger: PlanLedger) -> None:
    start = ledger.current()
    assert start.document.sequence == 0
    moved = document(sequence=300, plan_id="p1", cpu=5)
    version = ledger.replace(moved, expected_version=start.version)
    with pytest.raises(PlanConflictError):
        ledger.replace(document(sequence=600, plan_id="p2", cpu=9), expected_version=start.version)
    assert ledger.current().document == moved
    assert ledger.current().version == version


def test_a_plan_is_found_by_a_unique_start_of_its_id() -> None:
    archive = S3PlanArchive(bucket())
    plan = make_plan()
    archive.put(plan)
    archive.put(plan)
    assert archive.get(plan.plan_id[:8]) == plan
    with pytest.raises(PlanNotFoundError, match="no plan"):
        archive.get("zzzz")
    archive.put(make_plan(floors={"cpu": 7}))
    with pytest.raises(PlanNotFoundError, match="several"):
        archive.get("")


def test_a_damaged_document_is_named_with_its_remedy() -> None:
    bucket().put("strategies.json", b"{}x")
    with pytest.raises(CapacityError, match=r"strategies\.json is not a StrategyBook") as caught:
        S3StrategyRegistry(bucket()).read()
    assert "previous version" in caught.value.remedy


def test_only_the_keys_own_signature_verifies() -> None:
    kms = boto3.client("kms", REGION)
    keys = [
        kms.create_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256")["KeyMetadata"]["KeyId"] for _ in range(2)
    ]
    ours, other = (KmsSigner(kms, key) for key in keys)
    signature = ours.sign(b"plan")
    assert ours.verify(b"plan", signature=signature)
    assert not ours.verify(b"plan2", signature=signature)
    assert not other.verify(b"plan", signature=signature)
    assert not ours.verify(b"plan", signature="not base64!")
    assert not ours.verify(b"plan", signature="")


@pytest.fixture(params=["fake", "s3"])
def fits(request: pytest.FixtureRequest) -> FitStore:
    return FakeFits() if request.param == "fake" else S3Fits(bucket())


def test_fits_are_kept_by_pools_question_and_day(fits: FitStore) -> None:
    key = FitKey("cpu+cpu-spot", "1a2b", date(2026, 11, 21))
    fits.put(key, b"first")
    fits.put(key, b"second")
    assert fits.get(key) == b"second"
    assert fits.get(FitKey("cpu", "1a2b", key.day)) is None
    assert fits.get(FitKey(key.pools, "1a", key.day)) is None
    assert fits.get(FitKey(key.pools, "1a2b", date(2026, 11, 20))) is None


def test_days_of_fits_are_those_of_the_question_from_since_on_and_before_the_day(fits: FitStore) -> None:
    days = [date(2026, 10, 30) + timedelta(days=index) for index in range(40)]
    for day in days:
        fits.put(FitKey("cpu", "1a2b", day), b"{}")
    fits.put(FitKey("cpu", "1a2b3", date(2026, 11, 3)), b"{}")
    key = FitKey("cpu", "1a2b", date(2026, 11, 21))
    assert sorted(fits.days(key, since=date(2026, 11, 18))) == days[19:22]
    assert sorted(fits.days(key, since=date(2026, 1, 1))) == days[:22]
    assert list(fits.days(key, since=key.day)) == []
    assert list(fits.days(FitKey("cpu", "0", key.day), since=date(2026, 1, 1))) == []

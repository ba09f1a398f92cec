"""One contract, run against the fakes and against the AWS adapters on moto."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws

from quantos.capacity.adapters.dynamo_control import MOST_STALE, DynamoFloors, DynamoSwitches
from quantos.capacity.adapters.kms_signer import KmsSigner
from quantos.capacity.adapters.s3_fits import S3Fits
from quantos.capacity.adapters.s3_plans import PlansBucket, S3Outcomes, S3PlanArchive, S3PlanLedger, S3StrategyRegistry
from quantos.capacity.demand.ports import FitKey, FitStore
from quantos.capacity.ports import PlanLedger
from quantos.capacity.resize.ports import FloorMemory, OutcomeStore, Switch, SwitchStore
from quantos.contracts.plan import ResizeOutcome, Unsettled
from quantos.deployment.adapters.dynamo_leases import DynamoLeases
from quantos.deployment.holders import LeaseHolder, ProcessMark
from quantos.deployment.ports import Lease, LeaseStore
from quantos.errors import CapacityError, PlanAmbiguousError, PlanConflictError, PlanNotFoundError
from tests.support.capacity_fakes import FakeFits, FakeFloors, FakeLeases, FakeLedger, FakeOutcomes, FakeSwitches
from tests.support.environments import make_settings
from tests.support.lease_cases import make_engine
from tests.support.plan_cases import STACK, document, make_plan

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

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
def switches(request: pytest.FixtureRequest) -> SwitchStore:
    return (
        FakeSwitches() if request.param == "fake" else DynamoSwitches(boto3.client("dynamodb", REGION), "coordination")
    )


@pytest.fixture(params=["fake", "dynamodb"])
def floors(request: pytest.FixtureRequest) -> FloorMemory:
    if request.param == "fake":
        return FakeFloors()
    return DynamoFloors(boto3.client("dynamodb", REGION), "coordination", 3600)


@pytest.fixture(params=["fake", "s3"])
def outcomes(request: pytest.FixtureRequest) -> OutcomeStore:
    return FakeOutcomes() if request.param == "fake" else S3Outcomes(bucket())


@pytest.fixture(params=["fake", "s3"])
def ledger(request: pytest.FixtureRequest) -> PlanLedger:
    if request.param == "fake":
        return FakeLedger(document())
    return S3PlanLedger(bucket(), make_settings(), STACK)


def holder(name: str) -> LeaseHolder:
    return LeaseHolder(f"id-{name}", name, ProcessMark("here", 7, "t"), NOW + timedelta(minutes=14))


def take(leases: LeaseStore, name: str, *, at: datetime, instead_of: str | None = None) -> Lease | None:
    """Take the lease at a moment, for fifteen seconds."""
    return leases.take(
        STACK,
        holder=holder(name),
        sequence=1,
        now=at,
        expires_at=at + timedelta(seconds=15),
        instead_of=instead_of,
    )


def test_a_lease_is_one_holders_until_it_ends(leases: LeaseStore) -> None:
    assert leases.read(STACK) is None
    first = take(leases, "a", at=NOW)
    assert first is not None
    assert leases.read(STACK) == first
    assert take(leases, "b", at=LATER - timedelta(milliseconds=1)) is None
    taken_over = take(leases, "b", at=LATER)
    assert taken_over is not None
    assert taken_over.holder == holder("b")


def test_a_lease_is_taken_once_however_often_its_holder_asks(leases: LeaseStore) -> None:
    taken = take(leases, "a", at=NOW)
    assert taken is not None
    assert take(leases, "a", at=NOW) == taken


def test_a_lease_is_taken_from_the_very_holder_that_is_gone(leases: LeaseStore) -> None:
    take(leases, "a", at=NOW)
    assert take(leases, "b", at=NOW, instead_of="id-other") is None
    assert take(leases, "b", at=NOW, instead_of="id-a") is not None
    assert take(leases, "c", at=NOW, instead_of="id-a") is None


def test_engines_stay_recorded_when_the_lease_changes_hands_and_go_when_cleaned_up(leases: LeaseStore) -> None:
    engines = (make_engine(pid=8, at=NOW), make_engine(pid=9, at=NOW, ends_at=LATER))
    first = take(leases, "a", at=NOW)
    assert first is not None
    assert leases.record(first, engines=engines)
    second = take(leases, "b", at=LATER)
    assert second is not None
    assert second.engines == engines
    assert not leases.record(first, engines=())
    leases.release(second, engines=engines[1:])
    third = take(leases, "c", at=LATER)
    assert third is not None
    assert third.engines == engines[1:]


def test_two_processes_of_one_name_hold_no_lease_together(leases: LeaseStore) -> None:
    first = take(leases, "root/1", at=NOW)
    assert first is not None
    twin = replace(first, holder=replace(first.holder, lease_id="another"))
    assert leases.renew(twin, expires_at=LATER) is None
    leases.release(twin, engines=())
    assert not leases.record(twin, engines=())
    assert leases.read(STACK) == first


def test_a_lease_given_back_is_free(leases: LeaseStore) -> None:
    first = take(leases, "a", at=NOW)
    assert first is not None
    leases.release(first, engines=())
    assert leases.read(STACK) is None
    assert take(leases, "b", at=NOW) is not None


def test_a_lost_lease_cannot_be_renewed_or_given_back(leases: LeaseStore) -> None:
    first = take(leases, "a", at=NOW)
    assert first is not None
    take(leases, "b", at=LATER)
    assert leases.renew(first, expires_at=LATER + timedelta(hours=1)) is None
    leases.release(first, engines=())
    assert take(leases, "c", at=LATER) is None


def test_a_renewed_lease_lives_longer(leases: LeaseStore) -> None:
    first = take(leases, "a", at=NOW)
    assert first is not None
    assert leases.renew(first, expires_at=LATER + timedelta(seconds=15)) is not None
    assert take(leases, "b", at=LATER) is None


def test_the_switch_is_released_at_first_and_stays_as_thrown(switches: SwitchStore) -> None:
    assert not switches.read(STACK).paused
    thrown = Switch(paused=True, actor="ada", reason="exchange outage")
    switches.throw(STACK, thrown)
    assert switches.read(STACK) == thrown


class Repeating:
    """A client of S3 whose first answer to every write is lost: `again` says whether botocore then repeats it."""

    def __init__(self, client: "S3Client", *, again: bool) -> None:
        self._client, self._again = client, again

    def put_object(self, **asked: object) -> object:
        self._client.put_object(**asked)
        if not self._again:
            raise ReadTimeoutError(endpoint_url="https://s3")
        return self._client.put_object(**asked)

    def get_object(self, **asked: object) -> object:
        return self._client.get_object(**asked)


@pytest.mark.parametrize("again", [True, False])
def test_a_pointer_whose_write_is_not_answered_is_moved_all_the_same(*, again: bool) -> None:
    ledger = S3PlanLedger(
        PlansBucket(Repeating(boto3.client("s3", REGION), again=again), "plans"), make_settings(), STACK
    )
    first = ledger.replace(document(sequence=1), expected_version=None)
    second = ledger.replace(document(sequence=2), expected_version=first)
    assert (ledger.current().document.sequence, ledger.current().version) == (2, second)
    with pytest.raises(PlanConflictError if again else CapacityError):
        S3PlanLedger(bucket(), make_settings(), STACK).replace(document(sequence=3), expected_version=first)


def test_floors_are_kept_by_plan_in_any_order_and_again(floors: FloorMemory) -> None:
    assert floors.read(STACK) == {}
    floors.remember(STACK, sequence=600, plan_id="b", floors={"cpu": 4, "memory": 1})
    floors.remember(STACK, sequence=300, plan_id="a", floors={"cpu": 3})
    kept = floors.remember(STACK, sequence=300, plan_id="a", floors={"cpu": 3})
    assert kept == floors.read(STACK) == {300: {"cpu": 3}, 600: {"cpu": 4, "memory": 1}}


def test_of_two_plans_of_one_bin_the_higher_floor_counts(floors: FloorMemory) -> None:
    floors.remember(STACK, sequence=300, plan_id="a", floors={"cpu": 12})
    floors.remember(STACK, sequence=300, plan_id="b", floors={"cpu": 3, "memory": 2})
    assert floors.read(STACK) == {300: {"cpu": 12, "memory": 2}}


def test_floors_too_old_to_hold_are_removed_in_time() -> None:
    memory = DynamoFloors(boto3.client("dynamodb", REGION), "coordination", 3600)
    for place in range(200):
        memory.remember(STACK, sequence=300 * place, plan_id="p", floors={"cpu": place})
    kept = memory.read(STACK)
    assert {300 * place for place in range(188, 200)} <= set(kept)
    assert len(kept) < 12 + MOST_STALE + 1


def test_a_plans_outcome_is_kept_and_the_last_one_counts(outcomes: OutcomeStore) -> None:
    assert outcomes.get("p1") is None
    for status in ("interrupted", "applied"):
        outcomes.put(
            ResizeOutcome(stack=STACK, plan_id="p1", sequence=300, status=status, reason="so it is", finished_at=NOW)
        )
    kept = outcomes.get("p1")
    assert kept is not None
    assert kept.status == "applied"


def test_a_pointer_is_marked_unsettled_and_settled_by_versions(ledger: PlanLedger) -> None:
    start = ledger.current()
    mark = Unsettled(plan_id="p1", lease_id="id-a", since=NOW)
    marked = ledger.replace(start.document, expected_version=start.version, unsettled=mark)
    assert (ledger.current().document, ledger.current().unsettled) == (start.document, mark)
    with pytest.raises(PlanConflictError):
        ledger.replace(document(sequence=300, plan_id="p2", cpu=5), expected_version=start.version)
    ledger.replace(document(sequence=300, plan_id="p1", cpu=5), expected_version=marked)
    assert ledger.current().unsettled is None


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
    with pytest.raises(PlanAmbiguousError, match="several"):
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

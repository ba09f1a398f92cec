"""One contract, run against the fakes and against S3 and DynamoDB on moto."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from quantos.audit.adapters import s3_chain, s3_folder
from quantos.audit.adapters.dynamo_index import DynamoChainIndex
from quantos.audit.adapters.s3_chain import S3ChainStore, object_key
from quantos.audit.auditor import verify_chain
from quantos.audit.chain import EMPTY, Head, StoredLink, link, looked_up_by, stored
from quantos.audit.ports import ChainIndex, ChainStore
from quantos.errors import AuditError
from tests.support.audit_fakes import (
    BUCKET,
    NOW,
    FakeChainIndex,
    FakeChainStore,
    create_audit_aws,
    make_links,
    make_record,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def s3_store() -> S3ChainStore:
    return create_audit_aws()[0]


@pytest.fixture
def client(s3_store: S3ChainStore) -> "S3Client":
    return s3_store.client


@pytest.fixture(params=["fake", "s3"])
def store(request: pytest.FixtureRequest) -> ChainStore:
    return FakeChainStore() if request.param == "fake" else request.getfixturevalue("s3_store")


@pytest.fixture(params=["fake", "dynamodb"])
def index(request: pytest.FixtureRequest) -> ChainIndex:
    return FakeChainIndex() if request.param == "fake" else create_audit_aws()[1]


def test_a_place_is_taken_once_and_the_first_stays(store: ChainStore) -> None:
    first, second = make_links(1)[0], make_links(1)[0].model_copy(update={"record": make_record(2)})
    assert store.put(first)
    assert not store.put(second)
    assert list(store.links("dev")) == [first]


def test_links_stream_in_order_from_any_place(store: ChainStore) -> None:
    links = make_links(12)
    for one in links:
        assert store.put(one)
    assert list(store.links("dev")) == links
    assert list(store.links("dev", after=9)) == links[9:]
    assert list(store.links("dev", after=12)) == []
    assert (store.head("dev"), store.head("dev", after=7), store.head("dev", after=40)) == (12, 12, 40)
    assert store.head("prod") == 0
    assert list(store.links("prod")) == []


def test_what_was_put_verifies(store: ChainStore) -> None:
    for one in make_links(70):
        store.put(one)
    verdict = verify_chain(store, "dev")
    assert (verdict.intact, verdict.head.sequence) == (True, 70)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9, 16, 33])
def test_the_head_of_a_long_chain_is_found_by_bisection(
    s3_store: S3ChainStore, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(s3_chain, "PAGE", 2)
    monkeypatch.setattr(s3_chain, "PART", 2)
    for one in make_links(count):
        s3_store.put(one)
    assert s3_store.head("dev") == count
    assert len(list(s3_store.links("dev"))) == count


def test_an_overwritten_link_is_a_fork(s3_store: S3ChainStore, client: "S3Client") -> None:
    links = make_links(3)
    for one in links:
        s3_store.put(one)
    client.put_object(Bucket=BUCKET, Key=object_key("dev", 2), Body=links[1].to_json())
    (fault,) = verify_chain(s3_store, "dev").faults
    assert (fault.kind, fault.sequence) == ("forked", 2)


def test_a_deleted_link_is_missing(s3_store: S3ChainStore, client: "S3Client") -> None:
    for one in make_links(3):
        s3_store.put(one)
    client.delete_object(Bucket=BUCKET, Key=object_key("dev", 3))
    (fault,) = verify_chain(s3_store, "dev").faults
    assert (fault.kind, fault.sequence) == ("tail removed", 3)


def test_a_stray_object_is_named(s3_store: S3ChainStore, client: "S3Client") -> None:
    for one in make_links(3):
        s3_store.put(one)
    client.put_object(Bucket=BUCKET, Key=f"{object_key('dev', 2)}-other", Body=b"{}")
    (fault,) = verify_chain(s3_store, "dev").faults
    assert (fault.kind, fault.sequence) == ("stray put in", 0)
    assert "000000000002-other" in fault.reason


def test_what_is_not_a_link_stops_reading(s3_store: S3ChainStore, client: "S3Client") -> None:
    client.put_object(Bucket=BUCKET, Key=object_key("dev", 1), Body=b"{}")
    with pytest.raises(AuditError, match="is not a link"):
        list(s3_store.links("dev"))


def test_an_absent_bucket_is_an_audit_error(s3_store: S3ChainStore) -> None:
    absent = S3ChainStore(client=s3_store.client, bucket="absent")
    for attempt in (
        lambda: absent.put(make_links(1)[0]),
        lambda: absent.head("dev"),
        lambda: list(absent.links("dev")),
        lambda: list(absent.objects("dev")),
    ):
        with pytest.raises(AuditError, match="absent"):
            attempt()


@pytest.mark.parametrize("strays", [0, 1, 5])
def test_strays_between_links_hide_none(
    s3_store: S3ChainStore, client: "S3Client", monkeypatch: pytest.MonkeyPatch, strays: int
) -> None:
    monkeypatch.setattr(s3_chain, "PAGE", 2)
    monkeypatch.setattr(s3_chain, "PART", 3)
    links = make_links(11)
    for item in links:
        s3_store.put(item)
    for number in range(strays):
        client.put_object(Bucket=BUCKET, Key=f"{object_key('dev', 2)}-{number}", Body=b"{}")
    client.put_object(Bucket=BUCKET, Key="dev/zzz", Body=b"{}")
    assert list(s3_store.links("dev")) == links
    assert s3_store.head("dev") == 11
    verdict = verify_chain(s3_store, "dev")
    assert (verdict.head.sequence, len(verdict.faults)) == (11, strays + 1)


def test_versions_of_an_object_on_several_pages_are_counted_together(
    s3_store: S3ChainStore, client: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_folder, "VERSIONS_AT_ONCE", 2)
    links = make_links(3)
    for item in links:
        s3_store.put(item)
    for _ in range(4):
        client.put_object(Bucket=BUCKET, Key=object_key("dev", 2), Body=b"{}")
    versions = [(item.versions, item.content) for item in s3_store.objects("dev")]
    assert versions == [(1, links[0].to_json()), (5, links[1].to_json()), (1, links[2].to_json())]


def test_successors_are_those_of_the_chain_in_order(s3_store: S3ChainStore, client: "S3Client") -> None:
    for name in ("dev", "dev.10", "dev.2", "dev.x", "dev-2", "devs"):
        client.put_object(Bucket=BUCKET, Key=f"{name}/000000000001", Body=b"{}")
    assert s3_store.generations("dev") == ("dev.2", "dev.10")
    assert s3_store.generations("prod") == ()


def of_generation(chain: str) -> StoredLink:
    return stored(link(make_record(1), sequence=1, previous_digest=EMPTY.digest, chain=chain))


def test_index_finds_the_newest_generation_and_lists_all_in_order(index: ChainIndex) -> None:
    first = [stored(item) for item in make_links(2)]
    index.extend(first, after=EMPTY)
    successor = of_generation("dev.2")
    index.extend([successor], after=EMPTY)
    assert (index.head("dev").sequence, index.head("dev.2").sequence) == (2, 1)
    assert index.find("dev", ["plan/0001"])["plan/0001"].chain == "dev.2"
    about = [(entry.chain, entry.sequence) for entry in index.about("dev", "dev-capacity")]
    assert about == [("dev", 1), ("dev", 2), ("dev.2", 1)]
    places = [place for place in index.places("dev") if place.chain == "dev.2"]
    assert {(place.found_by, place.sequence, place.digest) for place in places} == {
        ("record", 1, successor.digest),
        ("subject", 1, successor.digest),
    }
    assert {place.about for place in places} == {looked_up_by(successor)}


def test_index_takes_a_link_whose_record_has_what_no_key_takes_or_nothing_to_look_up() -> None:
    index = create_audit_aws()[1]
    long = of_generation("dev")
    long = long._replace(record={**long.record, "subject": "s" * 3000, "record_id": "r" * 3000})
    bare = long._replace(sequence=2, record={"chain": "dev"}, previous_digest=long.digest, digest="f" * 64)
    assert index.extend([long, bare], after=EMPTY)
    assert index.head("dev").sequence == 2
    assert [entry.sequence for entry in index.about("dev", "s" * 3000)] == [1]
    assert index.find("dev", ["r" * 3000])["r" * 3000].sequence == 1


def change_both_entries(index: DynamoChainIndex, expression: str, *, field: str, **values: Any) -> None:
    for place, sort in (("record/dev/plan/0001", "-"), ("subject/dev/dev-capacity", "000000000001")):
        index.client.update_item(
            TableName=index.table,
            Key={"pk": {"S": place}, "sk": {"S": sort}},
            UpdateExpression=expression,
            ExpressionAttributeNames={"#field": field},
            **values,
        )


def test_an_entry_from_before_there_were_successors_is_the_first_chains() -> None:
    index = create_audit_aws()[1]
    index.extend([of_generation("dev")], after=EMPTY)
    change_both_entries(index, "REMOVE #field", field="chain")
    assert [entry.chain for entry in index.about("dev", "dev-capacity")] == ["dev"]
    assert [(place.chain, place.digest) for place in index.places("dev")] == [("dev", of_generation("dev").digest)] * 2


@pytest.mark.parametrize("field", ["record_id", "subject", "sequence"])
def test_an_entry_that_stands_elsewhere_than_it_says_says_nothing(field: str) -> None:
    index = create_audit_aws()[1]
    index.extend([of_generation("dev")], after=EMPTY)
    other = {"N": "7"} if field == "sequence" else {"S": "other"}
    change_both_entries(index, "SET #field = :other", field=field, ExpressionAttributeValues={":other": other})
    wrong = {"record_id": {"record"}, "subject": {"subject"}, "sequence": {"subject"}}[field]
    assert {place.found_by for place in index.places("dev") if place.about is None} == wrong


def test_index_moves_only_from_where_it_stands(index: ChainIndex) -> None:
    links = [stored(item) for item in make_links(4)]
    assert index.head("dev") == EMPTY
    assert not index.extend(links[1:2], after=Head(1, links[0].digest))
    assert index.extend(links[:2], after=EMPTY)
    assert not index.extend(links[:2], after=EMPTY)
    assert not index.extend(links[2:], after=Head(2, "f" * 64))
    assert index.extend(links[2:], after=Head(2, links[1].digest))
    assert index.head("dev") == Head(4, links[3].digest)
    assert index.head("prod") == EMPTY


def test_index_finds_records_by_id(index: ChainIndex) -> None:
    index.extend([stored(item) for item in make_links(130)], after=EMPTY)
    ids = [f"plan/{number:04d}" for number in range(1, 140)]
    found = index.find("dev", ids)
    assert sorted(found) == ids[:130]
    entry = found["plan/0107"]
    assert (entry.sequence, entry.kind, entry.subject, entry.occurred_at) == (107, "plan", "dev-capacity", NOW)
    assert index.find("prod", ids) == {}
    assert index.find("dev", []) == {}


def test_index_lists_a_subject_by_kind_in_order(index: ChainIndex) -> None:
    links = [stored(item) for item in make_links(12)]
    index.extend(links, after=EMPTY)
    assert [entry.sequence for entry in index.about("dev", "dev-capacity")] == list(range(1, 13))
    assert [entry.sequence for entry in index.about("dev", "dev-capacity", kind="plan")] == list(range(1, 13))
    assert index.about("dev", "dev-capacity", kind="switch") == ()
    assert index.about("dev", "staging-capacity") == ()

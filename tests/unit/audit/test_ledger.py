"""Every record is in the chain exactly once, whatever happens on the way."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from moto import mock_aws

from quantos.audit.auditor import verify_chain
from quantos.audit.chain import EMPTY, Head, link
from quantos.audit.ledger import AuditLedger
from quantos.audit.ports import ChainIndex, ChainStore
from quantos.contracts.audit import AuditRecord, ChainLink
from quantos.errors import AuditError
from tests.support.audit_fakes import FakeChainIndex, FakeChainStore, create_audit_aws, make_links, make_record


@pytest.fixture(params=["fake", "aws"])
def ledger(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[AuditLedger]:
    if request.param == "fake":
        yield AuditLedger(FakeChainStore(), FakeChainIndex(), "dev")
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        store, index = create_audit_aws()
        yield AuditLedger(store, index, "dev")


def record_ids(store: ChainStore) -> list[str]:
    return [one.record.record_id for one in store.links("dev")]


def test_records_become_links_in_order(ledger: AuditLedger) -> None:
    records = [make_record(number) for number in range(1, 101)]
    appended = ledger.append(records[:60])
    assert [one.sequence for one in appended.links] == list(range(1, 61))
    ledger.append(records[60:])
    assert record_ids(ledger.store) == [record.record_id for record in records]
    assert verify_chain(ledger.store, "dev").intact
    assert ledger.index.head("dev").sequence == 100


def test_a_second_delivery_adds_nothing(ledger: AuditLedger) -> None:
    batch = [make_record(number) for number in (1, 2, 3)]
    ledger.append(batch)
    again = ledger.append([*reversed(batch), make_record(4), make_record(4)])
    assert [one.record.record_id for one in again.links] == ["plan/0004"]
    assert set(again.known) == {"plan/0001", "plan/0002", "plan/0003"}
    assert record_ids(ledger.store) == [f"plan/000{number}" for number in (1, 2, 3, 4)]


def test_of_two_records_of_one_id_the_first_is_kept(ledger: AuditLedger) -> None:
    ledger.append([make_record(1, actor="first"), make_record(1, actor="second")])
    ledger.append([make_record(1, actor="third")])
    assert [one.record.actor for one in ledger.store.links("dev")] == ["first"]


def test_a_crash_between_link_and_index_does_not_double_the_record() -> None:
    store, index = FakeChainStore(fail_after_put=True), FakeChainIndex()
    with pytest.raises(AuditError, match="killed"):
        AuditLedger(store, index, "dev").append([make_record(1), make_record(2)])
    assert index.head("dev") == EMPTY
    again = AuditLedger(store, index, "dev").append([make_record(1), make_record(2)])
    assert again.known == ("plan/0001",)
    assert record_ids(store) == ["plan/0001", "plan/0002"]
    assert index.head("dev").sequence == 2


def test_an_empty_index_is_rebuilt_from_the_chain(ledger: AuditLedger) -> None:
    links = make_links(95)
    for one in links:
        ledger.store.put(one)
    assert ledger.catch_up() == Head(95, links[-1].digest)
    assert ledger.index.find("dev", ["plan/0095"])["plan/0095"].sequence == 95
    assert ledger.append([make_record(50)]).links == ()


@dataclass
class RacingStore(FakeChainStore):
    """Lets another writer take the place just before each of the first puts."""

    rival: list[int] = field(default_factory=list)

    def put(self, link: ChainLink) -> bool:
        if self.rival:
            AuditLedger(FakeChainStore(self.kept), FakeChainIndex(), "dev").append([make_record(self.rival.pop(0))])
        return super().put(link)


def test_the_loser_of_a_place_takes_the_next_and_keeps_the_order() -> None:
    store, index = RacingStore(rival=[91, 92]), FakeChainIndex()
    appended = AuditLedger(store, index, "dev").append([make_record(1), make_record(2)])
    assert record_ids(store) == ["plan/0091", "plan/0092", "plan/0001", "plan/0002"]
    assert [one.sequence for one in appended.links] == [3, 4]
    assert verify_chain(store, "dev").intact
    assert index.head("dev").sequence == 4


def test_the_loser_skips_what_the_winner_put() -> None:
    store = RacingStore(rival=[1, 2])
    appended = AuditLedger(store, FakeChainIndex(), "dev").append([make_record(1), make_record(2)])
    assert appended.links == ()
    assert record_ids(store) == ["plan/0001", "plan/0002"]


def test_a_warm_writer_sees_what_another_has_put_meanwhile(ledger: AuditLedger) -> None:
    other = AuditLedger(ledger.store, ledger.index, "dev")
    ledger.append([make_record(1)])
    other.append([make_record(2), make_record(3)])
    appended = ledger.append([make_record(3), make_record(4)])
    assert appended.known == ("plan/0003",)
    assert other.append([make_record(4), make_record(5)]).known == ("plan/0004",)
    assert record_ids(ledger.store) == [f"plan/000{number}" for number in range(1, 6)]
    assert ledger.catch_up() == ledger.index.head("dev")


def test_a_writer_that_failed_starts_from_the_store_again() -> None:
    store, index = FakeChainStore(), FakeChainIndex()
    ledger = AuditLedger(store, index, "dev")
    ledger.append([make_record(1)])
    store.fail_after_put = True
    with pytest.raises(AuditError, match="killed"):
        ledger.append([make_record(2)])
    assert ledger.append([make_record(2), make_record(3)]).known == ("plan/0002",)
    assert record_ids(store) == ["plan/0001", "plan/0002", "plan/0003"]


def test_a_store_that_never_gives_a_place_ends_in_an_error() -> None:
    store = RacingStore(rival=list(range(100, 300)))
    with pytest.raises(AuditError, match="lost to other writers"):
        AuditLedger(store, FakeChainIndex(), "dev").append([make_record(1)])


def test_nothing_is_appended_to_a_chain_with_a_gap() -> None:
    links = make_links(3)
    store = FakeChainStore.of([links[0], links[2]])
    with pytest.raises(AuditError, match="middle removed at link 2"):
        AuditLedger(store, FakeChainIndex(), "dev").append([make_record(7)])


def test_nothing_is_appended_when_the_head_the_index_knows_is_gone() -> None:
    links = make_links(3)
    store = FakeChainStore.of(links[:2])
    with pytest.raises(AuditError, match="tail removed at link 3"):
        AuditLedger(store, FakeChainIndex.of(links), "dev").append([make_record(7)])


def test_nothing_is_appended_when_the_head_was_rewritten() -> None:
    links = make_links(2)
    forged = link(make_record(2, actor="mallory"), sequence=2, previous_digest=links[0].digest)
    store = FakeChainStore.of([links[0], forged])
    with pytest.raises(AuditError, match="tail rewritten at link 2"):
        AuditLedger(store, FakeChainIndex.of(links), "dev").append([make_record(7)])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{}", id="no-link"),
        pytest.param(make_links(1)[0].to_json(), id="another-place's"),
        pytest.param(link(make_record(9), sequence=3, previous_digest="f" * 64).to_json(), id="does-not-follow"),
    ],
)
@pytest.mark.parametrize("warm", [True, False])
def test_a_place_taken_by_what_does_not_follow_is_left_for_a_successor(content: bytes, *, warm: bool) -> None:
    store, index = FakeChainStore(), FakeChainIndex()
    ledger = AuditLedger(store, index, "dev")
    ledger.append([make_record(1), make_record(2)])
    store.kept["dev", 3] = content
    writer = ledger if warm else AuditLedger(store, index, "dev")
    appended = writer.append([make_record(2), make_record(3)])
    assert [(item.chain, item.sequence) for item in appended.links] == [("dev.2", 2)]
    assert appended.known == ("plan/0002",)
    verdict = verify_chain(store, "dev")
    assert (verdict.intact, verdict.chain, verdict.head) == (True, "dev.2", index.head("dev.2"))
    assert AuditLedger(store, index, "dev").append([make_record(3), make_record(1)]).links == ()


def test_what_was_put_before_the_spoiled_place_is_not_put_again() -> None:
    store, index = FakeChainStore(), FakeChainIndex()
    ledger = AuditLedger(store, index, "dev")
    ledger.append([make_record(1)])
    store.kept["dev", 3] = b"{}"
    ledger.append([make_record(2), make_record(3), make_record(4)])
    assert [item.record.record_id for item in store.links("dev.2")][1:] == ["plan/0003", "plan/0004"]
    assert index.find("dev", ["plan/0002"])["plan/0002"].chain == "dev"


def test_writers_that_meet_a_spoiled_place_at_once_begin_one_successor() -> None:
    store, index = FakeChainStore(), FakeChainIndex()
    writers = [AuditLedger(store, index, "dev") for _ in range(3)]
    writers[0].append([make_record(1)])
    for writer in writers:
        writer.catch_up()
    store.kept["dev", 2] = b"{}"
    for number, writer in enumerate(writers):
        writer.append([make_record(number + 2)])
    assert store.generations("dev") == ("dev.2",)
    assert verify_chain(store, "dev").links == 1 + 1 + 3


def test_a_place_that_a_later_version_has_written_is_left_to_it() -> None:
    store = FakeChainStore()
    store.kept["dev", 1] = b'{"schema_version": 2}'
    with pytest.raises(AuditError, match="later version"):
        AuditLedger(store, FakeChainIndex(), "dev").append([make_record(1)])
    assert store.generations("dev") == ()


def test_strays_keep_nobody_from_appending() -> None:
    store = FakeChainStore(strays={"dev": ["000000000001-copy", "zzz"]})
    ledger = AuditLedger(store, FakeChainIndex(), "dev")
    ledger.append([make_record(1), make_record(2)])
    assert ledger.current() == "dev"
    verdict = verify_chain(store, "dev")
    assert [fault.kind for fault in verdict.faults] == ["stray put in", "stray put in"]
    assert verdict.head.sequence == 2


@pytest.mark.parametrize("part", ["subject", "record_id"])
def test_what_would_make_a_key_too_long_is_never_a_link(part: str) -> None:
    store = FakeChainStore()
    long = AuditRecord.model_construct(**(make_record(1).model_dump() | {part: "é" * 513}))
    with pytest.raises(AuditError, match=f"{part} has 1026 bytes, and a key takes 1024"):
        AuditLedger(store, FakeChainIndex(), "dev").append([make_record(2), long])
    assert store.kept == {}


def test_a_record_of_another_chain_is_refused() -> None:
    index: ChainIndex = FakeChainIndex()
    with pytest.raises(AuditError, match="is of chain prod, not dev"):
        AuditLedger(FakeChainStore(), index, "dev").append([make_record(1, chain="prod")])

"""Every record is in the chain exactly once, whatever happens on the way."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from moto import mock_aws

from quantos.audit.chain import EMPTY, Head, link
from quantos.audit.ledger import AuditLedger, verify_chain
from quantos.audit.ports import ChainIndex, ChainStore
from quantos.contracts.audit import ChainLink
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
    assert verify_chain(ledger.store, "dev", at_least=100).intact
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
            AuditLedger(FakeChainStore(self.kept), FakeChainIndex(list(self.kept.values())), "dev").append(
                [make_record(self.rival.pop(0))]
            )
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
    store = FakeChainStore({one.sequence: one for one in (links[0], links[2])})
    with pytest.raises(AuditError, match="missing at link 2"):
        AuditLedger(store, FakeChainIndex(), "dev").append([make_record(7)])


def test_nothing_is_appended_when_the_head_the_index_knows_is_gone() -> None:
    links = make_links(3)
    store = FakeChainStore({one.sequence: one for one in links[:2]})
    with pytest.raises(AuditError, match="missing at link 3"):
        AuditLedger(store, FakeChainIndex(list(links)), "dev").append([make_record(7)])


def test_nothing_is_appended_when_the_head_was_rewritten() -> None:
    links = make_links(2)
    forged = link(make_record(2, actor="mallory"), sequence=2, previous_digest=links[0].digest)
    store = FakeChainStore({1: links[0], 2: forged})
    with pytest.raises(AuditError, match="broken at link 2"):
        AuditLedger(store, FakeChainIndex(list(links)), "dev").append([make_record(7)])


def test_a_record_of_another_chain_is_refused() -> None:
    index: ChainIndex = FakeChainIndex()
    with pytest.raises(AuditError, match="is of chain prod, not dev"):
        AuditLedger(FakeChainStore(), index, "dev").append([make_record(1, chain="prod")])

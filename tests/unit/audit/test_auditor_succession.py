"""What succeeds a chain that cannot go on, and what a successor may not hide."""

from collections.abc import Callable

import pytest

from quantos.audit.auditor import Auditor, verify_chain
from quantos.audit.chain import EMPTY, Head, link
from quantos.audit.ledger import AuditLedger
from quantos.audit.succession import End, begin_successor
from quantos.contracts.audit import ChainLink, Succession
from quantos.errors import AuditError
from tests.support.audit_fakes import NOW, FakeAnchorStore, FakeChainIndex, FakeChainStore, make_record
from tests.support.chain_account import (
    TAMPERINGS,
    Account,
    drop_from_table,
    forget,
    lie_in_table,
    put_stray,
    remove,
    rewrite,
    rewrite_table_too,
    spoil,
    twelve_links,
)


@pytest.fixture
def account() -> Account:
    return twelve_links()


FAULTY = {name: case for name, case in TAMPERINGS.items() if case[1] and "changed" not in case[1][0][0]}


@pytest.mark.parametrize("name", FAULTY)
def test_a_chain_with_a_fault_is_succeeded_and_goes_on(name: str, account: Account) -> None:
    tamper, ((kind, place), *_) = FAULTY[name]
    good = account.links()
    tamper(account)

    stated = account.succeed()
    account.ledger.append([make_record(13)])

    stands = not place or "written over" in name
    last = 12 if stands else place - 1
    assert (stated.closes, stated.opens, stated.last_sequence) == ("dev", "dev.2", last)
    assert stated.last_digest == (good[last - 1].digest if last else EMPTY.digest)
    assert stated.fault == "" if stands else stated.fault.startswith(kind)
    verdict = account.auditor.verify()
    assert verdict.intact, verdict.lines
    assert (verdict.chain, verdict.head.sequence) == ("dev.2", 2)
    assert any(line.startswith("Successor begun: dev.2 goes on from link") for line in verdict.lines)
    assert [item.record.record_id for item in account.links("dev.2")] == ["succession/dev.2", "plan/0013"]


@pytest.mark.parametrize("name", FAULTY)
def test_of_two_who_succeed_a_chain_at_once_one_is_first_and_both_have_it(name: str, account: Account) -> None:
    FAULTY[name][0](account)
    store = account.store
    other = Account(FakeChainStore(store.kept, strays=store.strays, again=store.again), account.index, account.anchors)

    class Raced(FakeChainStore):
        def put(self, link: ChainLink) -> bool:
            others.extend([other.succeed("eve")] if not others else [])
            return super().put(link)

    others: list[Succession] = []
    account.store = Raced(store.kept, strays=store.strays, again=store.again)
    mine = account.succeed("ada")

    assert mine == others[0] == account.succeed("bob")
    assert store.generations("dev") == ("dev.2",)
    (begun,) = account.auditor.verify().successions
    assert begun.actor == "eve"


def test_a_chain_with_nothing_wrong_is_not_succeeded(account: Account) -> None:
    with pytest.raises(AuditError, match="can go on"):
        account.succeed()
    drop_from_table(account, 3)
    with pytest.raises(AuditError, match="can go on"):
        account.succeed()


def test_records_that_are_no_longer_proven_are_taken_again_and_others_are_not(account: Account) -> None:
    rewrite(account, 10)
    account.succeed()
    appended = account.ledger.append([make_record(number) for number in range(1, 13)])
    assert [item.record.record_id for item in appended.links] == ["plan/0010", "plan/0011", "plan/0012"]
    assert account.ledger.append([make_record(11)]).links == ()
    assert account.index.find("dev", ["plan/0011"])["plan/0011"].chain == "dev.2"


def test_what_a_writer_put_while_the_chain_was_succeeded_goes_to_the_successor(account: Account) -> None:
    """It stands at the end of a chain whose middle is gone, and appends there after the successor has begun."""
    remove(account, 4, 6)
    others: list[Succession] = []

    class Raced(FakeChainStore):
        def put(self, link: ChainLink) -> bool:
            others.extend([account.succeed()] if not others else [])
            return super().put(link)

    raced = AuditLedger(Raced(account.store.kept), account.index, "dev", clock=lambda: NOW)
    assert [item.chain for item in raced.append([make_record(13)]).links] == ["dev.2"]
    assert account.auditor.verify().intact


@pytest.mark.parametrize("last", [0, 4, 7, 8])
@pytest.mark.parametrize("forgotten", [False, True])
def test_a_successor_does_not_hide_what_anchors_know_behind_its_end(
    last: int, forgotten: bool, account: Account
) -> None:
    """Forged: links are removed, and a successor is begun that names no fault."""
    digest = account.links()[last - 1].digest if last else EMPTY.digest
    remove(account, last + 1)
    if forgotten:
        forget(account, last + 1)
    end = End(chain="dev", last=Head(last, digest))
    begin_successor(account.store, end, reason="planned", actor="ada", at=NOW)
    assert not account.auditor.verify().intact


def test_a_folder_of_a_successor_that_nobody_opened_is_succeeded_too(account: Account) -> None:
    account.store.kept["dev.2", 1] = b"{}"
    assert account.found() == [("stray put in", 1)]
    assert account.succeed().opens == "dev.3"
    verdict = account.auditor.verify()
    assert verdict.intact, verdict.lines


@pytest.mark.parametrize(
    "excuse",
    [
        pytest.param(lambda account: None, id="none"),
        pytest.param(lambda account: account.store.again.add(("dev", 9)), id="written-over"),
        pytest.param(lambda account: lie_in_table(account, 9), id="table's-entry-changed"),
    ],
)
def test_a_successor_that_leaves_out_good_links_is_a_fork(excuse: Callable[[Account], None], account: Account) -> None:
    """Forged: nothing is wrong behind link 8, whatever excuse is made for it."""
    excuse(account)
    last = account.links()[7]
    body = Succession(
        closes="dev", opens="dev.2", last_sequence=8, last_digest=last.digest, fault="tail rewritten", reason="so"
    )
    record = make_record(99, kind="succession", body=body.model_dump(mode="json"))
    opening = link(record, sequence=1, previous_digest=EMPTY.digest, chain="dev.2")
    account.store.put(opening)
    assert ("forked", 9) in account.found()


def test_a_successor_proves_nothing_of_the_chain_before(account: Account) -> None:
    """Forged: the end was rewritten, and the successor names it as it is now."""
    rewrite(account, 11)
    last = ChainLink.model_validate_json(account.store.kept["dev", 12])
    body = Succession(closes="dev", opens="dev.2", last_sequence=12, last_digest=last.digest, reason="so")
    record = make_record(99, kind="succession", body=body.model_dump(mode="json"))
    account.store.put(link(record, sequence=1, previous_digest=EMPTY.digest, chain="dev.2"))
    assert account.found() == [("tail rewritten", 11)]


def test_a_folder_that_nothing_opens_as_a_successor_is_a_stray(account: Account) -> None:
    account.store.kept["dev.2", 1] = b"{}"
    assert account.found() == [("stray put in", 1)]
    account.ledger.append([make_record(13)])
    spoil(account, 14)
    account.ledger.append([make_record(14)])
    assert [item.record.record_id for item in account.links("dev.3")] == ["succession/dev.3", "plan/0014"]


def test_a_successor_whose_folder_was_removed_is_missed(account: Account) -> None:
    spoil(account, 13)
    account.ledger.append([make_record(13)])
    for place in [place for place in account.store.kept if place[0] == "dev.2"]:
        del account.store.kept[place]
    assert ("tail removed", 1) in account.found()


def test_a_chain_that_was_succeeded_is_still_held_to_its_end(account: Account) -> None:
    spoil(account, 13)
    account.ledger.append([make_record(13)])
    rewrite_table_too(account, 11)
    assert account.found() == [("tail rewritten", 10)]


def test_a_closed_chain_whose_successor_was_not_begun_is_completed_by_whoever_comes_first(account: Account) -> None:
    class Killed(FakeChainStore):
        def put(self, link: ChainLink) -> bool:
            if link.chain == "dev.2":
                raise AuditError("killed", remedy="again")
            return super().put(link)

    put_stray(account, "other")
    whole = account.store
    account.store = Killed(whole.kept, strays=whole.strays)
    with pytest.raises(AuditError, match="killed"):
        account.succeed("ada")
    account.store = whole
    assert "closed: what is appended next begins its successor" in " ".join(account.auditor.verify().lines)

    by_writer, by_person = Account(FakeChainStore({**whole.kept}, strays=whole.strays)), account
    by_writer.ledger.append([make_record(13)])
    assert by_person.succeed("eve").last_sequence == 12
    for completed in (by_writer, by_person):
        (begun,) = verify_chain(completed.store, "dev").successions
        assert (begun.actor, begun.succession.last_sequence) == ("ada", 12)


def test_a_store_without_a_chain_is_verified_and_not_succeeded() -> None:
    empty = Auditor(FakeChainStore(), FakeChainIndex(), FakeAnchorStore(), "dev")
    assert empty.verify().intact
    assert empty.verify().anchor is None
    with pytest.raises(AuditError, match="can go on"):
        empty.succeed(reason="so", actor="ada", at=NOW)

"""Whatever is done to a chain shows, and the verdict says which: with the table's help, an anchor's, or a person's."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.audit.anchoring import AnchoringService
from quantos.audit.auditor import Auditor, verify_chain
from quantos.audit.chain import EMPTY, Head, link
from quantos.audit.ledger import AuditLedger
from quantos.audit.succession import End, begin_successor
from quantos.audit.verification import Known
from quantos.contracts.audit import Anchor, ChainLink, Succession
from quantos.errors import AuditError
from tests.support.audit_fakes import NOW, FakeAnchorStore, FakeChainIndex, FakeChainStore, make_links, make_record

HOUR = timedelta(hours=1)


@dataclass
class Account:
    """One chain with its table and its anchors."""

    store: FakeChainStore = field(default_factory=FakeChainStore)
    index: FakeChainIndex = field(default_factory=FakeChainIndex)
    anchors: FakeAnchorStore = field(default_factory=FakeAnchorStore)

    @property
    def ledger(self) -> AuditLedger:
        return AuditLedger(self.store, self.index, "dev", clock=lambda: NOW)

    @property
    def auditor(self) -> Auditor:
        return Auditor(self.store, self.index, self.anchors, "dev")

    def anchor(self, hour: int) -> Anchor | None:
        return AnchoringService(self.store, self.anchors, "dev").anchor(NOW + hour * HOUR)

    def links(self, chain: str = "dev") -> list[ChainLink]:
        return list(self.store.links(chain))

    def found(self, given: tuple[Known, ...] = ()) -> list[tuple[str, int]]:
        return [(fault.kind, fault.sequence) for fault in self.auditor.verify(given).faults]

    def succeed(self, actor: str = "ada") -> Succession:
        return self.auditor.succeed(reason="it was tampered with", actor=actor, at=NOW).succession


def twelve_links() -> Account:
    """Anchored at links 5 and 9."""
    made = Account()
    for hour, numbers in enumerate((range(1, 6), range(6, 10), range(10, 13))):
        made.ledger.append([make_record(number) for number in numbers])
        if hour < 2:
            made.anchor(hour)
    return made


@pytest.fixture
def account() -> Account:
    return twelve_links()


def rewrite(account: Account, first: int) -> None:
    """The newest links written anew, each with its digest."""
    links = make_links(12)
    previous = links[first - 2].digest if first > 1 else EMPTY.digest
    for item in links[first - 1 :]:
        record = item.record.model_copy(update={"actor": "mallory"})
        forged = link(record, sequence=item.sequence, previous_digest=previous)
        account.store.kept["dev", item.sequence] = forged.to_json()
        previous = forged.digest


def remove(account: Account, first: int, last: int = 12) -> None:
    for sequence in range(first, last + 1):
        del account.store.kept["dev", sequence]


def forget(account: Account, first: int) -> None:
    """The table told to know nothing of a chain's end."""
    for place in [place for place in account.index.entries if place[1] >= first]:
        del account.index.entries[place]
    if first > 1:
        account.index.heads["dev"] = Head(first - 1, make_links(first - 1)[-1].digest)
    else:
        account.index.heads.clear()


def rewrite_table_too(account: Account, first: int) -> None:
    rewrite(account, first)
    links = (account.store.kept["dev", sequence] for sequence in range(1, 13))
    account.index = FakeChainIndex.of([ChainLink.model_validate_json(content) for content in links])


def put_stray(account: Account, name: str) -> None:
    account.store.strays["dev"] = [name]


def spoil(account: Account, sequence: int) -> None:
    account.store.kept["dev", sequence] = b"{}"


def lie_in_table(account: Account, sequence: int) -> None:
    entry = account.index.entries["dev", sequence]
    account.index.entries["dev", sequence] = replace(entry, digest="f" * 64)


def drop_from_table(account: Account, sequence: int) -> None:
    del account.index.entries["dev", sequence]


def misfile(account: Account, sequence: int, **changes: str) -> None:
    entry = account.index.entries["dev", sequence]
    account.index.entries["dev", sequence] = replace(entry, **changes)


def lie_in_anchor(account: Account) -> None:
    first = min(account.anchors.kept)
    account.anchors.kept[first] = account.anchors.kept[first].model_copy(update={"digest": "e" * 64})


def everything_gone(account: Account) -> None:
    remove(account, 1)
    forget(account, 1)


INDEX_AT_3 = [("index changed", 3)]
TAMPERINGS: dict[str, tuple[Callable[[Account], None], list[tuple[str, int]]]] = {
    "nothing": (lambda account: None, []),
    "tail rewritten": (lambda account: rewrite(account, 10), [("tail rewritten", 10)]),
    "one link rewritten at the end": (lambda account: rewrite(account, 12), [("tail rewritten", 12)]),
    "all rewritten": (lambda account: rewrite(account, 1), [("tail rewritten", 1)]),
    "rewritten with the table": (lambda account: rewrite_table_too(account, 8), [("tail rewritten", 6)]),
    "tail removed": (lambda account: remove(account, 10), [("tail removed", 10)]),
    "tail removed with the table's": (
        lambda account: (remove(account, 8), forget(account, 8))[0],
        [("tail removed", 8)],
    ),
    "all removed": (everything_gone, [("tail removed", 1)]),
    "middle removed": (lambda account: remove(account, 4, 6), [("middle removed", 4)]),
    "beginning removed": (lambda account: remove(account, 1, 3), [("middle removed", 1)]),
    "stray": (lambda account: put_stray(account, "000000000003-copy"), [("stray put in", 0)]),
    "stray at the next place": (lambda account: spoil(account, 13), [("stray put in", 13)]),
    "stray over a link": (lambda account: spoil(account, 7), [("stray put in", 7)]),
    "written over": (lambda account: account.store.again.add(("dev", 4)), [("forked", 4)]),
    "tail written over": (
        lambda account: account.store.again.update({("dev", 11), ("dev", 12)}),
        [("tail rewritten", 11)],
    ),
    "table's entry changed": (lambda account: lie_in_table(account, 3), INDEX_AT_3),
    "table's entry removed": (lambda account: drop_from_table(account, 3), INDEX_AT_3),
    "table's entry by record removed": (lambda account: account.index.lost.add(("dev", 3, "record")), INDEX_AT_3),
    "table's entry by subject removed": (lambda account: account.index.lost.add(("dev", 3, "subject")), INDEX_AT_3),
    "table's subject changed": (lambda account: misfile(account, 3, subject="dev-control"), INDEX_AT_3),
    "table's record changed": (lambda account: misfile(account, 3, record_id="plan/0099"), INDEX_AT_3),
    "table's kind changed": (lambda account: misfile(account, 3, kind="outcome"), INDEX_AT_3),
    "anchor changed": (lie_in_anchor, [("anchors changed", 5)]),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_the_verdict_says_what_was_done_and_from_which_link_on(name: str, account: Account) -> None:
    tamper, faults = TAMPERINGS[name]
    tamper(account)
    assert account.found() == faults
    verdict = account.auditor.verify()
    assert verdict.intact is not bool(faults)
    assert all(kind in " ".join(verdict.lines) for kind, _ in faults)


def test_hours_without_an_anchor_between_two_are_told(account: Account) -> None:
    account.anchor(2)
    account.anchor(30)
    assert any("no anchor is kept of 27 hours" in line for line in account.auditor.verify().lines)


def test_what_a_record_says_writes_no_line_of_its_own(account: Account) -> None:
    account.store.strays["dev"] = ["x\x1b[2J\nChain dev is intact: 999 links"]
    lines = account.auditor.verify().lines
    assert all(line.isprintable() for line in lines)
    assert any("x\\x1b[2J\\nChain dev is intact" in line for line in lines)


def test_an_intact_chain_prints_the_anchor_that_holds_it_later(account: Account) -> None:
    verdict = account.auditor.verify()
    assert (verdict.links, verdict.anchors) == (12, 2)
    assert verdict.anchor == f"dev/12:{account.links()[-1].digest}"
    assert "intact: 12 links" in verdict.sentence


@pytest.mark.parametrize(
    ("tamper", "faults"),
    [
        pytest.param(lambda account: rewrite_table_too(account, 11), [("tail rewritten", 10)], id="rewritten"),
        pytest.param(
            lambda account: (remove(account, 11), forget(account, 11)), [("tail removed", 11)], id="removed"
        ),
    ],
)  # fmt: skip
def test_what_was_done_since_the_last_anchor_shows_by_one_that_was_given(
    tamper: Callable[[Account], None], faults: list[tuple[str, int]], account: Account
) -> None:
    kept = Known("dev", 12, account.links()[-1].digest)
    tamper(account)
    assert account.found() == []
    assert account.found((kept,)) == faults


@given(data=st.data())
def test_no_rewriting_or_removal_before_the_newest_witness_is_missed(data: st.DataObject) -> None:
    account = twelve_links()
    first = data.draw(st.integers(1, 12))
    if data.draw(st.booleans()):
        rewrite(account, first)
    else:
        remove(account, first, data.draw(st.integers(first, 12)))
    if data.draw(st.booleans()):
        account.index = FakeChainIndex.of(account.links()) if first <= 9 else account.index
    (kind, place), *_ = account.found()
    assert place <= first
    assert kind in {"tail rewritten", "tail removed", "middle removed", "rewritten"}


def test_the_store_alone_is_judged_by_itself() -> None:
    assert verify_chain(FakeChainStore.of(make_links(3)), "dev").links == 3


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

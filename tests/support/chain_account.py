"""One chain in memory with its table and its anchors, and what can be done to it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from quantos.audit.anchoring import AnchoringService
from quantos.audit.auditor import Auditor
from quantos.audit.chain import EMPTY, Head, link
from quantos.audit.ledger import AuditLedger
from quantos.audit.verification import Known
from quantos.contracts.audit import Anchor, ChainLink, Succession
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

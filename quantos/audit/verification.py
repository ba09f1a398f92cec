"""Holds a chain and its successors to what is known of them elsewhere: the table's entries and the anchors.

A chain that was rewritten from some link to its end is sound in itself, and one cut off at its end too. What its writer
cannot reach shows both: anchors, and those that a person kept. An anchor proves all links up to its own, so where the
table alone says otherwise it is the table that was changed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from quantos.audit.chain import Fault, Head, generation_number
from quantos.audit.held import HeldChain
from quantos.audit.ports import IndexPlace
from quantos.audit.verdict import Verdict
from quantos.audit.walk import Walk
from quantos.contracts.audit import Anchor


class Known(NamedTuple):
    """A link as something beside the chain knows it. `chain` is its generation."""

    chain: str
    sequence: int
    digest: str


@dataclass(frozen=True, kw_only=True)
class Index:
    """What the table knows: how far it has got by generation, and its entries in any order."""

    heads: Mapping[str, Head]
    entries: Iterable[IndexPlace]


@dataclass(frozen=True, kw_only=True)
class Witnesses:
    """What is known beside the chain.

    `anchors` come in order of their hours; `given` are those that a person kept; `faults` were found in reading them.
    """

    index: Index | None = None
    anchors: Sequence[Anchor] = ()
    given: Sequence[Known] = ()
    faults: Sequence[Fault] = ()


def judge(walks: Sequence[Walk], witnesses: Witnesses) -> Verdict:
    """The verdict on a chain's generations, the oldest first, of which there is at least one."""
    successions = tuple(walk.opened_by for walk in walks if walk.opened_by)
    ends = {begun.succession.closes: begun.succession for begun in successions}
    held = _Held({walk.chain: HeldChain(walk, ends.get(walk.chain)) for walk in walks})
    agreeing = [anchor for anchor in witnesses.anchors if held.agrees(*_known(anchor))]
    for given in witnesses.given:
        held.agrees(given, "an anchor that was given")
    if witnesses.index is not None:
        held.hold_index(witnesses.index)
    return Verdict(
        chain=walks[-1].chain,
        head=walks[-1].head,
        links=sum(walk.head.sequence for walk in walks),
        faults=(*held.faults(witnesses.index), *witnesses.faults),
        successions=successions,
        closed=walks[-1].closed_by is not None,
        anchors=len(agreeing),
        newest_anchor=agreeing[-1] if agreeing else None,
        hours_unanchored=_hours_between(witnesses.anchors),
    )


@dataclass
class _Held:
    """All generations by name, and what is known of others."""

    chains: Mapping[str, HeldChain]
    gone: dict[str, str] = field(default_factory=dict)

    def agrees(self, known: Known, witness: str) -> bool:
        """Hold a generation to what its writer cannot write."""
        if known.chain in self.chains:
            return self.chains[known.chain].hold(Head(known.sequence, known.digest), witness)
        self.gone.setdefault(known.chain, f"{witness} knows link {known.sequence}")
        return False

    def hold_index(self, index: Index) -> None:
        """Hold every generation to the table's entries, and to its heads as such."""
        for entry in index.entries:
            if entry.chain in self.chains:
                self.chains[entry.chain].hold_index(entry)
            else:
                self.gone.setdefault(entry.chain, f"the table knows link {entry.sequence}")
        for chain, head in index.heads.items():
            if head.sequence:
                self.chains[chain].hold_index_head(head)

    def faults(self, index: Index | None) -> Iterator[Fault]:
        """What is wrong, by generation."""
        for chain, item in self.chains.items():
            yield from item.faults(index_head=None if index is None else index.heads.get(chain))
        for chain in sorted(self.gone, key=generation_number):
            yield Fault("tail removed", chain, 1, f"no link of it is there, and {self.gone[chain]}")


def _known(anchor: Anchor) -> tuple[Known, str]:
    known = Known(anchor.chain, anchor.sequence, anchor.digest)
    return known, f"the anchor of {anchor.hour:%Y-%m-%d %H:00} UTC"


def _hours_between(anchors: Sequence[Anchor]) -> int:
    """Hours between the first anchor and the last of which there is none."""
    hours = {anchor.hour for anchor in anchors}
    return round((max(hours) - min(hours)) / timedelta(hours=1)) + 1 - len(hours) if hours else 0

"""One generation of a chain, held link by link to what is known of it elsewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from quantos.audit.chain import Fault, FaultKind, Head, place_name
from quantos.audit.ports import IndexPlace
from quantos.audit.walk import Walk
from quantos.contracts.audit import Succession

_FOUND_BY: Final = {"record": 1, "subject": 2}
_EVERY: Final = sum(_FOUND_BY.values())


@dataclass
class HeldChain:
    """A generation that was read, and the comparisons made with it.

    `end` is what its successor says of its end. `proven` is the link up to which anchors prove it.
    """

    walk: Walk
    end: Succession | None = None
    proven: int = 0
    _mismatches: dict[int, str] = field(default_factory=dict)
    """Witnesses of other digests than the table, by sequence."""
    _unlike_table: int = 0
    """The first link that the table knows otherwise; 0 for none."""
    _misfiled: int = 0
    """The first link of which the table says what its record does not; 0 for none."""
    _beyond: dict[str, int] = field(default_factory=dict)
    """The greatest sequence behind the end that a witness knows."""
    _indexed: bytearray = field(init=False)

    def __post_init__(self) -> None:
        self._indexed = bytearray(self.walk.head.sequence + 1)
        if self.end is not None and self.end.last_sequence:
            self._agrees(Head(self.end.last_sequence, self.end.last_digest), f"its successor {self.end.opens}")

    def hold(self, known: Head, witness: str) -> bool:
        """Compare a link with what the chain's writer cannot write, which proves it and those before if they agree."""
        agrees = self._agrees(known, witness)
        if agrees:
            self.proven = max(self.proven, known.sequence)
        return agrees

    def _agrees(self, known: Head, witness: str) -> bool:
        if known.sequence > self.walk.head.sequence:
            self._beyond[witness] = max(known.sequence, self._beyond.get(witness, 0))
            return False
        if known.digest != self.walk.digest_at(known.sequence):
            self._mismatches.setdefault(known.sequence, witness)
            return False
        return True

    def hold_index_head(self, known: Head) -> None:
        """Compare a link with what the table says of it in one place or another."""
        if known.sequence > self.walk.head.sequence:
            self._beyond["the table"] = max(known.sequence, self._beyond.get("the table", 0))
        elif known.digest != self.walk.digest_at(known.sequence):
            self._unlike_table = min(known.sequence, self._unlike_table or known.sequence)

    def hold_index(self, entry: IndexPlace) -> None:
        """Compare a link with one of the table's entries of it."""
        self.hold_index_head(Head(entry.sequence, entry.digest))
        if entry.sequence <= self.walk.head.sequence:
            self._indexed[entry.sequence] |= _FOUND_BY[entry.found_by]
            if not self.walk.is_looked_up_by(entry.sequence, entry.about):
                self._misfiled = min(entry.sequence, self._misfiled or entry.sequence)

    def faults(self, *, index_head: Head | None) -> Iterator[Fault]:
        """What is wrong, the first in the chain first, except what a successor accounts for.

        Args:
            index_head: how far the table says it has got; None where it was not looked at.
        """
        rewritten = list(self._rewritten())
        faults = [*self.walk.faults, *rewritten, *self._removed()]
        if index_head is not None:
            faults += self._not_indexed(index_head)
        unaccounted = [fault for fault in faults if self.end is None or fault.sequence <= self.end.last_sequence]
        unaccounted += self._not_admitted(faults)
        unnamed = [fault for fault in self.walk.again if place_name(fault.sequence) not in self._named]
        yield from sorted([*unaccounted, *unnamed, *self._cut_off(rewritten)], key=lambda fault: fault.sequence)
        yield from self._strays()

    def _not_admitted(self, faults: Sequence[Fault]) -> Iterator[Fault]:
        """The first fault behind the end that the successor states, where it states no fault there.

        What it states is not compared: the link that closes the chain stands in that place by now.
        """
        if self.end is None or f" at link {self.end.last_sequence + 1}: " in self.end.fault:
            return
        behind = [fault for fault in faults if fault.sequence > self.end.last_sequence]
        first = min(behind, key=lambda fault: fault.sequence, default=None)
        if first is None:
            return
        said = f"says {self.end.fault!r}" if self.end.fault else "names no fault"
        yield self._fault(first.kind, first.sequence, f"{first.reason}; its successor {self.end.opens} {said}")

    def _rewritten(self) -> Iterator[Fault]:
        later = {sequence: witness for sequence, witness in self._mismatches.items() if sequence > self.proven}
        for sequence in self._mismatches.keys() - later.keys():
            reason = f"{self._mismatches[sequence]} has another digest of it, and a later one agrees with the chain"
            yield self._fault("anchors changed", sequence, reason)
        first = min(later, default=0)
        if 0 < self._unlike_table <= self.proven:
            yield self._fault(
                "index changed", self._unlike_table, "the table has another digest of it than the chain and its anchors"
            )
        elif self._unlike_table and not 0 < first < self._unlike_table:
            witnesses = f"the table and {later[first]}" if first else "the table"
            reason = f"{witnesses} knew other links than those that are there"
            yield self._fault("tail rewritten", self._unlike_table, reason)
        if first and not self.proven < self._unlike_table <= first:
            reason = f"{later[first]} knows another link {first}, and nothing proves those from here on"
            yield self._fault("tail rewritten", self.proven + 1, reason)

    def _removed(self) -> Iterator[Fault]:
        if self._beyond and not self.walk.stopped:
            witness, sequence = max(self._beyond.items(), key=lambda known: known[1])
            reason = f"the chain ends before it, and {witness} knows link {sequence}"
            yield self._fault("tail removed", self.walk.head.sequence + 1, reason)

    def _cut_off(self, rewritten: Sequence[Fault]) -> Iterator[Fault]:
        """A successor that names an end behind which good links stand, none of which anything knows otherwise."""
        if self.end is None or self.walk.head.sequence <= self.end.last_sequence:
            return
        place = self.end.last_sequence + 1
        closed = self.walk.closed_by is not None and self.walk.closed_by.last_sequence == self.end.last_sequence
        if not closed and not any((fault.kind, fault.sequence) == ("tail rewritten", place) for fault in rewritten):
            reason = f"good links stand from here to {self.walk.head.sequence}, and {self.end.opens} leaves them out"
            yield self._fault("forked", place, reason)

    def _not_indexed(self, index_head: Head) -> Iterator[Fault]:
        end = self.walk.head.sequence if self.end is None else self.end.last_sequence
        places = range(1, min(index_head.sequence, end, self.walk.head.sequence) + 1)
        missing = (place for place in places if self._indexed[place] != _EVERY)
        if hole := next((place for place in missing if not self.walk.is_looked_up_by(place, None)), 0):
            yield self._fault("index changed", hole, "the table lacks an entry of this link, and has those behind it")
        if self._misfiled:
            reason = "the table says of it, or where it stands, what its record does not"
            yield self._fault("index changed", self._misfiled, reason)

    def _strays(self) -> Iterator[Fault]:
        for name in self.walk.strays:
            if name not in self._named:
                yield self._fault("stray put in", 0, f"object {name} is not a place in the chain")

    @property
    def _named(self) -> tuple[str, ...]:
        """Objects that the successor names."""
        return () if self.end is None else self.end.strays

    def _fault(self, kind: FaultKind, sequence: int, reason: str) -> Fault:
        return Fault(kind, self.walk.chain, sequence, reason)

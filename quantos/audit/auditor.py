"""Verifies a chain with its successors, and begins the next where it cannot go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from quantos.audit.anchoring import read_anchors
from quantos.audit.chain import EMPTY, Begun, Fault, Head, closing_in, place_name, read_link
from quantos.audit.ports import AnchorStore, ChainIndex, ChainStore
from quantos.audit.succession import End, begin_successor, complete
from quantos.audit.verdict import Verdict
from quantos.audit.verification import Index, Known, Witnesses, judge
from quantos.audit.walk import Walk, walk
from quantos.errors import AuditError


@dataclass(frozen=True)
class Auditor:
    """Reads everything of one chain: store, table and anchors."""

    store: ChainStore
    index: ChainIndex
    anchors: AnchorStore
    chain: str

    def verify(self, given: Sequence[Known] = ()) -> Verdict:
        """The verdict on every generation. `given` are anchors that were kept elsewhere. Raises AuditError."""
        return self._judged(given)[1]

    def succeed(self, *, reason: str, actor: str, at: datetime) -> Begun:
        """Begin the successor of a chain that has a fault, or find the one that was begun for it.

        Raises:
            AuditError: nothing is wrong with the chain, or a store failed; doing it again is safe.
        """
        walks, verdict = self._judged(())
        last = walks[-1]
        if last.closed_by is not None:
            return self._complete(last)
        opened = {read.chain for read in walks[:-1]}
        faults = [fault for fault in verdict.faults if fault.chain not in opened and "changed" not in fault.kind]
        if faults:
            return begin_successor(self.store, _end(last, faults), reason=reason, actor=actor, at=at)
        if verdict.successions:
            return verdict.successions[-1]
        raise AuditError(f"chain {last.chain} can go on: nothing is wrong with it", remedy="let it be")

    def _complete(self, last: Walk) -> Begun:
        for _, content in self.store.contents(last.chain, after=last.head.sequence - 1):
            candidate = read_link(content)
            closing = None if isinstance(candidate, str) else closing_in(candidate)
            if closing is not None:
                return complete(self.store, closing)
            break
        raise AuditError(f"the link that closes {last.chain} is gone again", remedy="Run `quantos audit verify`.")

    def _judged(self, given: Sequence[Known]) -> tuple[list[Walk], Verdict]:
        walks, strange = _walks(self.store, self.chain)
        anchors, faults = read_anchors(self.anchors.objects(self.chain), chain=self.chain)
        index = Index(
            heads={name: self.index.head(name) for name in (read.chain for read in walks)},
            entries=self.index.places(self.chain),
        )
        witnesses = Witnesses(index=index, anchors=anchors, given=given, faults=(*faults, *strange))
        return walks, judge(walks, witnesses)


def verify_chain(store: ChainStore, chain: str) -> Verdict:
    """The verdict on what the store alone shows. Raises AuditError where it cannot be read."""
    walks, strange = _walks(store, chain)
    return judge(walks, Witnesses(faults=strange))


def _walks(store: ChainStore, chain: str) -> tuple[list[Walk], list[Fault]]:
    """Every generation as it was read, and folders which nothing opens as one."""
    walks = [walk(store.objects(chain), chain=chain)]
    strange: list[Fault] = []
    for name in store.generations(chain):
        successor = walk(store.objects(name), chain=name)
        if successor.opened_by and successor.opened_by.succession.closes == walks[-1].chain:
            walks.append(successor)
        else:
            reason = f"no link opens {name} as what succeeds {walks[-1].chain}"
            strange.append(Fault("stray put in", name, 1, reason))
    named = {name for read in walks if read.opened_by for name in read.opened_by.succession.strays}
    return walks, [fault for fault in strange if _folder(fault) not in named]


def _folder(fault: Fault) -> str:
    """How a successor names a folder that nothing opens."""
    return f"{fault.chain}/"


def _end(last: Walk, faults: Sequence[Fault]) -> End:
    """Where a generation ends: before the first of its faults, of which objects that do not count are none."""
    ending = [fault for fault in faults if fault.sequence and fault not in last.again and fault.chain == last.chain]
    sequence = min([last.head.sequence, *(fault.sequence - 1 for fault in ending)])
    return End(
        chain=last.chain,
        last=Head(sequence, last.digest_at(sequence)) if sequence else EMPTY,
        fault=ending[0].sentence if ending else "",
        strays=(
            *last.strays,
            *(place_name(fault.sequence) for fault in last.again),
            *(_folder(fault) for fault in faults if fault.chain != last.chain),
        ),
    )

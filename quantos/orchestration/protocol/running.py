"""Runs handlers: each effect is done where it belongs, and its answer goes back in."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias, TypeVar

from quantos.contracts.audit import AuditRecord
from quantos.orchestration.protocol.effects import (
    Acknowledge,
    AskPaused,
    Clear,
    Commit,
    Create,
    Effect,
    Load,
    LoadNodes,
    PutNodes,
    Send,
    Steps,
    Stop,
    Tell,
    Write,
)
from quantos.orchestration.protocol.ports import Cleaner, DispatchSwitch, Executor, RowStore, Sender, Witness
from quantos.orchestration.protocol.rows import Outgoing, Recorded

AnswerT = TypeVar("AnswerT")
Recorder: TypeAlias = Callable[[Commit], AuditRecord | None]
"""The record of what a commit changes; None where that needs none."""
_AUDIT: Final = "audit"


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where effects are done.

    What a commit changes is recorded in the same transaction: the record waits beside the rows until the audit topic
    has it.
    """

    rows: RowStore
    executor: Executor
    bus: Sender
    switch: DispatchSwitch
    witness: Witness
    cleaner: Cleaner
    recorder: Recorder
    _unsent: list[Outgoing] = field(default_factory=list)

    def run(self, handler: Steps[AnswerT]) -> AnswerT:
        """Run a handler to its end, and return its answer. Whatever an effect raises ends it: it is asked again."""
        answer: object = None
        while True:
            try:
                effect = handler.send(answer)
            except StopIteration as end:
                self._send_records()
                return end.value
            answer = self.do(effect)

    def resend(self, outgoing: Outgoing) -> None:
        """Send a message that waits, whoever left it, and remove it."""
        self.bus.send(outgoing.message)
        self.rows.commit((), (outgoing,))

    def do(self, effect: Effect) -> object:
        """Do one effect, and return its answer."""
        match effect:
            case Load(keys):
                return self.rows.load(keys)
            case LoadNodes(run, digest):
                return self.rows.load_nodes(run, digest)
            case Commit():
                return self._commit(effect)
            case PutNodes(nodes):
                return self.rows.put_nodes(nodes)
            case Send(message):
                return self.bus.send(message)
            case Tell(message, submission):
                return self.witness.tell(message, submission)
            case Clear(submission, attempts):
                return self.cleaner.clear(submission, attempts)
            case AskPaused():
                return self.switch.paused()
            case Create() | Stop() | Acknowledge():
                return self._ask_executor(effect)

    def _ask_executor(self, effect: Create | Stop | Acknowledge) -> None:
        match effect:
            case Create(order):
                self.executor.create(order)
            case Stop(attempt):
                self.executor.stop(attempt)
            case Acknowledge(attempt):
                self.executor.acknowledge(attempt)

    def _commit(self, commit: Commit) -> bool:
        record = self.recorder(commit)
        if record is None:
            return self.rows.commit(commit.writes, commit.removes)
        waiting = Outgoing(id=f"{_AUDIT}/{record.record_id}", message=Recorded(record))
        written = self.rows.commit((*commit.writes, Write(waiting, new=True)), commit.removes)
        if written:
            self._unsent.append(replace(waiting, version=1))
        return written

    def _send_records(self) -> None:
        while self._unsent:
            self.resend(self._unsent[0])
            del self._unsent[0]

"""Runs handlers: each effect is done where it belongs, and its answer goes back in."""

from dataclasses import dataclass
from typing import TypeVar

from quantos.orchestration.protocol.effects import (
    Acknowledge,
    AskPaused,
    Commit,
    Create,
    Effect,
    Load,
    LoadNodes,
    PutNodes,
    Send,
    Steps,
    Stop,
)
from quantos.orchestration.protocol.ports import DispatchSwitch, Executor, RowStore, Sender

AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where effects are done."""

    rows: RowStore
    executor: Executor
    bus: Sender
    switch: DispatchSwitch

    def run(self, handler: Steps[AnswerT]) -> AnswerT:
        """Run a handler to its end, and return its answer. Whatever an effect raises ends it: it is asked again."""
        answer: object = None
        while True:
            try:
                effect = handler.send(answer)
            except StopIteration as end:
                return end.value
            answer = self.do(effect)

    def do(self, effect: Effect) -> object:
        """Do one effect, and return its answer."""
        match effect:
            case Load(keys):
                return self.rows.load(keys)
            case LoadNodes(run, digest):
                return self.rows.load_nodes(run, digest)
            case Commit(writes, removes):
                return self.rows.commit(writes, removes)
            case PutNodes(nodes):
                return self.rows.put_nodes(nodes)
            case Create(order):
                return self.executor.create(order)
            case Stop(attempt):
                return self.executor.stop(attempt)
            case Acknowledge(attempt):
                return self.executor.acknowledge(attempt)
            case Send(message):
                return self.bus.send(message)
            case AskPaused():
                return self.switch.paused()

"""The bus as the protocol asks for it: messages between functions, and what an executor is asked."""

from dataclasses import dataclass

from quantos.contracts import topics
from quantos.messaging.ports import Message as BusMessage
from quantos.messaging.ports import Publisher
from quantos.orchestration.adapters.messages import encode
from quantos.orchestration.protocol.effects import Acknowledge, Create, Stop
from quantos.orchestration.protocol.rows import AttemptKey, Message, Order, Recorded


@dataclass(frozen=True)
class TopicSender:
    """Messages by topic; those of one run keep their order, audit records those of their chain."""

    publisher: Publisher

    def send(self, message: Message) -> None:
        """Send one. Raises BusError; sending again is safe."""
        if isinstance(message, Recorded):
            record = message.record
            value = record.to_json()
            self.publisher.publish([BusMessage(topics.AUDIT_RECORDS, record.chain, value)])
        else:
            self.publisher.publish([encode(message)])


@dataclass(frozen=True)
class TopicExecutor:
    """An executor behind the topic `orch.attempts`: whoever consumes it keeps the names. Key: the attempt."""

    publisher: Publisher

    def create(self, order: Order) -> None:
        """Ask for an attempt to run."""
        self.publisher.publish([encode(Create(order))])

    def stop(self, attempt: AttemptKey) -> None:
        """Ask for an attempt to end, or never to begin."""
        self.publisher.publish([encode(Stop(attempt))])

    def acknowledge(self, attempt: AttemptKey) -> None:
        """Say that what became of it is kept."""
        self.publisher.publish([encode(Acknowledge(attempt))])

"""Messages of orchestration out of a Kafka event; what is none becomes a dead letter."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from lambdas.records import KafkaRecord
from quantos.errors import OrchestrationError
from quantos.messaging.dead_letter import dead_letter
from quantos.messaging.ports import Message, Publisher
from quantos.orchestration.adapters.messages import Wire, decode

MessageT = TypeVar("MessageT")


def messages(
    batch: Sequence[KafkaRecord], *kinds: type[MessageT], topic: str, publisher: Publisher
) -> tuple[list[MessageT], int]:
    """The messages of a batch, and how many of its records were none of these kinds and are dead letters."""
    taken: list[MessageT] = []
    letters: list[Message] = []
    for record in batch:
        for message, why in _read(record):
            if isinstance(message, kinds):
                taken.append(message)
            else:
                detail = why or f"{type(message).__name__} is none that this function takes"
                letters.append(dead_letter(record, reason="unreadable", detail=detail, intake=[topic]))
    if letters:
        publisher.publish(letters)
    return taken, len(letters)


def _read(record: KafkaRecord) -> Iterator[tuple[Wire | None, str]]:
    if record.damage is not None:
        yield None, record.damage
        return
    try:
        yield decode(record.value), ""
    except OrchestrationError as exc:
        yield None, exc.what

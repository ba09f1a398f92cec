"""How the domain publishes; consuming is AWS's (or the sandbox's event loop's) part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Message:
    """One record for a topic; records of one key keep their order."""

    topic: str
    key: str
    value: bytes


class Publisher(Protocol):
    """A bus that has taken a record for good once `publish` returns."""

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish all in order, and return when every one is acknowledged. Raises BusError; then some may be out."""
        ...


class TopicRecord(Protocol):
    """A record as a topic delivered it."""

    @property
    def topic(self) -> str:
        """The topic it was read from."""
        ...

    @property
    def partition(self) -> int:
        """Its partition of the topic."""
        ...

    @property
    def offset(self) -> int:
        """Its offset in the partition."""
        ...

    @property
    def key(self) -> str:
        """Its key, empty when it has none."""
        ...

    @property
    def value(self) -> bytes:
        """Its payload."""
        ...

    @property
    def damage(self) -> str | None:
        """Why it cannot be told what was sent; then `value` is what arrived in its place."""
        ...

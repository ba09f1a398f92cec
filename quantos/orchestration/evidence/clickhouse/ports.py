"""What loading needs from outside: a chain to read, and a ClickHouse."""

from collections.abc import Iterator
from typing import Protocol

from quantos.contracts.audit import ChainLink


class Links(Protocol):
    """A chain and its successors."""

    def links(self, chain: str, *, after: int = 0) -> Iterator[ChainLink]:
        """Links at the places behind `after`, in order. Raises AuditError for what is not a link."""
        ...

    def generations(self, chain: str) -> tuple[str, ...]:
        """Names of the chain's successors, the oldest first. Raises AuditError."""
        ...


class ClickHouse(Protocol):
    """A server, or the engine in this process; both take the same text."""

    def run(self, statement: str, data: bytes = b"") -> bytes:
        """Run one statement, with the rows of an insert, and return what it answers. Raises AuditError."""
        ...

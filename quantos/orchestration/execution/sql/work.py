"""What an engine of SQL is given, and gives back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from quantos.lake.tables import Snapshot, Stamp, TableName
from quantos.orchestration.execution.classify import ExitFacts
from quantos.orchestration.execution.local import Evidence, Given
from quantos.orchestration.sql.query import Query

MOST_ROWS: Final = 50_000_000
MOST_BYTES: Final = 8 * 1024**3
"""Of a result, as its data files have them."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """A query whose result becomes a table. Key: the table, whose name is the attempt's alone.

    Attributes:
        name: the attempt's, for people.
        query: to be run.
        pins: snapshots of the tables that it reads.
        inputs: tables and snapshots of the inputs that it reads.
        target: the table to be made.
        traceparent: the attempt's place in its trace; "" where there is none.
    """

    name: str
    query: Query
    pins: Mapping[TableName, str]
    inputs: Mapping[str, tuple[TableName, str]]
    target: TableName
    stamp: Stamp
    given: Given
    traceparent: str = ""


@dataclass(frozen=True, kw_only=True)
class Made:
    """How it went.

    Attributes:
        snapshot: of the table that was made; None where none was.
    """

    facts: ExitFacts
    evidence: Evidence
    snapshot: Snapshot | None = None


class SqlEngine(Protocol):
    """Runs queries in Trino's dialect over the lake."""

    def run(self, work: Work) -> Made:
        """Make the table, or find the one that was made for the same work.

        Raises OrchestrationError or LakeError where what it needs cannot be had; nothing was run then.
        """
        ...

    def stop(self, name: str) -> None:
        """Have the attempt of a name end, where it runs."""
        ...


def over(rows: int, size_bytes: int) -> str:
    """Which limit a result is over; "" where it is over none."""
    if rows > MOST_ROWS:
        return f"its result has more than {MOST_ROWS} rows"
    return f"its result has more than {MOST_BYTES} bytes" if size_bytes > MOST_BYTES else ""

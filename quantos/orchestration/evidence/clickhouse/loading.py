"""The audit chain loaded into ClickHouse, from where it was loaded to before. Key: the record."""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quantos.audit.chain import EMPTY, Head, followed_by, stored
from quantos.contracts.audit import ChainLink
from quantos.errors import AuditError
from quantos.orchestration.evidence.clickhouse.ports import ClickHouse, Links
from quantos.orchestration.evidence.clickhouse.rows import TABLES, TableRow, rows_of

BATCH: Final = 5_000
_FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True)
class Loaded:
    """What a load added: links, and the last place of each generation."""

    links: int
    heads: dict[str, Head]


def statement(name: str) -> str:
    """The SQL of a name, as it lies in this folder."""
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def create(clickhouse: ClickHouse) -> None:
    """Make what tables are missing. Raises AuditError."""
    for name in ("database", *TABLES):
        clickhouse.run(statement(name))


def load(chain: str, source: Links, clickhouse: ClickHouse, *, batch: int = BATCH) -> Loaded:
    """Add the links of a chain and its successors that are not there yet, each held to the one before it.

    A load that dies is gone on with by the next: links are written behind what they tell, and what is written twice
    counts once.

    Raises:
        AuditError: the chain does not follow from what was loaded, or ClickHouse does not take it.
    """
    create(clickhouse)
    heads = _heads(clickhouse)
    count = 0
    for generation in (chain, *source.generations(chain)):
        head = heads.get(generation, EMPTY)
        for links in _batches(source.links(generation, after=head.sequence), batch):
            head = _checked(links, head, chain=generation)
            _insert(clickhouse, links)
            heads[generation] = head
            count += len(links)
    return Loaded(count, heads)


def answers(clickhouse: ClickHouse, name: str) -> list[dict[str, str | int]]:
    """The rows of a query of this folder, such as `quota_by_day`. Raises AuditError."""
    return [json.loads(line) for line in clickhouse.run(statement(name)).splitlines()]


def _heads(clickhouse: ClickHouse) -> dict[str, Head]:
    rows = answers(clickhouse, "last_link")
    return {str(row["chain"]): Head(int(row["last"]), str(row["last_digest"])) for row in rows}


def _checked(links: Sequence[ChainLink], head: Head, *, chain: str) -> Head:
    for link in links:
        candidate = stored(link)
        fault = followed_by(head, candidate, chain=chain)
        if fault is not None:
            raise AuditError(f"{chain} cannot be loaded: {fault.sentence}", remedy="Run `quantos audit verify`.")
        head = candidate.head
    return head


def _insert(clickhouse: ClickHouse, links: Sequence[ChainLink]) -> None:
    rows: dict[str, list[TableRow]] = {table: [] for table in TABLES}
    for link in links:
        for table, row in rows_of(link):
            rows[table].append(row)
    for table in TABLES:
        if rows[table]:
            data = "\n".join(json.dumps(row, separators=(",", ":")) for row in rows[table])
            clickhouse.run(f"INSERT INTO quantos.{table} FORMAT JSONEachRow", data.encode())


def _batches(links: Iterable[ChainLink], size: int) -> Iterator[list[ChainLink]]:
    remaining = iter(links)
    while batch := list(itertools.islice(remaining, size)):
        yield batch

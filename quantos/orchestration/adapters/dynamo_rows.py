"""Rows of submissions in a DynamoDB table.

Items have the string keys `pk` and `sk`: `node/<run>/<digest>` and the node's id, `outgoing/<shard>` and the message's
id, for all other rows their key and `-`. `version` is the row's, `kind` says which row it is, `row` holds it as JSON.
Beside each run stands an item in its team's list, one among the open runs until it has ended, and one by the end of
its ttl from then on until it is cleared, of the same transaction: so that lists are as the rows are.
"""

import heapq
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from botocore.exceptions import ClientError
from pydantic import TypeAdapter

from quantos.adapters.aws import AWS, error_code
from quantos.adapters.dynamo import read_items
from quantos.errors import OrchestrationError
from quantos.orchestration.protocol.effects import Write
from quantos.orchestration.protocol.rows import AccountRow, Identity, Node, Outgoing, Pipeline, Row, RunKey, Submission
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

    Item: TypeAlias = dict[str, AttributeValueTypeDef]

WRITES_A_CALL: Final = 100
ATTEMPTS: Final = 8
SHARDS: Final = 8
"""Of what everybody writes to, since one partition takes a thousand writes a second."""
_ONLY: Final = "-"
_NODE: Final = "node/"
_OUTGOING: Final = "outgoing/"
_OPEN: Final = "open/"
_DUE: Final = "due/"
_LIST: Final = "list/"
_REMEDY: Final = "Check that the control layer is up and that this role may use the orchestration table."
_READERS: Final[dict[str, TypeAdapter[Row]]] = {
    kind.__name__: TypeAdapter(kind) for kind in (AccountRow, Identity, Node, Outgoing, Pipeline, Submission)
}
_AS_READ: Final = "#version = :version"
_NAMES: Final = {"#version": "version"}
_REFUSED: Final = frozenset({"ConditionalCheckFailed", "TransactionConflict"})


@dataclass(frozen=True)
class DynamoRows:
    """A RowStore in a table with the keys `pk` and `sk`."""

    client: "DynamoDBClient"
    table: str

    def load(self, keys: Sequence[str]) -> tuple[Row | None, ...]:
        """Rows as they are now, None for what is not there. Raises OrchestrationError."""
        with self._trying_to("read"):
            items, whole = read_items(
                self.client, self.table, [_key(key) for key in dict.fromkeys(keys)], attempts=ATTEMPTS
            )
        if not whole:
            raise self._overloaded("read")
        rows = {row.key: row for row in map(_row, items)}
        return tuple(rows.get(key) for key in keys)

    def load_nodes(self, run: RunKey, digest: str) -> tuple[Node, ...]:
        """All nodes of a run of what has a digest, in order of their ids. Raises OrchestrationError."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="pk = :nodes",
            ExpressionAttributeValues={":nodes": {"S": f"{_NODE}{run}/{digest}"}},
            ConsistentRead=True,
        )
        with self._trying_to("read"):
            rows = [_row(item) for page in pages for item in page["Items"]]
        return tuple(row for row in rows if isinstance(row, Node))

    def commit(self, writes: Sequence[Write], removes: Sequence[Row]) -> bool:
        """Write and remove rows on their versions, all or none; False where one is another.

        Raises:
            OrchestrationError: it is not known to have been written, or not; asking again is safe.
        """
        marks = [mark for write in writes for mark in self._marks(write)]
        return self._transact([*map(self._put, writes), *marks, *map(self._delete, removes)])

    def put_nodes(self, nodes: Sequence[Node]) -> None:
        """Put nodes that are not there yet; others stay as they are. Raises OrchestrationError."""
        for start in range(0, len(nodes), WRITES_A_CALL):
            some = nodes[start : start + WRITES_A_CALL]
            for _ in range(ATTEMPTS):
                present = {row.key for row in self.load([node.key for node in some]) if row is not None}
                missing = [Write(node, new=True) for node in some if node.key not in present]
                if not missing or self.commit(missing, ()):
                    break
            else:
                raise self._overloaded("write")

    def open_runs(self) -> Iterator[RunKey]:
        """All runs that have not ended, in no order. Raises OrchestrationError."""
        for shard in range(SHARDS):
            yield from (_run(sort) for sort, _ in self._pages(f"{_OPEN}{shard}"))

    def due_runs(self, now_ms: int) -> Iterator[RunKey]:
        """Runs whose ttl is over at a moment, epoch milliseconds, and that are not cleared; the longest over first.
        Raises OrchestrationError.
        """
        before = f"{now_ms:015d}"
        shards = [self._pages(f"{_DUE}{shard}", before=before) for shard in range(SHARDS)]
        for place, _ in heapq.merge(*shards, key=lambda item: item[0]):
            yield _run(place.partition("/")[2])

    def outgoing(self) -> Iterator[Outgoing]:
        """All messages that wait, in no order. Raises OrchestrationError."""
        for shard in range(SHARDS):
            for _, item in self._pages(f"{_OUTGOING}{shard}"):
                row = _row(item)
                if isinstance(row, Outgoing):
                    yield row

    def runs_of(self, team: str, *, before: str, most: int) -> tuple[tuple[RunKey, str], ...]:
        """The last `most` runs of a team from the newest on, each with its place in the list; those before a place
        where one is given. Raises OrchestrationError.
        """
        bound = " AND sk < :before" if before else ""
        values = {":list": {"S": f"{_LIST}{team}"}} | ({":before": {"S": before}} if before else {})
        with self._trying_to("read"):
            items = self.client.query(
                TableName=self.table,
                KeyConditionExpression=f"pk = :list{bound}",
                ExpressionAttributeValues=values,
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=most,
            )["Items"]
        places = [item["sk"].get("S", "") for item in items]
        return tuple((_run(f"{team}/{place.partition('/')[2]}"), place) for place in places)

    def _pages(self, partition: str, *, before: str = "") -> "Iterator[tuple[str, Item]]":
        """Items of a partition in order, each with its place; those before a place where one is given."""
        bound = " AND sk < :before" if before else ""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression=f"pk = :partition{bound}",
            ExpressionAttributeValues={":partition": {"S": partition}} | ({":before": {"S": before}} if before else {}),
            ConsistentRead=True,
        )
        with self._trying_to("read"):
            for page in pages:
                yield from ((item["sk"].get("S", ""), item) for item in page["Items"])

    def _marks(self, write: Write) -> "Iterator[TransactWriteItemTypeDef]":
        """What stands beside a run in lists."""
        row = write.row
        if not isinstance(row, Submission):
            return
        shard = _shard(str(row.run))
        among_open = _place(f"{_OPEN}{shard}", str(row.run))
        if write.new:
            place = f"{row.terms.submitted_ms:015d}/{row.run.submission_id}/{row.run.run}"
            for key in (among_open, _place(f"{_LIST}{row.run.team}", place)):
                yield {"Put": {"TableName": self.table, "Item": key}}
        elif row.kept_until_ms is not None:
            due = _place(f"{_DUE}{shard}", f"{row.kept_until_ms:015d}/{row.run}")
            if row.cleared_ms is None:
                yield {"Delete": {"TableName": self.table, "Key": among_open}}
                yield {"Put": {"TableName": self.table, "Item": due}}
            else:
                yield {"Delete": {"TableName": self.table, "Key": due}}

    def _transact(self, items: "list[TransactWriteItemTypeDef]") -> bool:
        with self._trying_to("write"):
            try:
                self.client.transact_write_items(TransactItems=items)
            except ClientError as exc:
                if error_code(exc) != "TransactionCanceledException":
                    raise
                reasons = {reason.get("Code") for reason in exc.response.get("CancellationReasons", [])} - {"None"}
                if not reasons or not reasons <= _REFUSED:
                    raise
                return False
        return True

    def _put(self, write: Write) -> "TransactWriteItemTypeDef":
        kept = replace(write.row, version=write.row.version + 1)
        item = _key(kept.key) | {
            "version": {"N": str(kept.version)},
            "kind": {"S": type(kept).__name__},
            "row": {"S": _READERS[type(kept).__name__].dump_json(kept).decode()},
        }
        if write.new:
            return {"Put": {"TableName": self.table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}
        return {
            "Put": {
                "TableName": self.table,
                "Item": item,
                "ConditionExpression": _AS_READ,
                "ExpressionAttributeNames": _NAMES,
                "ExpressionAttributeValues": _version(write.row),
            }
        }

    def _delete(self, row: Row) -> "TransactWriteItemTypeDef":
        return {
            "Delete": {
                "TableName": self.table,
                "Key": _key(row.key),
                "ConditionExpression": _AS_READ,
                "ExpressionAttributeNames": _NAMES,
                "ExpressionAttributeValues": _version(row),
            }
        }

    def _overloaded(self, verb: str) -> OrchestrationError:
        return OrchestrationError(
            f"the table {self.table} did not {verb} everything in {ATTEMPTS} attempts",
            remedy="Ask again; the table takes more once it has scaled.",
            retryable=True,
        )

    def _trying_to(self, verb: str) -> AbstractContextManager[None]:
        what = f"could not {verb} the table {self.table}"
        return translated(AWS, into=OrchestrationError, what=what, remedy=_REMEDY)


def _key(key: str) -> "Item":
    if key.startswith(_OUTGOING):
        name = key.removeprefix(_OUTGOING)
        return _place(f"{_OUTGOING}{_shard(name)}", name)
    partition, _, place = key.rpartition("/") if key.startswith(_NODE) else (key, "", _ONLY)
    return _place(partition, place)


def _place(partition: str, place: str) -> "Item":
    return {"pk": {"S": partition}, "sk": {"S": place}}


def _shard(name: str) -> int:
    return zlib.crc32(name.encode()) % SHARDS


def _run(text: str) -> RunKey:
    team, submission_id, run = text.split("/")
    return RunKey(team, submission_id, int(run))


def _version(row: Row) -> "Item":
    return {":version": {"N": str(row.version)}}


def _row(item: "Item") -> Row:
    kind, text = item.get("kind", {}).get("S", ""), item.get("row", {}).get("S", "")
    if kind not in _READERS:
        raise OrchestrationError(f"the table holds a row of kind {kind!r}", remedy="Use the version that wrote it.")
    return _READERS[kind].validate_json(text)

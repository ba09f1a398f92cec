"""Rows of submissions in a DynamoDB table.

Items have the string keys `pk` and `sk`: `node/<run>/<digest>` and the node's id, for all other rows their key and `-`.
`version` is the row's, `kind` says which row it is, `row` holds it as JSON.
"""

from collections.abc import Sequence
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
_ONLY: Final = "-"
_NODE: Final = "node/"
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
        return self._transact([*map(self._put, writes), *map(self._delete, removes)])

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
    partition, _, place = key.rpartition("/") if key.startswith(_NODE) else (key, "", _ONLY)
    return {"pk": {"S": partition}, "sk": {"S": place}}


def _version(row: Row) -> "Item":
    return {":version": {"N": str(row.version)}}


def _row(item: "Item") -> Row:
    kind, text = item.get("kind", {}).get("S", ""), item.get("row", {}).get("S", "")
    if kind not in _READERS:
        raise OrchestrationError(f"the table holds a row of kind {kind!r}", remedy="Use the version that wrote it.")
    return _READERS[kind].validate_json(text)

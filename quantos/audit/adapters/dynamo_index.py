"""The audit table: a projection of the chain to look records up in.

Items, all with string keys: `record/<chain>/<record_id>` at `-`, and `subject/<chain>/<subject>` at
`<sequence, twelve digits>`, for each link; `head/<chain>` at `-` for how far the projection has got. A link's items and
the head move in one transaction, so the projection has no holes.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast, get_args

from botocore.exceptions import BotoCoreError, ClientError

from quantos.audit.chain import EMPTY, Head
from quantos.audit.ports import IndexEntry
from quantos.contracts.audit import AuditKind, ChainLink
from quantos.errors import AuditError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

LINKS_A_TRANSACTION: Final = 40
GETS_A_TRANSACTION: Final = 25
_REMEDY: Final = "Check that the control layer is up and that this role may use the audit table."
READS: Final = 5
_CONFLICTS: Final = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
_ONLY: Final = "-"


@dataclass(frozen=True)
class DynamoChainIndex:
    """A ChainIndex in a table with the keys `pk` and `sk`."""

    client: "DynamoDBClient"
    table: str

    def head(self, chain: str) -> Head:
        """The last link that the index holds; the empty chain's head before the first. Raises AuditError."""
        try:
            response = self.client.get_item(TableName=self.table, Key=_key(f"head/{chain}"), ConsistentRead=True)
        except (BotoCoreError, ClientError) as exc:
            raise self._failed("read", exc) from exc
        item = response.get("Item")
        return EMPTY if item is None else Head(int(_number(item, "sequence")), _text(item, "digest"))

    def extend(self, links: Sequence[ChainLink], *, after: Head) -> bool:
        """Add the links that follow `after`, and say whether they were: not when the index stands elsewhere."""
        for start in range(0, len(links), LINKS_A_TRANSACTION):
            some = links[start : start + LINKS_A_TRANSACTION]
            if not self._transact(some, after=after):
                return False
            after = Head(some[-1].sequence, some[-1].digest)
        return True

    def find(self, chain: str, record_ids: Collection[str]) -> dict[str, IndexEntry]:
        """Entries by record id; ids that the index does not hold are left out. Raises AuditError."""
        wanted = list(dict.fromkeys(record_ids))
        found: dict[str, IndexEntry] = {}
        for start in range(0, len(wanted), GETS_A_TRANSACTION):
            keys = [_key(_record_key(chain, one)) for one in wanted[start : start + GETS_A_TRANSACTION]]
            found |= {entry.record_id: entry for entry in _entries(self._get_all(keys))}
        return found

    def about(self, chain: str, subject: str, *, kind: AuditKind | None = None) -> tuple[IndexEntry, ...]:
        """Every entry on a subject, of one kind or of all, in order of sequence. Raises AuditError."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="pk = :subject",
            ExpressionAttributeValues={":subject": {"S": _subject_key(chain, subject)}},
            ConsistentRead=True,
        )
        try:
            entries = [entry for page in pages for entry in _entries(page.get("Items", []))]
        except (BotoCoreError, ClientError) as exc:
            raise self._failed("read", exc) from exc
        return tuple(entry for entry in entries if kind is None or entry.kind == kind)

    def _get_all(self, keys: "Sequence[dict[str, AttributeValueTypeDef]]") -> "list[dict[str, AttributeValueTypeDef]]":
        """The items there are, asked for again where a transaction that writes one of them makes DynamoDB refuse."""
        attempt = 0
        while True:
            attempt += 1
            try:
                response = self.client.transact_get_items(
                    TransactItems=[{"Get": {"TableName": self.table, "Key": key}} for key in keys]
                )
            except ClientError as exc:
                if attempt == READS or not _refusals(exc) <= _CONFLICTS:
                    raise self._failed("read", exc) from exc
            except BotoCoreError as exc:
                raise self._failed("read", exc) from exc
            else:
                return [answer["Item"] for answer in response.get("Responses", []) if "Item" in answer]

    def _transact(self, links: Sequence[ChainLink], *, after: Head) -> bool:
        writes: list[TransactWriteItemTypeDef] = [self._head_write(links[-1], after=after)]
        for link in links:
            entry = _entry_attributes(link)
            record = _key(_record_key(link.chain, link.record.record_id)) | entry
            subject = _key(_subject_key(link.chain, link.record.subject), f"{link.sequence:012d}") | entry
            writes += ({"Put": {"TableName": self.table, "Item": item}} for item in (record, subject))
        try:
            self.client.transact_write_items(TransactItems=writes)
        except ClientError as exc:
            if _refusals(exc) <= _CONFLICTS:
                return False
            raise self._failed("write", exc) from exc
        except BotoCoreError as exc:
            raise self._failed("write", exc) from exc
        return True

    def _head_write(self, last: ChainLink, *, after: Head) -> "TransactWriteItemTypeDef":
        item = _key(f"head/{last.chain}") | {"sequence": {"N": str(last.sequence)}, "digest": {"S": last.digest}}
        if after == EMPTY:
            return {"Put": {"TableName": self.table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}
        return {
            "Put": {
                "TableName": self.table,
                "Item": item,
                "ConditionExpression": "#sequence = :sequence AND #digest = :digest",
                "ExpressionAttributeNames": {"#sequence": "sequence", "#digest": "digest"},
                "ExpressionAttributeValues": {
                    ":sequence": {"N": str(after.sequence)},
                    ":digest": {"S": after.digest},
                },
            }
        }

    def _failed(self, verb: str, exc: Exception) -> AuditError:
        return AuditError(f"could not {verb} the audit table {self.table}: {exc}", remedy=_REMEDY)


def _refusals(exc: ClientError) -> set[str]:
    """Why DynamoDB cancelled a transaction, or the code of another error."""
    code = exc.response.get("Error", {}).get("Code", "")
    reasons = cast("dict[str, list[dict[str, str]]]", exc.response).get("CancellationReasons", [])
    return {reason.get("Code", "") for reason in reasons} - {"None"} or {code}


def _key(partition: str, place: str = _ONLY) -> "dict[str, AttributeValueTypeDef]":
    return {"pk": {"S": partition}, "sk": {"S": place}}


def _record_key(chain: str, record_id: str) -> str:
    return f"record/{chain}/{record_id}"


def _subject_key(chain: str, subject: str) -> str:
    return f"subject/{chain}/{subject}"


def _entry_attributes(link: ChainLink) -> "dict[str, AttributeValueTypeDef]":
    return {
        "record_id": {"S": link.record.record_id},
        "sequence": {"N": str(link.sequence)},
        "kind": {"S": link.record.kind},
        "subject": {"S": link.record.subject},
        "occurred_at": {"S": link.record.occurred_at.isoformat()},
        "digest": {"S": link.digest},
    }


def _entries(items: "Iterable[dict[str, AttributeValueTypeDef]]") -> list[IndexEntry]:
    return [
        IndexEntry(
            record_id=_text(item, "record_id"),
            sequence=int(_number(item, "sequence")),
            kind=_kind(_text(item, "kind")),
            subject=_text(item, "subject"),
            occurred_at=datetime.fromisoformat(_text(item, "occurred_at")),
            digest=_text(item, "digest"),
        )
        for item in items
    ]


def _kind(text: str) -> AuditKind:
    if text not in get_args(AuditKind):
        raise AuditError(f"the audit table holds a record of kind {text!r}", remedy="Use the version that wrote it.")
    return cast("AuditKind", text)


def _text(item: "dict[str, AttributeValueTypeDef]", name: str) -> str:
    value = item.get(name, {}).get("S")
    if value is None:
        raise AuditError(f"an item of the audit table lacks {name}", remedy="Rebuild the table from the chain.")
    return value


def _number(item: "dict[str, AttributeValueTypeDef]", name: str) -> str:
    value = item.get(name, {}).get("N")
    if value is None:
        raise AuditError(f"an item of the audit table lacks {name}", remedy="Rebuild the table from the chain.")
    return value

"""The audit table: a projection of the chain to look records up in.

Items, all with string keys: `record/<chain>/<record_id>` at `-`, and `subject/<chain>/<subject>` at
`<sequence, twelve digits>`, for each link; of a successor at `g<generation, six digits>/<sequence>`, which sorts
behind. `head/<generation's name>` at `-` says how far the projection has got. The head moves last, so below it the
projection has no holes; whoever writes a link's items writes the same ones, so twice is harmless. What is too long for
a key goes by its digest.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast, get_args

from botocore.exceptions import ClientError

from quantos.adapters.aws import AWS, error_code
from quantos.adapters.dynamo import read_items
from quantos.audit.chain import EMPTY, Head, StoredLink, chain_of, generation_number, looked_up_by
from quantos.audit.ports import IndexEntry, IndexPlace
from quantos.contracts.audit import MAX_KEY_BYTES, AuditKind
from quantos.errors import AuditError
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, WriteRequestUnionTypeDef

    Item: TypeAlias = dict[str, AttributeValueTypeDef]

WRITES_A_CALL: Final = 25
ATTEMPTS: Final = 8
_REMEDY: Final = "Check that the control layer is up and that this role may use the audit table."
_ONLY: Final = "-"


@dataclass(frozen=True)
class DynamoChainIndex:
    """A ChainIndex in a table with the keys `pk` and `sk`."""

    client: "DynamoDBClient"
    table: str

    def head(self, chain: str) -> Head:
        """The last link that the index holds; the empty chain's head before the first. Raises AuditError."""
        with self._trying_to("read"):
            response = self.client.get_item(TableName=self.table, Key=_key(f"head/{chain}"), ConsistentRead=True)
        item = response.get("Item")
        return EMPTY if item is None else Head(int(_number(item, "sequence")), _text(item, "digest"))

    def extend(self, links: Sequence[StoredLink], *, after: Head) -> bool:
        """Add the links that follow `after`, and say whether they were: not when the index stands elsewhere.

        Of a link whose record lacks what it is looked up by only the place is kept.
        """
        if not links:
            return True
        items = [item for link in links for item in _link_items(link)]
        for start in range(0, len(items), WRITES_A_CALL):
            self._put_all(items[start : start + WRITES_A_CALL])
        return self._move_head(links[-1], after=after)

    def find(self, chain: str, record_ids: Collection[str]) -> dict[str, IndexEntry]:
        """Entries by record id; ids that the index does not hold are left out. Raises AuditError."""
        keys = [_key(_record_key(chain, record_id)) for record_id in dict.fromkeys(record_ids)]
        return {entry.record_id: entry for entry in _entries(self._get_all(keys))}

    def about(self, chain: str, subject: str, *, kind: AuditKind | None = None) -> tuple[IndexEntry, ...]:
        """Every entry on a subject, of one kind or of all, in order of sequence. Raises AuditError."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="pk = :subject",
            ExpressionAttributeValues={":subject": {"S": _subject_key(chain, subject)}},
            ConsistentRead=True,
        )
        with self._trying_to("read"):
            entries = [entry for page in pages for entry in _entries(page["Items"])]
        return tuple(entry for entry in entries if kind is None or entry.kind == kind)

    def places(self, chain: str) -> Iterator[IndexPlace]:
        """Every entry, by record and by subject, in any order. Raises AuditError."""
        pages = self.client.get_paginator("scan").paginate(
            TableName=self.table,
            FilterExpression="begins_with(pk, :records) OR begins_with(pk, :subjects)",
            ExpressionAttributeValues={
                ":records": {"S": f"record/{chain}/"},
                ":subjects": {"S": f"subject/{chain}/"},
            },
            ConsistentRead=True,
        )
        with self._trying_to("read"):
            for page in pages:
                yield from map(_index_place, page["Items"])

    def _get_all(self, keys: "Sequence[Item]") -> "list[Item]":
        with self._trying_to("read"):
            items, whole = read_items(self.client, self.table, keys, attempts=ATTEMPTS)
        if not whole:
            raise self._overloaded("read")
        return items

    def _put_all(self, items: "Sequence[Item]") -> None:
        writes: list[WriteRequestUnionTypeDef] = [{"PutRequest": {"Item": item}} for item in items]
        for _ in range(ATTEMPTS):
            with self._trying_to("write"):
                response = self.client.batch_write_item(RequestItems={self.table: writes})
                left = response["UnprocessedItems"].get(self.table)
            if not left:
                return
            writes = list(left)
        raise self._overloaded("write")

    def _move_head(self, last: StoredLink, *, after: Head) -> bool:
        item = _key(f"head/{last.chain}") | {"sequence": {"N": str(last.sequence)}, "digest": {"S": last.digest}}
        with self._trying_to("write"):
            try:
                if after == EMPTY:
                    self.client.put_item(
                        TableName=self.table, Item=item, ConditionExpression="attribute_not_exists(pk)"
                    )
                else:
                    self.client.put_item(
                        TableName=self.table,
                        Item=item,
                        ConditionExpression="#sequence = :sequence AND #digest = :digest",
                        ExpressionAttributeNames={"#sequence": "sequence", "#digest": "digest"},
                        ExpressionAttributeValues={
                            ":sequence": {"N": str(after.sequence)},
                            ":digest": {"S": after.digest},
                        },
                    )
            except ClientError as exc:
                if error_code(exc) == "ConditionalCheckFailedException":
                    return False
                raise
        return True

    def _overloaded(self, verb: str) -> AuditError:
        return AuditError(
            f"the audit table {self.table} did not {verb} everything in {ATTEMPTS} attempts",
            remedy="Deliver the batch again; the table takes more once it has scaled.",
        )

    def _trying_to(self, verb: str) -> AbstractContextManager[None]:
        return translated(AWS, into=AuditError, what=f"could not {verb} the audit table {self.table}", remedy=_REMEDY)


def _key(partition: str, place: str = _ONLY) -> "Item":
    return {"pk": {"S": partition}, "sk": {"S": place}}


def _record_key(chain: str, record_id: str) -> str:
    return f"record/{chain}/{_within_a_key(record_id)}"


def _subject_key(chain: str, subject: str) -> str:
    return f"subject/{chain}/{_within_a_key(subject)}"


def _within_a_key(text: str) -> str:
    encoded = text.encode(errors="replace")
    return text if len(encoded) <= MAX_KEY_BYTES else f"sha256:{hashlib.sha256(encoded).hexdigest()}"


def _link_items(link: StoredLink) -> "tuple[Item, ...]":
    about = looked_up_by(link)
    if about is None:
        return ()
    record_id, subject, kind, at = about
    entry: Item = {
        "record_id": {"S": record_id},
        "chain": {"S": link.chain},
        "sequence": {"N": str(link.sequence)},
        "kind": {"S": kind},
        "subject": {"S": subject},
        "occurred_at": {"S": at},
        "digest": {"S": link.digest},
    }
    chain, place = chain_of(link.chain), _place(link.chain, link.sequence)
    return (_key(_record_key(chain, record_id)) | entry, _key(_subject_key(chain, subject), place) | entry)


def _place(generation: str, sequence: int) -> str:
    number = generation_number(generation)
    return f"{sequence:012d}" if number == 1 else f"g{number:06d}/{sequence:012d}"


def _index_place(item: "Item") -> IndexPlace:
    generation, sequence = _generation(item), int(_number(item, "sequence"))
    record_id, subject, _, _ = about = (
        _text(item, "record_id"), _text(item, "subject"), _text(item, "kind"), _text(item, "occurred_at"),
    )  # fmt: skip
    chain, key = chain_of(generation), {"pk": item["pk"], "sk": item["sk"]}
    by_record = key == _key(_record_key(chain, record_id))
    by_subject = key == _key(_subject_key(chain, subject), _place(generation, sequence))
    found_by: Literal["record", "subject"] = "record" if _text(item, "pk").startswith("record/") else "subject"
    stands = by_record if found_by == "record" else by_subject
    return IndexPlace(generation, sequence, _text(item, "digest"), found_by, about if stands else None)


def _entries(items: "Iterable[Item]") -> list[IndexEntry]:
    return [
        IndexEntry(
            record_id=_text(item, "record_id"),
            sequence=int(_number(item, "sequence")),
            kind=_kind(_text(item, "kind")),
            subject=_text(item, "subject"),
            occurred_at=datetime.fromisoformat(_text(item, "occurred_at")),
            digest=_text(item, "digest"),
            chain=_generation(item),
        )
        for item in items
    ]


def _generation(item: "Item") -> str:
    """The generation that holds an entry; entries from before there were several do not say it: their chain's first."""
    return item.get("chain", {}).get("S") or _text(item, "pk").split("/")[1]


def _kind(text: str) -> AuditKind:
    if text not in get_args(AuditKind):
        raise AuditError(f"the audit table holds a record of kind {text!r}", remedy="Use the version that wrote it.")
    return cast("AuditKind", text)


def _text(item: "Item", name: str) -> str:
    value = item.get(name, {}).get("S")
    if value is None:
        raise AuditError(f"an item of the audit table lacks {name}", remedy="Rebuild the table from the chain.")
    return value


def _number(item: "Item", name: str) -> str:
    value = item.get(name, {}).get("N")
    if value is None:
        raise AuditError(f"an item of the audit table lacks {name}", remedy="Rebuild the table from the chain.")
    return value

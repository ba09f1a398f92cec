"""Fakes of the audit ports, an audit table and bucket on moto, and builders of records and chains."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import boto3

from quantos.audit.adapters.dynamo_index import DynamoChainIndex
from quantos.audit.adapters.s3_chain import S3ChainStore
from quantos.audit.chain import EMPTY, GENESIS_DIGEST, ChainObject, Head, link
from quantos.audit.ports import IndexEntry
from quantos.contracts.audit import AuditKind, AuditRecord, ChainLink
from quantos.errors import AuditError

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
REGION = "us-east-1"
BUCKET = "audit"
TABLE = "audit"


def make_record(number: int = 1, **changes: object) -> AuditRecord:
    """A plan's record in chain `dev`."""
    fields: dict[str, object] = {
        "record_id": f"plan/{number:04d}",
        "chain": "dev",
        "kind": "plan",
        "subject": "dev-capacity",
        "actor": "forecast",
        "occurred_at": NOW,
        "body": {"number": number, "usd_per_hour": 2.5},
        **changes,
    }
    return AuditRecord.model_validate(fields)


def make_links(count: int) -> list[ChainLink]:
    """A good chain of so many links."""
    links: list[ChainLink] = []
    for number in range(1, count + 1):
        previous = links[-1].digest if links else GENESIS_DIGEST
        links.append(link(make_record(number), sequence=number, previous_digest=previous))
    return links


def make_objects(links: Sequence[ChainLink]) -> list[ChainObject]:
    """The links as a store holds them."""
    return [ChainObject(name=f"{one.sequence:012d}", sequence=one.sequence, content=one.to_json()) for one in links]


@dataclass
class FakeChainStore:
    """Links in memory. `fail_after_put` raises once after a link was written, as a crash would."""

    kept: dict[int, ChainLink] = field(default_factory=dict)
    fail_after_put: bool = False

    def put(self, link: ChainLink) -> bool:
        if link.sequence in self.kept:
            return False
        self.kept[link.sequence] = link
        if self.fail_after_put:
            self.fail_after_put = False
            raise AuditError("the function was killed", remedy="Deliver again.")
        return True

    def head(self, chain: str, *, after: int = 0) -> int:
        return max((sequence for sequence in self._of(chain) if sequence > after), default=after)

    def links(self, chain: str, *, after: int = 0) -> Iterator[ChainLink]:
        yield from (self.kept[sequence] for sequence in self._of(chain) if sequence > after)

    def objects(self, chain: str) -> Iterator[ChainObject]:
        yield from make_objects([self.kept[sequence] for sequence in self._of(chain)])

    def _of(self, chain: str) -> list[int]:
        return sorted(sequence for sequence, one in self.kept.items() if one.chain == chain)


@dataclass
class FakeChainIndex:
    """The projection in memory."""

    kept: list[ChainLink] = field(default_factory=list)

    def head(self, chain: str) -> Head:
        mine = self._of(chain)
        return Head(mine[-1].sequence, mine[-1].digest) if mine else EMPTY

    def extend(self, links: Sequence[ChainLink], *, after: Head) -> bool:
        if not links:
            return True
        if self.head(links[0].chain) != after:
            return False
        self.kept.extend(links)
        return True

    def find(self, chain: str, record_ids: Collection[str]) -> dict[str, IndexEntry]:
        return {one.record.record_id: _entry(one) for one in self._of(chain) if one.record.record_id in record_ids}

    def about(self, chain: str, subject: str, *, kind: AuditKind | None = None) -> tuple[IndexEntry, ...]:
        return tuple(
            _entry(one)
            for one in self._of(chain)
            if one.record.subject == subject and (kind is None or one.record.kind == kind)
        )

    def _of(self, chain: str) -> list[ChainLink]:
        return [one for one in self.kept if one.chain == chain]


def create_audit_aws(endpoint_url: str | None = None) -> tuple[S3ChainStore, DynamoChainIndex]:
    """A versioned bucket with Object Lock and the audit table, on moto."""
    s3 = boto3.client("s3", region_name=REGION, endpoint_url=endpoint_url)
    s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    s3.put_object_lock_configuration(
        Bucket=BUCKET,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
        },
    )
    dynamo = boto3.client("dynamodb", region_name=REGION, endpoint_url=endpoint_url)
    dynamo.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return S3ChainStore(client=s3, bucket=BUCKET), DynamoChainIndex(client=dynamo, table=TABLE)


def _entry(link: ChainLink) -> IndexEntry:
    return IndexEntry(
        record_id=link.record.record_id,
        sequence=link.sequence,
        kind=link.record.kind,
        subject=link.record.subject,
        occurred_at=link.record.occurred_at,
        digest=link.digest,
    )

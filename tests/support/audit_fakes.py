"""Fakes of the audit ports, an audit table and bucket on moto, and builders of records and chains."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

import boto3
import pytest
from moto import mock_aws

from quantos.audit.adapters.dynamo_index import DynamoChainIndex
from quantos.audit.adapters.s3_chain import S3ChainStore
from quantos.audit.chain import (
    EMPTY,
    GENESIS_DIGEST,
    ChainObject,
    Head,
    StoredLink,
    chain_of,
    generation_number,
    link,
    place_name,
    stored,
)
from quantos.audit.ports import IndexEntry, IndexPlace
from quantos.contracts.audit import Anchor, AuditKind, AuditRecord, ChainLink
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import AuditError
from tests.support.environments import make_settings

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
    """Objects in memory by chain and place. `fail_after_put` raises once after a link was written, as a crash would.

    `again` are places that were written over; what is kept of them is the first version.
    """

    kept: dict[tuple[str, int], bytes] = field(default_factory=dict)
    fail_after_put: bool = False
    strays: dict[str, list[str]] = field(default_factory=dict)
    again: set[tuple[str, int]] = field(default_factory=set)

    @classmethod
    def of(cls, links: Sequence[ChainLink]) -> Self:
        """A store of these links."""
        return cls({(item.chain, item.sequence): item.to_json() for item in links})

    def put(self, link: ChainLink) -> bool:
        if (link.chain, link.sequence) in self.kept:
            return False
        self.kept[link.chain, link.sequence] = link.to_json()
        if self.fail_after_put:
            self.fail_after_put = False
            raise AuditError("the function was killed", remedy="Deliver again.")
        return True

    def head(self, chain: str, *, after: int = 0) -> int:
        return max((sequence for sequence in self._of(chain) if sequence > after), default=after)

    def contents(self, chain: str, *, after: int = 0) -> Iterator[tuple[int, bytes]]:
        yield from ((place, self.kept[chain, place]) for place in self._of(chain) if place > after)

    def links(self, chain: str, *, after: int = 0) -> Iterator[ChainLink]:
        yield from (ChainLink.model_validate_json(content) for _, content in self.contents(chain, after=after))

    def objects(self, chain: str) -> Iterator[ChainObject]:
        places = [
            ChainObject(place_name(place), place, content, versions=1 + ((chain, place) in self.again))
            for place, content in self.contents(chain)
        ]
        strays = [ChainObject(name, None, b"") for name in self.strays.get(chain, ())]
        yield from sorted(places + strays, key=lambda item: item.name)

    def generations(self, chain: str) -> tuple[str, ...]:
        names = {name for name, _ in self.kept} - {chain}
        return tuple(sorted((name for name in names if chain_of(name) == chain), key=generation_number))

    def _of(self, chain: str) -> list[int]:
        return sorted(place for name, place in self.kept if name == chain)


@dataclass
class FakeChainIndex:
    """The projection in memory: heads by generation, and entries by generation and sequence."""

    heads: dict[str, Head] = field(default_factory=dict)
    entries: dict[tuple[str, int], IndexEntry] = field(default_factory=dict)
    lost: set[tuple[str, int, str]] = field(default_factory=set)

    @classmethod
    def of(cls, links: Sequence[ChainLink]) -> Self:
        """An index of these links."""
        index = cls()
        if links:
            index.extend([stored(item) for item in links], after=EMPTY)
        return index

    def head(self, chain: str) -> Head:
        return self.heads.get(chain, EMPTY)

    def extend(self, links: Sequence[StoredLink], *, after: Head) -> bool:
        if not links:
            return True
        if self.head(links[0].chain) != after:
            return False
        self.entries |= {(item.chain, item.sequence): _entry(item) for item in links}
        self.heads[links[-1].chain] = links[-1].head
        return True

    def find(self, chain: str, record_ids: Collection[str]) -> dict[str, IndexEntry]:
        return {entry.record_id: entry for entry in self._of(chain) if entry.record_id in record_ids}

    def about(self, chain: str, subject: str, *, kind: AuditKind | None = None) -> tuple[IndexEntry, ...]:
        return tuple(
            entry for entry in self._of(chain) if entry.subject == subject and (kind is None or entry.kind == kind)
        )

    def places(self, chain: str) -> Iterator[IndexPlace]:
        for entry in self._of(chain):
            time = entry.occurred_at.isoformat().replace("+00:00", "Z")
            about = (entry.record_id, entry.subject, entry.kind, time)
            for found_by in ("record", "subject"):
                if (entry.chain, entry.sequence, found_by) not in self.lost:
                    yield IndexPlace(entry.chain, entry.sequence, entry.digest, found_by, about)

    def _of(self, chain: str) -> list[IndexEntry]:
        mine = [entry for entry in self.entries.values() if chain_of(entry.chain) == chain]
        return sorted(mine, key=lambda entry: (generation_number(entry.chain), entry.sequence))


@dataclass
class FakeAnchorStore:
    """Anchors in memory, by hour."""

    kept: dict[str, Anchor] = field(default_factory=dict)

    def put(self, anchor: Anchor) -> bool:
        name = f"{anchor.hour:%Y-%m-%dT%H}"
        return self.kept.setdefault(name, anchor) is anchor

    def newest(self, chain: str, *, since: datetime) -> Anchor | None:
        later = [anchor for _, anchor in sorted(self.kept.items()) if anchor.hour >= since]
        return later[-1] if later else None

    def objects(self, chain: str) -> Iterator[ChainObject]:
        yield from (ChainObject(name, None, anchor.to_json()) for name, anchor in sorted(self.kept.items()))


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


@contextmanager
def audit_account(monkeypatch: pytest.MonkeyPatch) -> Iterator[EnvironmentSettings]:
    """The account of `dev` with its audit bucket and table, on moto."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    settings = make_settings()
    monkeypatch.setattr(f"{__name__}.BUCKET", settings.names().bucket("audit"))
    monkeypatch.setattr(f"{__name__}.TABLE", settings.names().audit_table)
    with mock_aws():
        create_audit_aws()
        yield settings


def _entry(link: StoredLink) -> IndexEntry:
    record = AuditRecord.model_validate(link.record)
    return IndexEntry(
        record_id=record.record_id,
        sequence=link.sequence,
        kind=record.kind,
        subject=record.subject,
        occurred_at=record.occurred_at,
        digest=link.digest,
        chain=link.chain,
    )

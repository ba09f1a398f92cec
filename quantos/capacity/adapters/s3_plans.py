"""Plan documents, plans and strategies in the plans bucket.

Layout: `current.json` (the applied document), `plans/<plan_id>.json` (every plan published),
`records/<plan_id>.json.gz` (what it rested on), `outcomes/<plan_id>.json` (what became of it),
`strategies.json`, `fits/` (see `s3_fits.py`), `windows/`
(see `s3_windows.py`).
"""

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError
from pydantic import ValidationError

from quantos.adapters.aws import AWS, error_code
from quantos.capacity.ports import LedgerEntry
from quantos.contracts.plan import PlanDocument, PlanPointer, ResizeOutcome, ScalingPlan, Unsettled
from quantos.contracts.strategy import StrategyBook
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import CapacityError, PlanAmbiguousError, PlanConflictError, PlanNotFoundError
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T", PlanPointer, ResizeOutcome, ScalingPlan)

ID_FROM = "take an id from the report, from what a resize prints, or from the audit chain"
CURRENT_KEY = "current.json"
STRATEGIES_KEY = "strategies.json"
CONFLICT_CODES = {"PreconditionFailed", "ConditionalRequestConflict"}


@dataclass(frozen=True)
class PlansBucket:
    """The bucket and its client; every access goes through here, so that vendor errors are translated once."""

    client: "S3Client"
    name: str

    def get(self, key: str) -> tuple[bytes, str] | None:
        """Content and ETag of an object, or None when there is none."""
        with self._trying_to("read", key):
            try:
                response = self.client.get_object(Bucket=self.name, Key=key)
            except ClientError as exc:
                if error_code(exc) == "NoSuchKey":
                    return None
                raise
            return response["Body"].read(), response["ETag"]

    def put(self, key: str, content: bytes, *, content_type: str = "application/json") -> None:
        """Write an object, whatever is there."""
        with self._trying_to("write", key):
            self.client.put_object(Bucket=self.name, Key=key, Body=content, ContentType=content_type)

    def replace(self, key: str, content: bytes, *, expected_etag: str | None) -> str:
        """Write an object if it is still the one expected (None: if there is none), and return its ETag."""
        with self._trying_to("write", key):
            try:
                if expected_etag is None:
                    response = self.client.put_object(
                        Bucket=self.name, Key=key, Body=content, ContentType="application/json", IfNoneMatch="*"
                    )
                else:
                    response = self.client.put_object(
                        Bucket=self.name, Key=key, Body=content, ContentType="application/json", IfMatch=expected_etag
                    )
            except ClientError as exc:
                if error_code(exc) in CONFLICT_CODES:
                    raise PlanConflictError(
                        f"s3://{self.name}/{key} was changed by another writer",
                        remedy="nothing: the next plan starts from what the other writer left",
                    ) from exc
                raise
            return response["ETag"]

    def keys(self, prefix: str, *, limit: int, after: str = "") -> list[str]:
        """The first `limit` keys, at most 1000, that start with `prefix` and sort behind `after`."""
        with self._trying_to("list", prefix):
            response = self.client.list_objects_v2(Bucket=self.name, Prefix=prefix, MaxKeys=limit, StartAfter=after)
        return [item["Key"] for item in response.get("Contents", []) if "Key" in item]

    def _trying_to(self, verb: str, key: str) -> AbstractContextManager[None]:
        return translated(
            AWS,
            into=CapacityError,
            what=f"could not {verb} s3://{self.name}/{key}",
            remedy="check that the foundation layer is up and that this role may use the plans bucket",
        )


@dataclass(frozen=True)
class S3PlanLedger:
    """`current.json` by conditional writes. Sequence 0 at the environment's floors before the first plan."""

    bucket: PlansBucket
    settings: EnvironmentSettings
    stack: str

    def current(self) -> LedgerEntry:
        """The applied document. Raises CapacityError when it cannot be read as one."""
        stored = self.bucket.get(CURRENT_KEY)
        if stored is None:
            return LedgerEntry(document=floors_document(self.settings, stack=self.stack), version=None)
        content, etag = stored
        pointer = _parse(PlanPointer, content, CURRENT_KEY)
        return LedgerEntry(document=pointer.document(), version=etag, unsettled=pointer.unsettled)

    def replace(
        self, document: PlanDocument, *, expected_version: str | None, unsettled: Unsettled | None = None
    ) -> str:
        """Make `document` current. Raises PlanConflictError when another writer was first.

        A write whose answer is lost may have been made, and is then refused when it is repeated: what stands decides.
        """
        content = PlanPointer.to(document, unsettled=unsettled).to_json()
        try:
            return self.bucket.replace(CURRENT_KEY, content, expected_etag=expected_version)
        except CapacityError:
            standing = self.bucket.get(CURRENT_KEY)
            if standing is None or standing[0] != content:
                raise
            return standing[1]


@dataclass(frozen=True)
class S3PlanArchive:
    """Every plan published, by id."""

    bucket: PlansBucket

    def put(self, plan: ScalingPlan) -> None:
        """Keep a plan; keeping it again changes nothing."""
        self.bucket.put(f"plans/{plan.plan_id}.json", plan.to_json())

    def get(self, plan_id: str) -> ScalingPlan:
        """The plan whose id is, or uniquely starts with, `plan_id`. Raises PlanNotFoundError, PlanAmbiguousError."""
        keys = self.bucket.keys(f"plans/{plan_id}", limit=2)
        if len(keys) > 1:
            raise PlanAmbiguousError(f"several plans have an id that starts with {plan_id!r}", remedy="say more of it")
        if not keys:
            raise PlanNotFoundError(f"no plan has an id that starts with {plan_id!r}", remedy=ID_FROM)
        stored = self.bucket.get(keys[0])
        if stored is None:
            raise PlanNotFoundError(f"plan {plan_id} is gone", remedy="look in the bucket's object versions")
        return _parse(ScalingPlan, stored[0], keys[0])


@dataclass(frozen=True)
class S3Records:
    """What every plan rested on, by plan id."""

    bucket: PlansBucket

    def put(self, plan_id: str, content: bytes) -> None:
        """Keep a record; keeping it again changes nothing."""
        self.bucket.put(_record_key(plan_id), content, content_type="application/gzip")

    def get(self, plan_id: str) -> bytes | None:
        """What was kept, or None."""
        stored = self.bucket.get(_record_key(plan_id))
        return None if stored is None else stored[0]


@dataclass(frozen=True)
class S3Outcomes:
    """What became of plans for which the engine was started."""

    bucket: PlansBucket

    def put(self, outcome: ResizeOutcome) -> None:
        """Keep an outcome, whatever is there."""
        self.bucket.put(_outcome_key(outcome.plan_id), outcome.to_json())

    def get(self, plan_id: str) -> ResizeOutcome | None:
        """What was kept last, or None."""
        stored = self.bucket.get(_outcome_key(plan_id))
        return None if stored is None else _parse(ResizeOutcome, stored[0], _outcome_key(plan_id))


@dataclass(frozen=True)
class S3StrategyRegistry:
    """What traders have stated, one versioned document an environment."""

    bucket: PlansBucket

    def read(self) -> StrategyBook:
        """Every strategy; an empty book before the first. Raises CapacityError when it cannot be read."""
        return self.standing().book

    def standing(self) -> "StandingBook":
        """The book as it stands, with what a change of it is made from. Raises CapacityError."""
        stored = self.bucket.get(STRATEGIES_KEY)
        if stored is None:
            return StandingBook(StrategyBook(), version=None, sha256=None)
        content, etag = stored
        try:
            book = StrategyBook.from_stored(content)
        except ValidationError as exc:
            raise _unreadable("StrategyBook", STRATEGIES_KEY, exc) from exc
        return StandingBook(book, version=etag, sha256=hashlib.sha256(content).hexdigest())

    def replace(self, book: StrategyBook) -> None:
        """Make `book` the environment's, whatever stands."""
        self.bucket.put(STRATEGIES_KEY, book.to_json())

    def change(self, before: "StandingBook", book: StrategyBook) -> None:
        """Make `book` the environment's in place of `before`. Raises PlanConflictError when another writer was first.

        A write whose answer is lost may have been made, and is then refused when it is repeated: what stands decides.
        """
        content = book.to_json()
        try:
            self.bucket.replace(STRATEGIES_KEY, content, expected_etag=before.version)
        except CapacityError:
            standing = self.bucket.get(STRATEGIES_KEY)
            if standing is None or standing[0] != content:
                raise


@dataclass(frozen=True)
class StandingBook:
    """A book of strategies as it stands: its version in the bucket and its digest, None before the first."""

    book: StrategyBook
    version: str | None
    sha256: str | None


def floors_document(settings: EnvironmentSettings, *, stack: str) -> PlanDocument:
    """The document before the first plan: every pool between the environment's own floor and ceiling."""
    sizes = {name: pool.declared_size for name, pool in settings.pools.items()}
    return PlanDocument(
        stack=stack, plan_id="", sequence=0, sizes=sizes, previous=sizes, pool_costs={}, strategy_costs={}
    )


def _record_key(plan_id: str) -> str:
    return f"records/{plan_id}.json.gz"


def _outcome_key(plan_id: str) -> str:
    return f"outcomes/{plan_id}.json"


def _parse(model: type[T], content: bytes, key: str) -> T:
    try:
        return model.model_validate_json(content)
    except ValidationError as exc:
        raise _unreadable(model.__name__, key, exc) from exc


def _unreadable(name: str, key: str, error: ValidationError) -> CapacityError:
    return CapacityError(
        f"{key} is not a {name}: {error.error_count()} errors, first {error.errors()[0]['msg']}",
        remedy=f"restore the previous version of {key}; the bucket keeps them",
    )

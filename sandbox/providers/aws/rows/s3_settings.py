"""S3: settings of a bucket which are resources of their own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.kept_object import KeptObject
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row
from sandbox.providers.aws.rows.iam import policy_text
from sandbox.providers.aws.tags import member_shape
from sandbox.providers.aws.translation import Decoding, Encoding
from sandbox.providers.values import Document, Json, at_path, items, mapping, text

_BUCKET_GONE = frozenset({"NoSuchBucket", "404"})
_CENTRAL = frozenset({"bucket", "region", "expectedBucketOwner"})


@dataclass(frozen=True, kw_only=True)
class BucketSetting:
    """Holds one setting of a bucket by a put, a get and a delete operation; the id is the bucket's name.

    Attributes:
        member: of `put`, an object made of all properties, or of the one in `only`.
        answered: path of that object in the answer of `get`, where it is not `member`.
        missing: error codes of `get` which say that the bucket has no such setting.
        removed: what `put` gets in place of a delete operation, where S3 has none.
        constants: what S3 wants beside the properties which the program gives.
        plain: the member is the value itself and not an object.
        absent: whether an answer without error means that the setting is not there.
    """

    put: str
    get: str
    member: str
    delete_operation: str = ""
    answered: str | None = None
    only: str = ""
    plain: bool = False
    missing: frozenset[str] = frozenset()
    removed: Mapping[str, Json] | None = None
    constants: Mapping[str, Json] = field(default_factory=dict)
    renames: Mapping[str, str] = field(default_factory=dict)

    @property
    def requests(self) -> tuple[ApiRequest, ...]:
        """The put operation: its member is made of all properties, or is the one in `only`; see `Handler`."""
        if self.plain:
            return ()
        renames = {**self.renames, **({self.only: self.member} if self.only else {})}
        at = "" if self.only else self.member
        return (ApiRequest(service="s3", operation=self.put, at=at, renames=renames),)

    def _encode(self, context: HandlerContext, inputs: Mapping[str, Json]) -> tuple[Json, list[str]]:
        shape = member_shape(context.account.input_shape("s3", self.put), self.member)
        given = {name: value for name, value in inputs.items() if name not in _CENTRAL}
        if self.plain:
            return policy_text(given.pop(self.only, None)), list(given)
        given = {**self.constants, **given}
        encoding = Encoding(self.renames)
        if self.only:
            return encoding.request(mapping(given.pop(self.only, None)), shape, path=self.only), list(given)
        return encoding.request(given, shape), encoding.unmapped

    def unmapped(self, context: HandlerContext, inputs: Mapping[str, Json]) -> Iterable[str]:
        """Paths which the put operation has no member for."""
        return self._encode(context, inputs)[1]

    def changeable(self, name: str) -> bool:
        """All but the bucket: the setting is written whole."""
        return name not in _CENTRAL

    def create(self, context: HandlerContext, inputs: Mapping[str, Json]) -> str:
        """Write the setting; see `Handler`."""
        self._write(context, text(inputs["bucket"]), self._encode(context, inputs)[0])
        return text(inputs["bucket"])

    def _write(self, context: HandlerContext, bucket: str, value: Json) -> None:
        context.account.call("s3", self.put, {"Bucket": bucket, self.member: value})

    def settle(self, context: HandlerContext, existing: ResourceState, inputs: Mapping[str, Json]) -> None:
        """Nothing is left to send."""

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """The bucket's setting as it is; see `Handler`."""
        try:
            answer = context.account.call("s3", self.get, {"Bucket": existing.id})
        except ApiError as error:
            if error.reason in self.missing | _BUCKET_GONE:
                return None
            raise
        path = self.member if self.answered is None else self.answered
        setting = at_path(answer, path) if path else answer
        if setting in (None, {}, ""):
            return None
        if self.plain:
            return {"bucket": existing.id, self.only: setting}
        shown: Document = {self.only: setting} if self.only else mapping(setting)
        return {"bucket": existing.id, **Decoding(context.schemas, self.renames).outputs(shown, context.type.outputs)}

    def update(self, context: HandlerContext, change: Change) -> None:
        """Write the setting whole; see `Handler`."""
        self._write(context, change.existing.id, self._encode(context, change.new)[0])

    def delete(self, context: HandlerContext, existing: ResourceState) -> None:
        """Delete the setting, or write what S3 has in its place; see `Handler`."""
        try:
            if self.delete_operation:
                context.account.call("s3", self.delete_operation, {"Bucket": existing.id})
            elif self.removed is not None:
                self._write(context, existing.id, {**self.removed})
        except ApiError as error:
            if error.reason not in self.missing | _BUCKET_GONE:
                raise


_ON_BUCKET = frozenset({"bucket", "expectedBucketOwner"})

VERSIONING = Row(
    resource="aws:s3/bucketVersioning:BucketVersioning",
    replaces=_ON_BUCKET,
    kept=frozenset({"expectedBucketOwner"}),
    handler=BucketSetting(
        put="put_bucket_versioning",
        get="get_bucket_versioning",
        member="VersioningConfiguration",
        answered="",
        only="versioningConfiguration",
        removed={"Status": "Suspended"},
        renames={"versioningConfiguration.mfaDelete": "MFADelete"},
    ),
)

ENCRYPTION = Row(
    resource="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    replaces=_ON_BUCKET,
    kept=frozenset({"expectedBucketOwner"}),
    handler=BucketSetting(
        put="put_bucket_encryption",
        get="get_bucket_encryption",
        delete_operation="delete_bucket_encryption",
        member="ServerSideEncryptionConfiguration",
        missing=frozenset({"ServerSideEncryptionConfigurationNotFoundError"}),
        renames={"rules.kmsMasterKeyId": "KMSMasterKeyID"},
    ),
)

PUBLIC_ACCESS_BLOCK = Row(
    resource="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    replaces=frozenset({"bucket"}),
    local=frozenset({"skipDestroy"}),
    handler=BucketSetting(
        put="put_public_access_block",
        get="get_public_access_block",
        delete_operation="delete_public_access_block",
        member="PublicAccessBlockConfiguration",
        missing=frozenset({"NoSuchPublicAccessBlockConfiguration"}),
    ),
)

LIFECYCLE = Row(
    resource="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    replaces=_ON_BUCKET,
    kept=frozenset({"expectedBucketOwner", "transitionDefaultMinimumObjectSize"}),
    differs="nothing expires or moves",
    handler=BucketSetting(
        put="put_bucket_lifecycle_configuration",
        get="get_bucket_lifecycle_configuration",
        delete_operation="delete_bucket_lifecycle",
        member="LifecycleConfiguration",
        answered="",
        missing=frozenset({"NoSuchLifecycleConfiguration"}),
    ),
)

OBJECT_LOCK = Row(
    resource="aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    replaces=_ON_BUCKET | {"objectLockEnabled"},
    differs="a bucket which holds objects refuses another retention, where AWS takes it",
    kept=frozenset({"expectedBucketOwner"}),
    limits={"rule.defaultRetention.days": range(1, 36501), "rule.defaultRetention.years": range(1, 101)},
    handler=BucketSetting(
        put="put_object_lock_configuration",
        get="get_object_lock_configuration",
        member="ObjectLockConfiguration",
        constants={"objectLockEnabled": "Enabled"},
        removed={"ObjectLockEnabled": "Enabled"},
        missing=frozenset({"ObjectLockConfigurationNotFoundError"}),
    ),
)


def _policy_outputs(context: HandlerContext, identity: str, inputs: Mapping[str, Json]) -> Document:
    del context, identity
    return {"policy": policy_text(inputs["policy"])}


def _bucket_there(context: HandlerContext, inputs: Mapping[str, Json]) -> None:
    context.account.call("s3", "head_bucket", {"Bucket": inputs["bucket"]})


class _Policy(KeptObject):
    """Keeps the whole policy, and gives moto the statements without conditions, which it reads right."""

    def create(self, context: HandlerContext, inputs: Mapping[str, Json]) -> str:
        """Keep a new policy."""
        identity = super().create(context, inputs)
        _tell_moto(context, text(inputs["bucket"]), inputs["policy"])
        return identity

    def update(self, context: HandlerContext, change: Change) -> None:
        """Keep the new policy over the old."""
        super().update(context, change)
        _tell_moto(context, text(change.new["bucket"]), change.new["policy"])

    def delete(self, context: HandlerContext, existing: ResourceState) -> None:
        """Forget the policy."""
        super().delete(context, existing)
        context.account.call("s3", "delete_bucket_policy", {"Bucket": existing.id})


def _tell_moto(context: HandlerContext, bucket: str, policy: Json) -> None:
    document = json.loads(policy_text(policy))
    statements = document.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    if plain := [statement for statement in listed if "Condition" not in statement]:
        document["Statement"] = plain
        context.account.call("s3", "put_bucket_policy", {"Bucket": bucket, "Policy": json.dumps(document)})
    else:
        context.account.call("s3", "delete_bucket_policy", {"Bucket": bucket})


POLICY = Row(
    resource="aws:s3/bucketPolicy:BucketPolicy",
    stored=True,
    replaces=frozenset({"bucket"}),
    differs="statements with a condition are kept and not enforced: moto applies them whatever the condition says, so a"
    " refusal of plain HTTP would refuse everything",
    handler=_Policy(
        service="s3",
        id_format="{bucket}",
        compute=_policy_outputs,
        requires=_bucket_there,
        mutable=frozenset({"policy"}),
        tagged=False,
    ),
)

OWNERSHIP = Row(
    resource="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    replaces=frozenset({"bucket"}),
    handler=BucketSetting(
        put="put_bucket_ownership_controls",
        get="get_bucket_ownership_controls",
        delete_operation="delete_bucket_ownership_controls",
        member="OwnershipControls",
        missing=frozenset({"OwnershipControlsNotFoundError"}),
        renames={"rule": "Rules"},
    ),
)


class _Logging(BucketSetting):
    """Access logs: the request nests its settings one level deeper."""

    @property
    def requests(self) -> tuple[ApiRequest, ...]:
        """The put operation; see `Handler`."""
        return (ApiRequest(service="s3", operation=self.put, at=f"{self.member}.LoggingEnabled"),)

    def _write(self, context: HandlerContext, bucket: str, value: Json) -> None:
        status: Document = {"LoggingEnabled": value} if value else {}
        context.account.call("s3", self.put, {"Bucket": bucket, self.member: status})

    def _encode(self, context: HandlerContext, inputs: Mapping[str, Json]) -> tuple[Json, list[str]]:
        outer = member_shape(context.account.input_shape("s3", self.put), self.member)
        given = {name: value for name, value in inputs.items() if name not in _CENTRAL}
        encoding = Encoding(self.renames)
        return encoding.request(given, member_shape(outer, "LoggingEnabled")), encoding.unmapped


LOGGING = Row(
    resource="aws:s3/bucketLogging:BucketLogging",
    replaces=_ON_BUCKET,
    kept=frozenset({"expectedBucketOwner", "targetObjectKeyFormat"}),
    differs="no log is delivered",
    handler=_Logging(
        put="put_bucket_logging",
        get="get_bucket_logging",
        member="BucketLoggingStatus",
        answered="LoggingEnabled",
        removed={},
    ),
)


def _both_versioned(context: HandlerContext, inputs: Mapping[str, Json]) -> None:
    """S3 refuses a source or a replica without versions."""
    replicas = [text(at_path(rule, "destination.bucket")) for rule in items(inputs["rules"])]
    for bucket in [text(inputs["bucket"]), *(arn.rpartition(":")[2] for arn in replicas)]:
        answer = context.account.call("s3", "get_bucket_versioning", {"Bucket": bucket})
        if answer.get("Status") != "Enabled":
            raise ApiError(
                service="s3",
                operation="PutBucketReplication",
                reason="InvalidRequest",
                message=f"Versioning must be 'Enabled' on the bucket to apply a replication configuration: {bucket}",
            )


REPLICATION = Row(
    resource="aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    stored=True,
    replaces=frozenset({"bucket"}),
    local=frozenset({"token"}),
    differs="nothing is replicated; the role and the keys are not checked",
    requests=(ApiRequest(service="s3", operation="put_bucket_replication", at="ReplicationConfiguration"),),
    handler=KeptObject(
        service="s3",
        id_format="{bucket}",
        compute=lambda *_: {},
        requires=_both_versioned,
        mutable=frozenset({"role", "rules"}),
        tagged=False,
    ),
)

ROWS = (
    REPLICATION,
    VERSIONING,
    ENCRYPTION,
    PUBLIC_ACCESS_BLOCK,
    LIFECYCLE,
    OBJECT_LOCK,
    POLICY,
    OWNERSHIP,
    LOGGING,
)

"""A private, versioned, encrypted bucket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.aws.iam.statements import Statement, policy_document


@dataclass(frozen=True, kw_only=True)
class ObjectLock:
    """For how long no version can be deleted, and by whom: GOVERNANCE may be bypassed by right, COMPLIANCE never."""

    mode: Literal["GOVERNANCE", "COMPLIANCE"]
    retention_days: int


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    """`keep_noncurrent_days` is how long replaced or deleted versions can be brought back.

    `statements` are added to the bucket policy: for AWS services that write on nobody's behalf, or against writers.

    `deletion_protection` keeps Pulumi from deleting the bucket and from emptying it.
    """

    bucket_name: str
    kms_key_arn: pulumi.Input[str]
    keep_noncurrent_days: int
    deletion_protection: bool
    tags: Mapping[str, str]
    object_lock: ObjectLock | None = None
    statements: Sequence[Statement] = ()


class Bucket(pulumi.ComponentResource):
    """A bucket that is never public, refuses plain HTTP, and keeps every version for a while.

    Outputs: `bucket_name`, `arn`; both wait for the guards, so that nothing is written before them.

    Guarded by the security and cost packs, since its objects are plain.
    """

    bucket_name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/storage:Bucket", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(protect=args.deletion_protection))
        bucket = aws.s3.Bucket(
            name,
            bucket=args.bucket_name,
            force_destroy=not args.deletion_protection,
            object_lock_enabled=args.object_lock is not None,
            tags=args.tags,
            opts=kept,
        )
        versioning = aws.s3.BucketVersioning(
            name, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=child
        )
        after_versioning = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[versioning]))
        encryption = _encryption(name, bucket, kms_key_arn=args.kms_key_arn, opts=child)
        policy = _access(name, args, bucket, opts=child)
        _lifecycle(name, bucket, keep_noncurrent_days=args.keep_noncurrent_days, opts=after_versioning)
        if args.object_lock is not None:
            _lock(name, bucket, args.object_lock, opts=after_versioning)
        guarded = pulumi.Output.all(bucket.bucket, bucket.arn, versioning.id, encryption.id, policy.id)
        self.bucket_name = guarded.apply(lambda parts: str(parts[0]))
        self.arn = guarded.apply(lambda parts: str(parts[1]))
        self.register_outputs({"bucketName": self.bucket_name, "arn": self.arn})


def _encryption(
    name: str, bucket: aws.s3.Bucket, *, kms_key_arn: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> aws.s3.BucketServerSideEncryptionConfiguration:
    return aws.s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.bucket,
        rules=[
            {
                "apply_server_side_encryption_by_default": {
                    "sse_algorithm": "aws:kms",
                    "kms_master_key_id": kms_key_arn,
                },
                "bucket_key_enabled": True,
            }
        ],
        opts=opts,
    )


def _access(name: str, args: BucketArgs, bucket: aws.s3.Bucket, *, opts: pulumi.ResourceOptions) -> aws.s3.BucketPolicy:
    """Who may read and write it: policies alone say so, never an ACL, and none makes it public."""
    aws.s3.BucketOwnershipControls(
        name, bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=opts
    )
    access = aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=opts,
    )
    return aws.s3.BucketPolicy(
        name,
        bucket=bucket.bucket,
        policy=policy_document([_tls_only(args.bucket_name), *args.statements]),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[access])),
    )


def _lifecycle(name: str, bucket: aws.s3.Bucket, *, keep_noncurrent_days: int, opts: pulumi.ResourceOptions) -> None:
    aws.s3.BucketLifecycleConfiguration(
        name,
        bucket=bucket.bucket,
        rules=[
            {
                "id": "old-versions",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "noncurrent_version_expiration": {"noncurrent_days": keep_noncurrent_days},
                "expiration": {"expired_object_delete_marker": True},
                "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
            }
        ],
        opts=opts,
    )


def _lock(name: str, bucket: aws.s3.Bucket, lock: ObjectLock, *, opts: pulumi.ResourceOptions) -> None:
    aws.s3.BucketObjectLockConfiguration(
        name,
        bucket=bucket.bucket,
        object_lock_enabled="Enabled",
        rule={"default_retention": {"mode": lock.mode, "days": lock.retention_days}},
        opts=opts,
    )


def written_only_by(bucket_name: str, prefixes: Sequence[str], *, role_arn: str) -> Statement:
    """Refuses objects under some prefixes from everyone but one role, whatever others are allowed."""
    return Statement(
        sid="WrittenByOneRole",
        effect="Deny",
        actions=("s3:PutObject", "s3:DeleteObject"),
        resources=tuple(f"arn:aws:s3:::{bucket_name}/{prefix}*" for prefix in prefixes),
        principals={"AWS": ["*"]},
        conditions={"ArnNotEquals": {"aws:PrincipalArn": role_arn}},
    )


def _tls_only(bucket_name: str) -> Statement:
    arn = f"arn:aws:s3:::{bucket_name}"
    return Statement(
        sid="RefusePlainHttp",
        effect="Deny",
        actions=("s3:*",),
        resources=(arn, f"{arn}/*"),
        principals={"AWS": ["*"]},
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )

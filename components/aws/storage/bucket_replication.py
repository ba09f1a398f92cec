"""A second copy of a locked bucket, in another region."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.iam.service_role import ServiceRole, ServiceRoleArgs
from components.aws.iam.statements import Statement, assume_role_document, policy_document
from components.aws.storage.bucket import Bucket, BucketArgs, ObjectLock
from components.aws.storage.kms_key import KmsKey, KmsKeyArgs

WITHIN_MINUTES = 15
"""What S3 promises with Replication Time Control; it knows no other number."""


@dataclass(frozen=True, kw_only=True)
class BucketReplicationArgs:
    """`source_name` waits for the source's guards; the source is locked as the replica will be.

    `name_prefix` begins the names of the replica's key and of the role that replicates.
    """

    source_name: pulumi.Input[str]
    source_region: str
    source_key_arn: pulumi.Input[str]
    replica_name: str
    replica_region: str
    account_id: str
    name_prefix: str
    object_lock: ObjectLock
    keep_noncurrent_days: int
    key_deletion_window_days: int
    deletion_protection: bool
    tags: Mapping[str, str]


class BucketReplication(pulumi.ComponentResource):
    """Copies every new version of a bucket to a replica of another region, under that region's own key and lock.

    Delete markers stay behind: what is hidden in the source is still there in the replica.

    Outputs: `replica_name`.

    Guarded by the security and cost packs, since its objects are plain.
    """

    replica_name: pulumi.Output[str]

    def __init__(self, name: str, args: BucketReplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/storage:BucketReplication", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        elsewhere = aws.Provider(f"{name}-{args.replica_region}", region=args.replica_region, opts=child)
        there = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(providers=[elsewhere]))
        key = _key(f"{name}-replica", args, opts=there)
        replica = _replica(f"{name}-replica", args, key=key, opts=there)
        role = _role(f"{name}-replication", args, key=key, opts=child)
        aws.s3.BucketReplicationConfig(
            name,
            bucket=args.source_name,
            role=role.arn,
            rules=[
                {
                    "id": "everything",
                    "priority": 0,
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "delete_marker_replication": {"status": "Disabled"},
                    "source_selection_criteria": {"sse_kms_encrypted_objects": {"status": "Enabled"}},
                    "destination": {
                        "bucket": replica.arn,
                        "storage_class": "STANDARD_IA",
                        "encryption_configuration": {"replica_kms_key_id": key.arn},
                        "replication_time": {"status": "Enabled", "time": {"minutes": WITHIN_MINUTES}},
                        "metrics": {"status": "Enabled", "event_threshold": {"minutes": WITHIN_MINUTES}},
                    },
                }
            ],
            opts=child,
        )
        self.replica_name = replica.bucket_name
        self.register_outputs({"replicaName": self.replica_name})


def _key(name: str, args: BucketReplicationArgs, *, opts: pulumi.ResourceOptions) -> KmsKey:
    return KmsKey(
        name,
        KmsKeyArgs(
            alias=f"alias/{args.name_prefix}-replica",
            description=f"replica of {args.name_prefix}",
            purpose="encrypt",
            account_id=args.account_id,
            deletion_window_days=args.key_deletion_window_days,
            tags=args.tags,
        ),
        opts=opts,
    )


def _role(name: str, args: BucketReplicationArgs, *, key: KmsKey, opts: pulumi.ResourceOptions) -> ServiceRole:
    """What S3 takes to copy from the source to the replica."""
    policy = pulumi.Output.all(source=args.source_name, source_key=args.source_key_arn, replica_key=key.arn).apply(
        lambda known: policy_document(replicating(args, **known))
    )
    return ServiceRole(
        name,
        ServiceRoleArgs(
            role_name=f"{args.name_prefix}-replication",
            trust_policy=assume_role_document("s3.amazonaws.com"),
            managed_policies={},
            policy=policy,
            tags=args.tags,
        ),
        opts=opts,
    )


def _replica(name: str, args: BucketReplicationArgs, *, key: KmsKey, opts: pulumi.ResourceOptions) -> Bucket:
    return Bucket(
        name,
        BucketArgs(
            bucket_name=args.replica_name,
            kms_key_arn=key.arn,
            keep_noncurrent_days=args.keep_noncurrent_days,
            deletion_protection=args.deletion_protection,
            object_lock=args.object_lock,
            tags=args.tags,
        ),
        opts=opts,
    )


def replicating(
    args: BucketReplicationArgs, *, source: str, source_key: str, replica_key: str
) -> tuple[Statement, ...]:
    """What S3 needs to copy locked, encrypted versions from one bucket to the other.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
    """
    from_bucket, to_bucket = f"arn:aws:s3:::{source}", f"arn:aws:s3:::{args.replica_name}"
    return (
        Statement(
            sid="ReadSource",
            actions=("s3:GetReplicationConfiguration", "s3:ListBucket"),
            resources=(from_bucket,),
        ),
        Statement(
            sid="ReadVersions",
            actions=(
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
                "s3:GetObjectRetention",
                "s3:GetObjectLegalHold",
            ),
            resources=(f"{from_bucket}/*",),
        ),
        Statement(
            sid="WriteReplicas",
            actions=("s3:ReplicateObject", "s3:ReplicateTags"),
            resources=(f"{to_bucket}/*",),
        ),
        Statement(
            sid="DecryptSource",
            actions=("kms:Decrypt",),
            resources=(source_key,),
            conditions={"StringEquals": {"kms:ViaService": f"s3.{args.source_region}.amazonaws.com"}},
        ),
        Statement(
            sid="EncryptReplicas",
            actions=("kms:Encrypt", "kms:GenerateDataKey"),
            resources=(replica_key,),
            conditions={"StringEquals": {"kms:ViaService": f"s3.{args.replica_region}.amazonaws.com"}},
        ),
    )

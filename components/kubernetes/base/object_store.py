"""What a service that keeps its data in a bucket may do there."""

from collections.abc import Sequence

import pulumi

from components.aws.iam.statements import Statement


def object_store_statements(
    bucket_name: str, *, prefix: str, kms_key_arn: pulumi.Input[str], delete: bool = True
) -> pulumi.Output[Sequence[Statement]]:
    """Read, write, list and, if `delete`, delete objects under `prefix` of one bucket, and use its key."""
    arn = f"arn:aws:s3:::{bucket_name}"
    actions = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", *(["s3:DeleteObject"] if delete else [])]
    listing = {"StringLike": {"s3:prefix": [f"{prefix}*"]}} if prefix else {}

    def statements(key: str) -> Sequence[Statement]:
        return (
            Statement(sid="Objects", actions=actions, resources=[f"{arn}/{prefix}*"]),
            Statement(
                sid="List", actions=["s3:ListBucket", "s3:GetBucketLocation"], resources=[arn], conditions=listing
            ),
            Statement(sid="Key", actions=["kms:GenerateDataKey", "kms:Decrypt"], resources=[key]),
        )

    return pulumi.Output.from_input(kms_key_arn).apply(statements)

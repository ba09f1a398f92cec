"""A KMS key and the name it is found by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.aws.alarms.alarm_topic import PUBLISHERS
from components.aws.iam.statements import Statement, policy_document

Purpose = Literal["encrypt", "sign"]

_SPECS = {"encrypt": ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), "sign": ("HMAC_256", "GENERATE_VERIFY_MAC")}


@dataclass(frozen=True, kw_only=True)
class KmsKeyArgs:
    """`statements` are added to the key policy, for AWS services that use the key on nobody's behalf."""

    alias: str
    description: str
    purpose: Purpose
    account_id: str
    deletion_window_days: int
    tags: Mapping[str, str]
    statements: Sequence[Statement] = ()


class KmsKey(pulumi.ComponentResource):
    """A key whose use is granted by IAM policies of its own account. An encryption key turns every year.

    Outputs: `arn`, `alias`.

    Guarded by the security and cost packs, since its objects are plain.
    """

    arn: pulumi.Output[str]
    alias: pulumi.Output[str]

    def __init__(self, name: str, args: KmsKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/storage:KmsKey", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        spec, usage = _SPECS[args.purpose]
        key = aws.kms.Key(
            name,
            description=args.description,
            customer_master_key_spec=spec,
            key_usage=usage,
            enable_key_rotation=args.purpose == "encrypt",
            deletion_window_in_days=args.deletion_window_days,
            policy=policy_document([_account_owns(args.account_id), *args.statements]),
            tags=args.tags,
            opts=child,
        )
        alias = aws.kms.Alias(name, name=args.alias, target_key_id=key.key_id, opts=child)
        self.arn = key.arn
        self.alias = alias.name
        self.register_outputs({"arn": self.arn, "alias": self.alias})


def _account_owns(account_id: str) -> Statement:
    return Statement(
        sid="AccountGrantsByIam",
        actions=("kms:*",),
        resources=("*",),
        principals={"AWS": [f"arn:aws:iam::{account_id}:root"]},
        why_wildcard="in a key policy the resource is the key itself; without this nobody could ever change the key",
    )


def observability_may_use_key(*, account_id: str, region: str, log_groups: Sequence[str]) -> tuple[Statement, ...]:
    """Lets CloudWatch encrypt log groups, and alarms, budgets and cost anomalies be published, with the key.

    `log_groups` are patterns of group names, such as `/aws/lambda/quantos-dev-*`.
    """
    prefix = f"arn:aws:logs:{region}:{account_id}:log-group:"
    logs = Statement(
        sid="LogsEncrypt",
        actions=("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"),
        resources=("*",),
        principals={"Service": [f"logs.{region}.amazonaws.com"]},
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": [f"{prefix}{group}" for group in log_groups]}},
        why_wildcard="in a key policy the resource is the key itself",
    )
    alarms = Statement(
        sid="AlarmsPublish",
        actions=("kms:Decrypt", "kms:GenerateDataKey*"),
        resources=("*",),
        principals={"Service": PUBLISHERS},
        conditions={"StringEquals": {"aws:SourceAccount": account_id}},
        why_wildcard="in a key policy the resource is the key itself",
    )
    return logs, alarms


def auto_scaling_may_use_key(account_id: str) -> tuple[Statement, ...]:
    """Lets EC2 Auto Scaling start instances whose disks the key encrypts.

    Its service-linked role must exist: `aws iam create-service-linked-role` makes it, once an account.
    Source: https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
    """
    role = f"arn:aws:iam::{account_id}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    encrypt = Statement(
        sid="AutoScalingEncrypts",
        actions=("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"),
        resources=("*",),
        principals={"AWS": [role]},
        why_wildcard="in a key policy the resource is the key itself",
    )
    grant = Statement(
        sid="AutoScalingAttachesDisks",
        actions=("kms:CreateGrant",),
        resources=("*",),
        principals={"AWS": [role]},
        conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        why_wildcard="in a key policy the resource is the key itself",
    )
    return encrypt, grant

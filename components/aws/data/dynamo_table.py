"""A DynamoDB table that costs nothing while idle."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

AttributeType = Literal["S", "N", "B"]


@dataclass(frozen=True, kw_only=True)
class KeyAttribute:
    """A key of the table: `S` string, `N` number, `B` bytes."""

    name: str
    type: AttributeType = "S"


@dataclass(frozen=True, kw_only=True)
class DynamoTableArgs:
    """`ttl_attribute` names the attribute whose epoch second deletes its item; empty for none."""

    table_name: str
    hash_key: KeyAttribute
    kms_key_arn: pulumi.Input[str]
    deletion_protection: bool
    tags: Mapping[str, str]
    range_key: KeyAttribute | None = None
    ttl_attribute: str = ""


class DynamoTable(pulumi.ComponentResource):
    """A table billed by request, encrypted, restorable to any second of the last 35 days.

    Outputs: `table_name`, `arn`.

    Guarded by the security and cost packs, since its objects are plain.
    """

    table_name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: DynamoTableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/data:DynamoTable", name, {}, opts)
        keys = [args.hash_key] if args.range_key is None else [args.hash_key, args.range_key]
        expiry = (
            aws.dynamodb.TableTtlArgs(attribute_name=args.ttl_attribute, enabled=True) if args.ttl_attribute else None
        )
        table = aws.dynamodb.Table(
            name,
            name=args.table_name,
            billing_mode="PAY_PER_REQUEST",
            hash_key=args.hash_key.name,
            range_key=None if args.range_key is None else args.range_key.name,
            attributes=[{"name": key.name, "type": key.type} for key in keys],
            ttl=expiry,
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": args.kms_key_arn},
            deletion_protection_enabled=args.deletion_protection,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.deletion_protection),
        )
        self.table_name = table.name
        self.arn = table.arn
        self.register_outputs({"tableName": self.table_name, "arn": self.arn})

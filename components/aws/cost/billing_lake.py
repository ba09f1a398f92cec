"""What AWS bills, line by line, where it can be queried."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.aws.iam.statements import Statement

EXPORT_REGION: Final = "us-east-1"
"""The one region in which Data Exports is."""
EXPORTER: Final = "bcm-data-exports.amazonaws.com"
TABLE: Final = "line_items"
SOURCE_TABLE: Final = "COST_AND_USAGE_REPORT"
COLUMNS: Final[Mapping[str, str]] = {
    "identity_line_item_id": "string",
    "bill_payer_account_id": "string",
    "line_item_usage_account_id": "string",
    "line_item_usage_start_date": "timestamp",
    "line_item_usage_end_date": "timestamp",
    "line_item_line_item_type": "string",
    "line_item_product_code": "string",
    "line_item_usage_type": "string",
    "line_item_operation": "string",
    "line_item_resource_id": "string",
    "line_item_usage_amount": "double",
    "line_item_unblended_cost": "double",
    "line_item_currency_code": "string",
    "pricing_unit": "string",
    "product_instance_type": "string",
    "product_region_code": "string",
    "reservation_effective_cost": "double",
    "savings_plan_savings_plan_effective_cost": "double",
    "resource_tags": "map<string,string>",
}
"""What is exported of CUR 2.0, and the columns of the table: both are made from this, in this order."""
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


@dataclass(frozen=True, kw_only=True)
class BillingLakeArgs:
    """The export goes to `prefix` of the bucket, results of queries to `results_prefix`, both encrypted with the key.

    The bucket's policy must hold `exporter_may_write`, the key's `exporter_may_use_key`. `database_name` is lower case,
    without hyphens. A query that would scan more than `scan_limit_bytes`, at least 10 MiB, is cut off.
    """

    name: str
    database_name: str
    account_id: str
    region: str
    bucket_name: pulumi.Input[str]
    prefix: str
    results_prefix: str
    first_month: str
    kms_key_arn: pulumi.Input[str]
    scan_limit_bytes: int
    deletion_protection: bool
    tags: Mapping[str, str]


class BillingLake(pulumi.ComponentResource):
    """CUR 2.0 by the hour in Parquet, a table over it, and a workgroup that alone may query it cheaply and encrypted.

    The table finds its months by projection: there is no crawler and no partition to add. A new export is filled
    within a day. Tags are in the column `resource_tags`, such as `resource_tags['user_environment']`.

    Outputs: `database_name`, `table_name`, `workgroup_name`, `export_arn`.
    Guarded by: the security pack, as plain objects.
    Source: https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html
    """

    database_name: pulumi.Output[str]
    table_name: pulumi.Output[str]
    workgroup_name: pulumi.Output[str]
    export_arn: pulumi.Output[str]

    def __init__(self, name: str, args: BillingLakeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/cost:BillingLake", name, {}, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        database = aws.glue.CatalogDatabase(
            name,
            name=args.database_name,
            description="what AWS bills",
            tags=args.tags,
            opts=self._child,
        )
        self.database_name = database.name
        self.table_name = self._table(database).name
        self.workgroup_name = self._workgroup().name
        self.export_arn = self._export().arn
        self.register_outputs(
            {
                "databaseName": self.database_name,
                "tableName": self.table_name,
                "workgroupName": self.workgroup_name,
                "exportArn": self.export_arn,
            }
        )

    def _export(self) -> aws.bcmdata.Export:
        args = self._args
        output = {
            "overwrite": "OVERWRITE_REPORT",
            "format": "PARQUET",
            "compression": "PARQUET",
            "output_type": "CUSTOM",
        }
        destination = {
            "s3_bucket": args.bucket_name,
            "s3_prefix": args.prefix,
            "s3_region": args.region,
            "s3_output_configurations": [output],
        }
        return aws.bcmdata.Export(
            self._name,
            export={
                "name": args.name,
                "description": "what AWS bills, by the hour and the resource",
                "data_queries": [
                    {
                        "query_statement": f"SELECT {', '.join(COLUMNS)} FROM {SOURCE_TABLE}",  # noqa: S608 - of constants only
                        "table_configurations": {
                            SOURCE_TABLE: {
                                "BILLING_VIEW_ARN": f"arn:aws:billing::{args.account_id}:billingview/primary",
                                "TIME_GRANULARITY": "HOURLY",
                                "INCLUDE_RESOURCES": "TRUE",
                                "INCLUDE_MANUAL_DISCOUNT_COMPATIBILITY": "FALSE",
                                "INCLUDE_SPLIT_COST_ALLOCATION_DATA": "FALSE",
                            }
                        },
                    }
                ],
                "destination_configurations": [{"s3_destinations": [destination]}],
                "refresh_cadences": [{"frequency": "SYNCHRONOUS"}],
            },
            tags=args.tags,
            opts=self._where_exports_are(),
        )

    def _where_exports_are(self) -> pulumi.ResourceOptions:
        if self._args.region == EXPORT_REGION:
            return self._child
        provider = aws.Provider(f"{self._name}-exports", region=EXPORT_REGION, opts=self._child)
        return pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(provider=provider))

    def _table(self, database: aws.glue.CatalogDatabase) -> aws.glue.CatalogTable:
        args = self._args
        data = pulumi.Output.format("s3://{0}/{1}/{2}/data", args.bucket_name, args.prefix, args.name)
        return aws.glue.CatalogTable(
            self._name,
            name=TABLE,
            database_name=database.name,
            description="line items of CUR 2.0",
            table_type="EXTERNAL_TABLE",
            parameters={
                "classification": "parquet",
                "EXTERNAL": "TRUE",
                "projection.enabled": "true",
                "projection.billing_period.type": "date",
                "projection.billing_period.format": "yyyy-MM",
                "projection.billing_period.range": f"{args.first_month},NOW",
                "projection.billing_period.interval": "1",
                "projection.billing_period.interval.unit": "MONTHS",
                "storage.location.template": data.apply("{}/BILLING_PERIOD=${{billing_period}}".format),
            },
            partition_keys=[{"name": "billing_period", "type": "string"}],
            storage_descriptor={
                "location": data,
                "input_format": f"{_PARQUET}.MapredParquetInputFormat",
                "output_format": f"{_PARQUET}.MapredParquetOutputFormat",
                "ser_de_info": {
                    "serialization_library": f"{_PARQUET}.serde.ParquetHiveSerDe",
                    "parameters": {"serialization.format": "1"},
                },
                "columns": [{"name": column, "type": kind} for column, kind in COLUMNS.items()],
            },
            opts=self._child,
        )

    def _workgroup(self) -> aws.athena.Workgroup:
        args = self._args
        return aws.athena.Workgroup(
            self._name,
            name=args.name,
            description="queries over what AWS bills",
            force_destroy=not args.deletion_protection,
            configuration={
                "enforce_workgroup_configuration": True,
                "publish_cloudwatch_metrics_enabled": True,
                "bytes_scanned_cutoff_per_query": args.scan_limit_bytes,
                "result_configuration": {
                    "output_location": pulumi.Output.format("s3://{0}/{1}/", args.bucket_name, args.results_prefix),
                    "expected_bucket_owner": args.account_id,
                    "encryption_configuration": {"encryption_option": "SSE_KMS", "kms_key_arn": args.kms_key_arn},
                },
            },
            tags=args.tags,
            opts=self._child,
        )


def exporter_may_write(bucket_name: str, *, account_id: str, prefix: str) -> Statement:
    """Lets Data Exports deliver this account's exports under `prefix`, and see that the bucket is still ours.

    Source: https://docs.aws.amazon.com/cur/latest/userguide/dataexports-s3-bucket.html
    """
    return Statement(
        sid="BillingExportsWrite",
        actions=("s3:PutObject", "s3:GetBucketPolicy"),
        resources=(f"arn:aws:s3:::{bucket_name}", f"arn:aws:s3:::{bucket_name}/{prefix}/*"),
        principals={"Service": [EXPORTER]},
        conditions=_own_exports(account_id),
    )


def exporter_may_use_key(account_id: str) -> Statement:
    """Lets Data Exports encrypt what it delivers."""
    return Statement(
        sid="BillingExportsEncrypt",
        actions=("kms:Decrypt", "kms:GenerateDataKey"),
        resources=("*",),
        principals={"Service": [EXPORTER]},
        conditions=_own_exports(account_id),
        why_wildcard="in a key policy the resource is the key itself",
    )


def _own_exports(account_id: str) -> dict[str, dict[str, str]]:
    return {
        "StringEquals": {"aws:SourceAccount": account_id},
        "ArnLike": {"aws:SourceArn": f"arn:aws:bcm-data-exports:{EXPORT_REGION}:{account_id}:export/*"},
    }

"""The bill is exported from the one region that has exports, wherever the environment is."""

import pytest

from components.aws.cost.billing_lake import EXPORT_REGION, BillingLake, BillingLakeArgs, exporter_may_write
from components.aws.storage.bucket import Bucket, BucketArgs

pytestmark = pytest.mark.engine

ACCOUNT = "123456789012"
REGION = "eu-central-1"
EXPORT = "aws:bcmdata/export:Export"
PROVIDER = "pulumi:providers:aws"


def elsewhere() -> None:
    bucket_args = BucketArgs(
        bucket_name="lake-elsewhere",
        kms_key_arn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/data",
        keep_noncurrent_days=1,
        deletion_protection=False,
        statements=(exporter_may_write("lake-elsewhere", account_id=ACCOUNT, prefix="billing"),),
        tags={"environment": "dev"},
    )
    lake_args = BillingLakeArgs(
        name="bill-elsewhere",
        database_name="bill_elsewhere",
        account_id=ACCOUNT,
        region=REGION,
        bucket_name=Bucket("lake", bucket_args).bucket_name,
        prefix="billing",
        results_prefix="athena",
        first_month="2026-01",
        kms_key_arn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/data",
        scan_limit_bytes=2**30,
        deletion_protection=False,
        tags={"environment": "dev"},
    )
    BillingLake("bill", lake_args)


def test_the_export_is_made_where_exports_are_and_delivers_to_the_environments_region(stack) -> None:
    made = stack(elsewhere)
    made.up()
    resources = made.export_stack().deployment["resources"]
    (export,) = (one for one in resources if one["type"] == EXPORT)
    (destination,) = export["inputs"]["export"]["destinationConfigurations"][0]["s3Destinations"]
    assert destination["s3Region"] == REGION
    urn = export["provider"].rpartition("::")[0]
    (provider,) = (one for one in resources if one["urn"] == urn)
    assert provider["inputs"]["region"] == EXPORT_REGION
    made.destroy()


def test_a_delete_mark_goes_once_nothing_lies_below_it(stack) -> None:
    made = stack(elsewhere)
    made.up()
    resources = made.export_stack().deployment["resources"]
    (lifecycle,) = (one for one in resources if one["type"].startswith("aws:s3/bucketLifecycleConfiguration"))
    (rule,) = lifecycle["outputs"]["rules"]
    assert rule["expiration"]["expiredObjectDeleteMarker"] is True
    assert rule["noncurrentVersionExpiration"]["noncurrentDays"] == 1
    assert not made.preview().change_summary.keys() - {"same"}
    made.destroy()

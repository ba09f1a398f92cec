"""What AWS refuses of workgroups and data exports, the stand-in refuses too."""

from pathlib import Path

import pytest

from sandbox.providers.account import Account, ApiError
from sandbox.providers.aws.row import HandlerContext
from sandbox.providers.aws.rows.athena import WORKGROUP
from sandbox.providers.aws.rows.bcmdata import EXPORT
from sandbox.providers.aws.rows.s3_settings import POLICY as BUCKET_POLICY
from sandbox.providers.schema import SdkSchemas
from sandbox.providers.store import Store
from sandbox.providers.values import Document


def export(*, kind: str = "PARQUET", compression: str = "PARQUET") -> Document:
    output: Document = {"format": kind, "compression": compression}
    destination: Document = {"s3Bucket": "lake", "s3OutputConfigurations": [output]}
    return {"export": {"name": "bill", "destinationConfigurations": [{"s3Destinations": [destination]}]}}


def workgroup(*, cutoff: int = 10 * 2**20, **encryption: str) -> Document:
    result: Document = {"encryptionConfiguration": {**encryption}}
    return {"configuration": {"bytesScannedCutoffPerQuery": cutoff, "resultConfiguration": result}}


@pytest.mark.parametrize(
    ("row", "inputs", "refused"),
    [
        (WORKGROUP, workgroup(), 0),
        (WORKGROUP, workgroup(cutoff=10 * 2**20 - 1), 1),
        (WORKGROUP, workgroup(encryptionOption="SSE_KMS", kmsKeyArn="arn"), 0),
        (WORKGROUP, workgroup(encryptionOption="SSE_KMS"), 1),
        (EXPORT, export(), 0),
        (EXPORT, export(kind="TEXT_OR_CSV", compression="GZIP"), 0),
        (EXPORT, export(compression="GZIP"), 1),
    ],
)
def test_refusals(row, inputs: Document, refused: int) -> None:
    assert len(list(row.refusals(inputs))) == refused


@pytest.mark.parametrize(
    ("policy", "taken"),
    [
        (None, False),
        ({"Principal": {"Service": "s3.amazonaws.com"}}, False),
        ({"Principal": {"Service": "bcm-data-exports.amazonaws.com"}}, True),
    ],
)
def test_an_export_needs_a_bucket_that_lets_the_service_write(
    tmp_path: Path, policy: Document | None, taken: bool
) -> None:
    account = Account("us-east-1", Store(tmp_path / "store.json"))
    account.__dict__["account_id"] = "123456789012"
    if policy is not None:
        account.store.put(BUCKET_POLICY.resource, "lake", document={"policy": policy})
    schemas = SdkSchemas("pulumi_aws")
    scene = HandlerContext(account, schemas, schemas.type(EXPORT.resource))
    if taken:
        assert EXPORT.handler.create(scene, export()).startswith("arn:aws:bcm-data-exports:us-east-1:123456789012:")
    else:
        with pytest.raises(ApiError, match="does not let"):
            EXPORT.handler.create(scene, export())

"""Datasets are called as OpenLineage calls them."""

import pytest

from quantos.environment.names import Names
from quantos.errors import OrchestrationError
from quantos.orchestration.lineage.names import Naming, glue_tables, sql_tables

GLUE = Naming("prod", glue_tables(Names("prod", "123456789012", "eu-west-1")))
SQL = Naming("dev", sql_tables("lake"))


@pytest.mark.parametrize(
    ("naming", "uri", "namespace", "name"),
    [
        (SQL, "s3://bucket/models/p/1/model.bin", "s3://bucket", "models/p/1/model.bin"),
        (SQL, "iceberg://alpha/bars", "iceberg://lake", "alpha.bars"),
        (GLUE, "iceberg://alpha/bars", "arn:aws:glue:eu-west-1:123456789012", "table/alpha/bars"),
    ],
)
def test_a_dataset_is_named_by_its_address(naming: Naming, uri: str, namespace: str, name: str) -> None:
    dataset = naming.dataset(uri)
    assert (dataset.get_namespace(), dataset.get_name()) == (namespace, name)


@pytest.mark.parametrize(
    "uri", ["s3://bucket", "s3:///key", "iceberg://alpha", "iceberg://alpha/a/b", "http://a/b", ""]
)
def test_what_is_no_dataset_has_no_name(uri: str) -> None:
    with pytest.raises(OrchestrationError, match="names no dataset"):
        SQL.dataset(uri)

"""Who may write the bill, and where."""

from fnmatch import fnmatchcase

import pytest

from components.aws.cost.billing_lake import COLUMNS, exporter_may_use_key, exporter_may_write

WRITE = exporter_may_write("lake", account_id="123456789012", prefix="billing")


@pytest.mark.parametrize(
    ("resource", "written"),
    [
        ("arn:aws:s3:::lake/billing/bill/data/BILLING_PERIOD=2026-11/a.parquet", True),
        ("arn:aws:s3:::lake/ticks/a.parquet", False),
        ("arn:aws:s3:::other/billing/a.parquet", False),
    ],
)
def test_exports_are_delivered_under_the_prefix_only(resource: str, written: bool) -> None:
    assert any(fnmatchcase(resource, pattern) for pattern in WRITE.resources) is written


def test_only_this_accounts_exports_are_let_in() -> None:
    for statement in (WRITE, exporter_may_use_key("123456789012")):
        assert statement.conditions["StringEquals"] == {"aws:SourceAccount": "123456789012"}
        assert ":123456789012:export/" in str(statement.conditions["ArnLike"])


def test_tags_are_a_column_so_that_cost_can_be_told_by_pool_and_strategy() -> None:
    assert COLUMNS["resource_tags"] == "map<string,string>"
    assert COLUMNS["line_item_unblended_cost"] == "double"

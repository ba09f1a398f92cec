"""Names of tables are the same in every engine."""

import pytest

from quantos.errors import LakeError
from quantos.lake.tables import TableName


def test_a_table_and_its_uri_are_one() -> None:
    table = TableName.of_uri("iceberg://market/daily_bars")
    assert (str(table), table.uri) == ("market.daily_bars", "iceberg://market/daily_bars")


@pytest.mark.parametrize(
    "uri",
    ["s3://market/bars", "iceberg://market", "iceberg://market/bars/x", "iceberg://Market/bars", "iceberg:///bars",
     "iceberg://market/bars$snapshots", 'iceberg://market/a"b', "iceberg://market/bars\n", ""],
)  # fmt: skip
def test_what_names_no_table_is_refused(uri: str) -> None:
    with pytest.raises(LakeError, match=r"names no table|is no table"):
        TableName.of_uri(uri)

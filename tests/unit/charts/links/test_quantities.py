"""Quantities as Kubernetes writes them."""

import pytest

from quantos.charts.links.quantities import amount
from quantos.errors import ChartsError


@pytest.mark.parametrize(
    ("quantity", "value"),
    [("500m", 0.5), ("2", 2), (2, 2), ("1Gi", 2**30), ("1.5Gi", 1.5 * 2**30), ("1G", 1e9), ("1e3", 1000), (None, 0)],
)
def test_a_quantity_is_a_number(quantity, value) -> None:
    assert amount(quantity) == value


@pytest.mark.parametrize("quantity", ["10 Gi", "10gb", "much", "", "-"])
def test_other_text_is_none(quantity) -> None:
    with pytest.raises(ChartsError, match="no quantity"):
        amount(quantity)

"""Quantities as Kubernetes writes them."""

import pytest

from quantos.charts.links.quantities import amount, share
from quantos.errors import ChartsError


@pytest.mark.parametrize(
    ("quantity", "value"),
    [
        ("500m", 0.5),
        ("2", 2),
        (2, 2),
        ("1Gi", 2**30),
        ("1.5Gi", 1.5 * 2**30),
        ("1G", 1e9),
        ("1e3", 1000),
        (".5", 0.5),
        ("2n", 2e-9),
        ("1E", 1e18),
        (None, 0),
    ],
)
def test_a_quantity_is_a_number(quantity, value) -> None:
    assert amount(quantity) == value


@pytest.mark.parametrize("quantity", ["10 Gi", "10gb", "much", "", "-", "1.2.3", ".", True, [], {}])
def test_other_text_is_none(quantity) -> None:
    with pytest.raises(ChartsError, match="no quantity"):
        amount(quantity)


@pytest.mark.parametrize(("value", "pods"), [(0, 0), (2, 2), ("50%", 3), ("1%", 1), ("0%", 0), ("100%", 5)])
def test_a_share_is_rounded_up(value, pods) -> None:
    assert share(value, 5) == pods


@pytest.mark.parametrize("value", [None, True, -1, 0.0, "", "5", "x%", "-5%", "²%", [], {}])
def test_what_is_neither_a_count_nor_a_share_is_refused(value) -> None:
    with pytest.raises(ChartsError, match="neither a count nor a share"):
        share(value, 5)

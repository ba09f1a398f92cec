"""Support of versions: its days are in order and known for what the environments run, and a broken file is refused."""

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from quantos.catalog.support_ends import support_ends, support_of
from quantos.errors import CatalogError

ENVIRONMENTS = sorted((Path(__file__).resolve().parents[3] / "stacks" / "environments").glob("*.yaml"))


def test_support_ends_in_order_and_kubernetes_has_a_year_more() -> None:
    for (product, _), support in support_ends().items():
        assert support.standard_until < support.extended_until
        if product == "eks":
            assert support.extended_until - support.standard_until in {timedelta(days=365), timedelta(days=366)}


@pytest.mark.parametrize("file", ENVIRONMENTS, ids=lambda file: file.stem)
def test_what_an_environment_runs_is_known(file: Path) -> None:
    stated = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert support_of("eks", stated["cluster"]["kubernetes_version"])
    assert support_of("rds-postgres", stated["database"]["engine_version"].partition(".")[0])


def test_a_version_of_which_nothing_is_known_is_refused() -> None:
    with pytest.raises(CatalogError, match=r"until when AWS supports eks 1\.99"):
        support_of("eks", "1.99")


def test_a_file_without_days_is_refused(tmp_path) -> None:
    (tmp_path / "support_ends.csv").write_text(
        "product,version,standard_until,extended_until,source\neks,1.34,soon,later,x\n", encoding="utf-8"
    )
    with pytest.raises(CatalogError, match="cannot be read"):
        support_ends(tmp_path)

"""The catalog: what it answers, what it refuses, and whether its figures agree with a second source."""

import csv
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quantos.catalog.catalog import DATA, Catalog, load_catalog
from quantos.errors import CatalogError

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "prices" / "ec2_us_east_1.csv"
"""A second price list that may lie beside the project; it is not part of it."""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def test_a_shape_is_what_the_instance_holds(catalog: Catalog) -> None:
    shape = catalog.shape("p5.48xlarge")
    assert (shape.vcpu, shape.memory_gib, shape.gpus, shape.architecture) == (192, 2048.0, 8, "x86_64")
    assert (shape.family, shape.network_mbps) == ("p5", 3_200_000)
    assert catalog.shape("c7g.large").architecture == "arm64"


def test_on_demand_is_the_list_price_and_spot_the_assumed_saving_below_it(catalog: Catalog) -> None:
    assert catalog.usd_per_hour("c6i.2xlarge", capacity_type="ON_DEMAND", region="us-east-1") == 0.34
    assert catalog.usd_per_hour("c6i.2xlarge", capacity_type="SPOT", region="us-east-1") == pytest.approx(0.34 * 0.7)
    assert catalog.usd_per_hour("g5.xlarge", capacity_type="SPOT", region="us-east-1") == pytest.approx(1.006 * 0.8)


def test_a_family_of_which_nothing_is_known_saves_nothing_on_spot(catalog: Catalog) -> None:
    prices = {kind: catalog.usd_per_hour("a1.large", capacity_type=kind, region="us-east-1") for kind in KINDS}
    assert prices["SPOT"] == prices["ON_DEMAND"]


KINDS = ("ON_DEMAND", "SPOT")


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_price_is_an_error_and_never_zero(catalog: Catalog, kind: str) -> None:
    with pytest.raises(CatalogError, match=r"no price is known for g3\.4xlarge in us-east-1"):
        catalog.usd_per_hour("g3.4xlarge", capacity_type=kind, region="us-east-1")
    with pytest.raises(CatalogError, match="in eu-west-2") as caught:
        catalog.usd_per_hour("c7i.2xlarge", capacity_type=kind, region="eu-west-2")
    assert "refresh_prices.py eu-west-2" in caught.value.remedy


@pytest.mark.parametrize("name", ["c7i.3xlarge", "mac2.metal", ""])
def test_an_unknown_shape_is_an_error(catalog: Catalog, name: str) -> None:
    with pytest.raises(CatalogError, match="is not in the catalog"):
        catalog.shape(name)


def test_a_measured_spot_price_goes_before_the_assumed_one(catalog: Catalog) -> None:
    measured = catalog.with_spot_prices("us-east-1", {"c6i.2xlarge": 0.31})
    assert measured.usd_per_hour("c6i.2xlarge", capacity_type="SPOT", region="us-east-1") == 0.31
    assert measured.usd_per_hour("c6i.xlarge", capacity_type="SPOT", region="us-east-1") == pytest.approx(0.17 * 0.7)


def test_a_catalog_with_a_price_of_zero_is_refused(tmp_path: Path) -> None:
    for file in ("shapes.csv", "spot_savings.json"):
        (tmp_path / file).write_bytes((DATA / file).read_bytes())
    (tmp_path / "on_demand").mkdir()
    (tmp_path / "on_demand" / "us-east-1.csv").write_text("instance_type,usd_per_hour\nc6i.large,0\n")
    with pytest.raises(CatalogError, match=r"us-east-1\.csv has no positive price for c6i\.large"):
        load_catalog(tmp_path)


def test_every_data_file_says_where_it_comes_from_and_of_which_day() -> None:
    sources = json.loads((DATA / "sources.json").read_text())
    files = {path.relative_to(DATA).as_posix() for path in DATA.rglob("*.csv")}
    assert set(sources) == files
    assert all(facts["licence"] and facts["version"] for facts in sources.values())
    assert sources["on_demand/us-east-1.csv"]["prices_of"] == "2026-07-06T14:20:29Z"


def test_reading_the_catalog_is_quick_enough_for_a_cold_start() -> None:
    load_catalog.cache_clear()
    before = time.process_time()
    load_catalog()
    assert time.process_time() - before < 0.05


def test_the_catalog_needs_no_vendor_sdk() -> None:
    code = (
        "import sys; from quantos.catalog.catalog import load_catalog; load_catalog(); "
        "print({'boto3', 'pulumi', 'pandas'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


@pytest.fixture(scope="module")
def reference() -> dict[str, dict[str, str]]:
    if not REFERENCE.exists():
        pytest.skip("the reference price list is not beside the project")
    with REFERENCE.open(newline="") as file:
        return {row["instance_type"]: row for row in csv.DictReader(file)}


def test_shapes_and_prices_agree_with_the_reference(catalog: Catalog, reference: dict[str, dict[str, str]]) -> None:
    shared = sorted(set(reference) & set(catalog.shapes) & set(catalog.on_demand["us-east-1"]))
    assert len(shared) > 1_250
    unlike = [
        name
        for name in shared
        if (catalog.shape(name).vcpu, catalog.shape(name).memory_gib)
        != pytest.approx(shape_in(reference[name]), abs=0.1)
    ]
    assert unlike == []
    moved = [
        name
        for name in shared
        if abs(catalog.on_demand["us-east-1"][name] / float(reference[name]["on_demand_usd_per_hour"]) - 1) > 0.2
    ]
    assert len(moved) <= 0.01 * len(shared), moved


def shape_in(row: dict[str, str]) -> tuple[int, float]:
    return int(row["vcpu"]), float(row["memory_gib"])


def test_the_assumed_spot_saving_is_below_the_published_one(
    catalog: Catalog, reference: dict[str, dict[str, str]]
) -> None:
    priced = {name: row for name, row in reference.items() if row["spot_savings_percent"]}
    bold = [
        name
        for name, row in priced.items()
        if catalog.spot_assumption(name).saving * 100 > float(row["spot_savings_percent"])
    ]
    assert len(priced) > 500
    assert bold == []

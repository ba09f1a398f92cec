"""Where prices come from: the Pricing API, the spot history, and the table in a Go module."""

import importlib.util
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import boto3
import pytest
from botocore.stub import Stubber

from quantos.catalog.adapters.price_list import AwsPriceList
from quantos.catalog.adapters.service_prices import AwsServicePrices, ServiceOffer, service_offers
from quantos.catalog.adapters.spot_history import SpotHistory
from quantos.catalog.catalog import DATA, load_catalog
from quantos.catalog.data_files import write_prices, write_service_prices
from quantos.errors import CatalogError

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 15, tzinfo=UTC)


def client(service: str):
    return boto3.client(
        service, region_name="eu-west-2", aws_access_key_id="test", aws_secret_access_key="test", aws_session_token=""
    )


def offer(instance_type: str, usd: str, unit: str = "Hrs") -> str:
    """One product as the Pricing API lists it: JSON within JSON, keyed by offer."""
    return json.dumps(
        {
            "product": {"attributes": {"instanceType": instance_type}},
            "terms": {
                "OnDemand": {"A.B": {"priceDimensions": {"A.B.C": {"unit": unit, "pricePerUnit": {"USD": usd}}}}}
            },
        }
    )


def stub_price_list(stubber: Stubber, *pages: list[str]) -> None:
    fields = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}
    fields |= {"marketoption": "OnDemand", "regionCode": "eu-west-2"}
    expected = {
        "ServiceCode": "AmazonEC2",
        "Filters": [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in fields.items()],
    }
    for number, page in enumerate(pages):
        more = {"NextToken": str(number + 1)} if number + 1 < len(pages) else {}
        asked = expected | ({"NextToken": str(number)} if number else {})
        stubber.add_response("get_products", {"PriceList": page, **more}, asked)


def stub_history(stubber: Stubber, types: list[str], entries: list[tuple[str, str]]) -> None:
    answer = {"SpotPriceHistory": [{"InstanceType": name, "SpotPrice": price} for name, price in entries]}
    asked = {"InstanceTypes": types, "ProductDescriptions": ["Linux/UNIX"], "StartTime": START, "EndTime": END}
    stubber.add_response("describe_spot_price_history", answer, asked)


def test_the_price_list_is_read_page_by_page_without_its_placeholders() -> None:
    pricing = client("pricing")
    with Stubber(pricing) as stubber:
        first = [offer("c7i.large", "0.1060"), offer("c7i.xlarge", "0.0000")]
        stub_price_list(stubber, first, [offer("m7i.large", "0.1173"), offer("t3.nano", "1", unit="Quantity")])
        assert AwsPriceList(pricing).usd_per_hour("eu-west-2") == {"c7i.large": 0.106, "m7i.large": 0.1173}
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        pytest.param(
            [offer("c7i.large", "0.1"), offer("c7i.large", "0.2")], r"c7i\.large at 0\.1 and at 0\.2", id="two"
        ),
        pytest.param([], "the price list of eu-west-2 is empty", id="none"),
    ],
)
def test_a_price_list_that_does_not_say_one_price_a_type_is_refused(page: list[str], reason: str) -> None:
    pricing = client("pricing")
    with Stubber(pricing) as stubber:
        stub_price_list(stubber, page)
        with pytest.raises(CatalogError, match=reason):
            AwsPriceList(pricing).usd_per_hour("eu-west-2")


def test_aws_refusing_is_a_catalog_error_with_a_remedy() -> None:
    pricing, ec2 = client("pricing"), client("ec2")
    with Stubber(pricing) as prices, Stubber(ec2) as history:
        prices.add_client_error("get_products", "AccessDeniedException", "no")
        history.add_client_error("describe_spot_price_history", "UnauthorizedOperation", "no")
        with pytest.raises(CatalogError, match="AccessDenied") as first:
            AwsPriceList(pricing).usd_per_hour("eu-west-2")
        with pytest.raises(CatalogError, match="Unauthorized") as second:
            SpotHistory(ec2).dearest_usd_per_hour(["c7i.large"], start=START, end=END)
    assert "pricing:GetProducts" in first.value.remedy
    assert "ec2:DescribeSpotPriceHistory" in second.value.remedy


def test_spot_is_priced_at_the_dearest_hour_of_the_dearest_zone() -> None:
    ec2 = client("ec2")
    with Stubber(ec2) as stubber:
        entries = [("c7i.large", "0.041"), ("c7i.large", "0.052"), ("c7i.large", "0.047"), ("m7i.large", "0.03")]
        stub_history(stubber, ["c7i.large", "m7i.large", "r7i.large"], entries)
        prices = SpotHistory(ec2).dearest_usd_per_hour(["c7i.large", "m7i.large", "r7i.large"], start=START, end=END)
    assert prices == {"c7i.large": 0.052, "m7i.large": 0.03}


def test_many_types_are_asked_for_in_several_requests() -> None:
    ec2, types = client("ec2"), [f"x{number}.large" for number in range(101)]
    with Stubber(ec2) as stubber:
        stub_history(stubber, types[:100], [("x0.large", "0.1")])
        stub_history(stubber, types[100:], [("x100.large", "0.2")])
        assert set(SpotHistory(ec2).dearest_usd_per_hour(types, start=START, end=END)) == {"x0.large", "x100.large"}


def copy_of_data(folder: Path) -> Path:
    for path in DATA.rglob("*.*"):
        target = folder / path.relative_to(DATA)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return folder


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_refreshed_region_is_priced_dated_and_spot_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = copy_of_data(tmp_path)
    clients = {"pricing": client("pricing"), "ec2": client("ec2")}
    with Stubber(clients["pricing"]) as prices, Stubber(clients["ec2"]) as history:
        stub_price_list(
            prices, [offer("c7i.large", "0.1060"), offer("m7i.large", "0.1173"), offer("mac2.metal", "0.8")]
        )
        answer = {"SpotPriceHistory": [{"InstanceType": "c7i.large", "SpotPrice": "0.0523"}]}
        history.add_response("describe_spot_price_history", answer)
        monkeypatch.setattr(boto3, "client", lambda service, region_name: clients[service])
        assert script("refresh_prices").main(["eu-west-2", "--spot-days", "14", "--data", str(data)]) == 0
    catalog = load_catalog(data)
    assert catalog.usd_per_hour("c7i.large", capacity_type="ON_DEMAND", region="eu-west-2") == 0.106
    assert catalog.usd_per_hour("c7i.large", capacity_type="SPOT", region="eu-west-2") == 0.0523
    assert catalog.usd_per_hour("m7i.large", capacity_type="SPOT", region="eu-west-2") == pytest.approx(0.1173 * 0.7)
    sources = json.loads((data / "sources.json").read_text())
    assert sources["spot/eu-west-2.csv"]["what"] == "dearest spot USD per hour of any zone in 14 days, Linux"
    assert "on_demand/us-east-1.csv" in sources
    assert "2 on-demand prices; 1 left out for want of a shape" in capsys.readouterr().out


def test_writing_prices_loses_no_digit(tmp_path: Path) -> None:
    write_prices("on_demand", "x", usd_per_hour={"b.large": 0.0084321, "a.large": 113.0681}, source={}, data=tmp_path)
    assert (
        tmp_path / "on_demand" / "x.csv"
    ).read_text() == "instance_type,usd_per_hour\na.large,113.0681\nb.large,0.0084321\n"


def test_the_go_price_table_is_read_by_region_with_its_date() -> None:
    source = """// generated at 2026-07-06T14:20:29Z for us-east-1
var InitialOnDemandPricesAWS = map[string]map[ec2types.InstanceType]float64{
\t// us-east-1
\t"us-east-1": {
\t\t// a1 family
\t\t"a1.2xlarge": 0.204000, "c7i-flex.large": 0.084790,
\t\t"u-6tb1.56xlarge": 46.403910,
\t},
\t"eu-west-2": {
\t\t"a1.2xlarge": 0.214000,
\t},
}
"""
    table = script("generate_catalog").parsed_price_table(source)
    assert table.generated_at == "2026-07-06T14:20:29Z"
    assert table.prices == {
        "us-east-1": {"a1.2xlarge": 0.204, "c7i-flex.large": 0.08479, "u-6tb1.56xlarge": 46.40391},
        "eu-west-2": {"a1.2xlarge": 0.214},
    }
    for broken in (source.replace("generated at", "made"), "// generated at 2026 for x\n"):
        with pytest.raises(ValueError, match="the price table"):
            script("generate_catalog").parsed_price_table(broken)


def test_committed_shapes_are_what_the_locked_package_holds() -> None:
    shapes = load_catalog().shapes
    rows = {row["instance_type"]: row for row in script("generate_catalog").bundled_shapes()}
    assert set(rows) == set(shapes)
    assert all((row["vcpu"], row["gpus"]) == (shapes[name].vcpu, shapes[name].gpus) for name, row in rows.items())


def service_offer(usage_type: str, *tiers: tuple[str, str]) -> str:
    dimensions = {
        str(number): {"beginRange": begin, "unit": "x", "pricePerUnit": {"USD": usd}}
        for number, (begin, usd) in enumerate(tiers)
    }
    return json.dumps(
        {
            "product": {"attributes": {"usagetype": usage_type}},
            "terms": {"OnDemand": {"A.B": {"priceDimensions": dimensions}}},
        }
    )


REQUESTS = ServiceOffer(
    item="s3-write-requests", service_code="AmazonS3", usage_type="Requests-Tier1", times=1e6, attributes={}
)


@pytest.mark.parametrize(
    ("listed", "price"),
    [
        pytest.param([service_offer("EUW2-Requests-Tier1", ("0", "0.0000053"))], 5.3, id="behind-a-region's-code"),
        pytest.param([service_offer("Requests-Tier1", ("0", "0"), ("1000", "0.000005"))], 5.0, id="first-billed-tier"),
        pytest.param([service_offer("EUW2-GIR-Requests-Tier1", ("0", "0.00002"))], None, id="another-usage-type"),
        pytest.param([], None, id="no-such-offer"),
    ],
)
def test_what_a_service_bills_is_found_by_its_usage_type(listed: list[str], price: float | None) -> None:
    pricing = client("pricing")
    with Stubber(pricing) as stubber:
        stubber.add_response("get_products", {"PriceList": listed})
        found = AwsServicePrices(pricing).usd("eu-west-2", REQUESTS)
    assert found == (price if price is None else pytest.approx(price))


def test_two_prices_of_one_item_are_refused() -> None:
    pricing = client("pricing")
    with Stubber(pricing) as stubber:
        twice = [service_offer("Requests-Tier1", ("0", "1")), service_offer("EUW2-Requests-Tier1", ("0", "2"))]
        stubber.add_response("get_products", {"PriceList": twice})
        with pytest.raises(CatalogError, match=r"s3-write-requests .* at 1, 2"):
            AwsServicePrices(pricing).usd("eu-west-2", REQUESTS)


def test_refreshed_service_prices_are_marked_and_the_others_stay(tmp_path: Path) -> None:
    data = copy_of_data(tmp_path)
    before = load_catalog(data).services["us-east-2"]
    write_service_prices(
        "us-east-2", usd={"kms-key": 1.1}, units={"kms-key": "month"}, stated_on="2026-12-01", data=data
    )
    load_catalog.cache_clear()
    after = load_catalog(data).services["us-east-2"]
    assert after == {**before, "kms-key": replace(before["kms-key"], usd=1.1)}
    assert "kms-key,month,1.1,2026-12-01,price-list," in (data / "services" / "us-east-2.csv").read_text()


def test_every_offer_is_of_an_item_of_the_catalog() -> None:
    known = load_catalog().services["us-east-1"]
    offers = service_offers()
    assert {offer.item for offer in offers} <= set(known)
    assert len(offers) == len({offer.item for offer in offers})

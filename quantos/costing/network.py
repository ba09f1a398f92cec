"""Ways in and out, and what goes over them."""

from collections.abc import Iterator, Mapping
from typing import Final

from quantos.costing.cost import HOURS_PER_MONTH
from quantos.costing.resource import Resource
from quantos.costing.tariff import Entry, Pricer, Tariff

LOAD_BALANCERS: Final[Mapping[str, str]] = {"application": "alb", "network": "nlb"}


def load_balancer(tariff: Tariff, owner: Resource, *, kind: str) -> Iterator[Entry]:
    """A load balancer, `alb` or `nlb`, and the capacity units it is assumed to use on average."""
    yield tariff.hourly(kind, what=f"load balancer ({kind})")
    item = f"{kind}-capacity-unit"
    yield tariff.used(item, "load_balancer_units", unit="hour", by=owner, times=HOURS_PER_MONTH)


def _vpc(vpc: Resource, tariff: Tariff) -> Iterator[Entry]:
    """The VPC is free; what its members send between zones and out of the region is nobody else's."""
    yield tariff.used(
        "transfer-between-zones", "cross_zone_gib", unit="GiB", by=vpc, times=2, what="traffic between zones, both ways"
    )
    yield tariff.used("transfer-to-internet", "internet_gib", unit="GiB", by=vpc, what="traffic to the internet")


def _nat_gateway(gateway: Resource, tariff: Tariff) -> Iterator[Entry]:
    yield tariff.hourly("nat-gateway")
    yield tariff.used("nat-gateway-data", "nat_gib", unit="GiB", by=gateway, what="traffic through NAT")


def _address(_: Resource, tariff: Tariff) -> Iterator[Entry]:
    yield tariff.hourly("public-ipv4", what="public address")


def _endpoint(endpoint: Resource, tariff: Tariff) -> Iterator[Entry]:
    kind = endpoint.text("vpcEndpointType", default="Gateway")
    if kind == "Gateway":
        return
    if kind not in {"Interface", "GatewayLoadBalancer"}:
        raise endpoint.unreadable("vpcEndpointType", kind)
    if (region := endpoint.text("serviceRegion", default="") or tariff.region) != tariff.region:
        raise endpoint.unreadable("serviceRegion", region)
    configured = {part.properties.get("subnetId") for part in endpoint.parts("subnetConfigurations")}
    zones = len({*endpoint.sequence("subnetIds"), *configured})
    if not zones:
        raise endpoint.unreadable("subnetIds", [])
    yield tariff.hourly("interface-endpoint", count=zones, what="interface endpoint, each zone")
    yield tariff.used("interface-endpoint-data", "endpoint_gib", unit="GiB", by=endpoint, what="traffic to it")


def _load_balancer(balancer: Resource, tariff: Tariff) -> Iterator[Entry]:
    kind = LOAD_BALANCERS.get(balancer.text("loadBalancerType", default="application"))
    if kind is None:
        raise balancer.unreadable("loadBalancerType", balancer.properties.get("loadBalancerType"))
    yield from load_balancer(tariff, balancer, kind=kind)
    if not balancer.flag("internal") and (zones := _own_addresses(balancer)):
        yield tariff.hourly("public-ipv4", count=zones, what="public addresses")


def _own_addresses(balancer: Resource) -> int:
    """Zones in which AWS gives a public balancer an address; one that is brought along is priced by itself."""
    mapped = list(balancer.parts("subnetMappings"))
    if not mapped:
        return len(balancer.sequence("subnets"))
    return sum(1 for part in mapped if not part.properties.get("allocationId"))


def _zone(_: Resource, tariff: Tariff) -> Iterator[Entry]:
    yield tariff.declared("route53-zone", 1, unit="month", what="hosted zone")


PRICERS: Final[Mapping[str, Pricer]] = {
    "aws:ec2/vpc:Vpc": _vpc,
    "aws:ec2/natGateway:NatGateway": _nat_gateway,
    "aws:ec2/eip:Eip": _address,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:route53/zone:Zone": _zone,
}

"""Nodes, their volumes, and the clusters they belong to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from quantos.catalog.catalog import CapacityType
from quantos.costing.cost import HOURS_PER_MONTH
from quantos.costing.resource import Resource
from quantos.costing.tariff import Charge, Entry, Pricer, Tariff
from quantos.errors import CostingError, QuantosError

LAUNCH_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
CAPACITY_TYPES: Final[Mapping[str, CapacityType]] = {"ON_DEMAND": "ON_DEMAND", "SPOT": "SPOT"}
DEFAULT_NODE_DISK_GIB: Final = 20
DETAILED_METRICS: Final = 7
FREE_GP3_IOPS: Final = 3000
FREE_GP3_MIBPS: Final = 125


@dataclass(frozen=True)
class Bounds:
    """How many of something there may be."""

    least: float
    most: float


def volume(tariff: Tariff, settings: Resource, *, kind: str, gib: float, count: Bounds) -> Iterator[Entry]:
    """EBS volumes of one kind; `settings` may state `iops` and `throughput` beyond what a gp3 volume includes."""
    size = tariff.declared(
        f"ebs-{kind}", gib * count.most, unit="GiB-month", floor=gib * count.least, what=f"{kind} volumes"
    )
    yield size
    if kind != "gp3":
        if settings.properties.get("iops") is not None and kind in {"io1", "io2"}:
            iops = settings.number("iops")
            yield tariff.declared(
                f"ebs-{kind}-iops", iops * count.most, unit="IOPS-month", floor=iops * count.least, what=f"{kind} IOPS"
            )
        return
    for key, included, item, unit in (
        ("iops", FREE_GP3_IOPS, "ebs-gp3-iops", "IOPS-month"),
        ("throughput", FREE_GP3_MIBPS, "ebs-gp3-throughput", "MiBps-month"),
    ):
        more = settings.number(key, default=included) - included
        if more > 0:
            yield tariff.declared(item, more * count.most, unit=unit, floor=more * count.least)


def _node_group(group: Resource, tariff: Tariff) -> Iterator[Entry]:
    scaling = group.part("scalingConfig")
    count = Bounds(scaling.number("minSize"), scaling.number("maxSize"))
    template = tariff.beside(group, "launchTemplate", LAUNCH_TEMPLATE)
    yield _instances(tariff, group, template, count=count)
    if template is not None:
        yield from _of_template(tariff, template, count=count)
    if template is not None and template.sequence("blockDeviceMappings"):
        for device in template.parts("blockDeviceMappings"):
            yield from _device(tariff, device.part("ebs"), count=count)
    elif template is None and group.properties.get("launchTemplate") is not None:
        yield from _stated_disk(tariff, group, count=count)
    else:
        gib = group.number("diskSize", default=DEFAULT_NODE_DISK_GIB)
        yield from volume(tariff, group.bare(), kind="gp2", gib=gib, count=count)


def _of_template(tariff: Tariff, template: Resource, *, count: Bounds) -> Iterator[Entry]:
    """What a template gives each node beside disks."""
    if template.part("monitoring").flag("enabled"):
        yield _monitoring(tariff, count=count)
    public = [part for part in template.parts("networkInterfaces") if _is_true(part, "associatePublicIpAddress")]
    if public:
        most, least = count.most * len(public), count.least * len(public)
        yield tariff.hourly("public-ipv4", count=most, floor=least, what="public addresses")


def _is_true(part: Resource, key: str) -> bool:
    """A boolean, or the word that templates take for it."""
    return part.properties.get(key) in {True, "true"}


def _stated_disk(tariff: Tariff, group: Resource, *, count: Bounds) -> Iterator[Entry]:
    """What the project's own launch template gives each node of the group's pool, where it is in another stack."""
    pool = group.part("tags").text("pool", default="")
    gib = tariff.usage.node_disks_gib.get(pool)
    if gib is None:
        raise CostingError(
            f"{group.name} ({group.type}) cannot be priced: its launch template is not in this stack, and no pool of "
            "the environment file says which disk its nodes have",
            remedy="tag it with its pool, or declare the launch template beside it",
        )
    yield from volume(tariff, group.bare(), kind="gp3", gib=gib, count=count)
    yield _monitoring(tariff, count=count)


def _monitoring(tariff: Tariff, *, count: Bounds) -> Entry:
    """What CloudWatch measures of each node every minute."""
    most, least = count.most * DETAILED_METRICS, count.least * DETAILED_METRICS
    return tariff.declared("cloudwatch-metric", most, unit="metric-month", floor=least, what="detailed monitoring")


def _device(tariff: Tariff, disk: Resource, *, count: Bounds) -> Iterator[Entry]:
    kind = disk.text("volumeType", default="gp2")
    yield from volume(tariff, disk, kind=kind, gib=disk.number("volumeSize"), count=count)


def _instances(tariff: Tariff, group: Resource, template: Resource | None, *, count: Bounds) -> Entry:
    """At the dearest of its types, since AWS may start any of them."""
    types = [str(name) for name in group.sequence("instanceTypes")]
    if not types and template is not None:
        types = [template.text("instanceType")]
    capacity_type = CAPACITY_TYPES.get(group.text("capacityType", default="ON_DEMAND"))
    if not types or capacity_type is None:
        return CostingError(
            f"node group {group.name} names no instance type, or a capacity type without a price",
            remedy="name its instanceTypes, and ON_DEMAND or SPOT as its capacityType",
        )
    return _nodes(tariff, types, capacity_type=capacity_type, count=count)


def _nodes(tariff: Tariff, types: list[str], *, capacity_type: CapacityType, count: Bounds) -> Entry:
    prices = dict[str, float]()
    try:
        for name in types:
            prices[name] = tariff.catalog.usd_per_hour(name, capacity_type=capacity_type, region=tariff.region)
    except QuantosError as exc:
        return exc
    dearest = max(prices, key=lambda name: prices[name])
    return Charge(
        what=f"{dearest} {'spot' if capacity_type == 'SPOT' else 'on demand'}",
        quantity=count.most * HOURS_PER_MONTH,
        floor=count.least * HOURS_PER_MONTH,
        unit="hour",
        usd_per_unit=prices[dearest],
        basis="declared" if count.least == count.most else "floor/ceiling",
    )


ONE: Final = Bounds(1, 1)
DEFAULT_ROOT_GIB: Final = 8


def _instance(instance: Resource, tariff: Tariff) -> Iterator[Entry]:
    yield _nodes(tariff, [instance.text("instanceType")], capacity_type="ON_DEMAND", count=ONE)
    if instance.flag("monitoring"):
        yield _monitoring(tariff, count=ONE)
    if instance.flag("associatePublicIpAddress"):
        yield tariff.hourly("public-ipv4", what="public address")
    root = instance.part("rootBlockDevice")
    gib, kind = root.number("volumeSize", default=DEFAULT_ROOT_GIB), root.text("volumeType", default="gp2")
    yield from volume(tariff, root, kind=kind, gib=gib, count=ONE)
    for disk in instance.parts("ebsBlockDevices"):
        yield from _device(tariff, disk, count=ONE)


def _volume(disk: Resource, tariff: Tariff) -> Iterator[Entry]:
    yield from volume(tariff, disk, kind=disk.text("type", default="gp2"), gib=disk.number("size"), count=ONE)


def _cluster(cluster: Resource, tariff: Tariff) -> Iterator[Entry]:
    """A version in extended support costs six times as much, unless its cluster leaves when standard support ends."""
    if cluster.part("computeConfig").flag("enabled"):
        raise cluster.unreadable("computeConfig", "Auto Mode")
    tier = cluster.part("controlPlaneScalingConfig").text("tier", default="standard")
    if tier != "standard":
        raise cluster.unreadable("controlPlaneScalingConfig", tier)
    yield tariff.hourly("eks-cluster", what="EKS control plane")
    version = cluster.text("version", default="")
    leaves = cluster.part("upgradePolicy").text("supportType", default="EXTENDED") == "STANDARD"
    if version and not leaves and tariff.is_extended(cluster, "eks", version):
        yield tariff.hourly("eks-extended-support", what=f"extended support of Kubernetes {version}")


PRICERS: Final[Mapping[str, Pricer]] = {
    "aws:ec2/instance:Instance": _instance,
    "aws:ebs/volume:Volume": _volume,
    "aws:eks/cluster:Cluster": _cluster,
    "aws:eks/nodeGroup:NodeGroup": _node_group,
}

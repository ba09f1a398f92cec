"""Reads an environment file, and refuses a wrong one with every file, line and field before anything is started."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from quantos.catalog.catalog import CapacityType, Catalog, InstanceShape
from quantos.clock import Clock, utc_now
from quantos.documents.cross_field import faults_in_part, part_of
from quantos.documents.settings_file import placed, read_file, refusal, validated
from quantos.environment.conventions import SYSTEM_AMI_TYPE
from quantos.environment.node_agents import GPU_PLUGIN
from quantos.environment.plausibility import plausibility_faults
from quantos.environment.provider_rules import image_faults, provider_faults
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.network import FUNCTION_SERVICES, POD_SERVICES
from quantos.environment.settings.pools import PoolSettings
from quantos.errors import CatalogError, SettingsError
from quantos.faults import FaultPath, in_order

REMEDY = "correct the environment file; quantos/environment/settings says what each field may hold"


def load_environment(name: str, *, root: Path, catalog: Catalog, clock: Clock = utc_now) -> EnvironmentSettings:
    """The environment `name`, read from `<root>/<name>.yaml` and checked against the catalog.

    Raises SettingsError with one line for each thing that is wrong, `file: line, column: field: what`.
    """
    path = root / f"{name}.yaml"
    if not path.exists():
        there = ", ".join(sorted(file.stem for file in root.glob("*.yaml"))) or "none"
        raise SettingsError(
            f"{_shown(path)}: there is no such file", remedy=f"name one of the environments there are: {there}"
        )
    document = read_file(path, shown=_shown(path), remedy=REMEDY)
    settings, faults = validated(EnvironmentSettings, document)
    known = settings or part_of(EnvironmentSettings, document.value)
    market = _Market(catalog, None if settings is None else settings.region)
    inconsistencies = faults_in_part(
        _wrong_name(known, name),
        _wrong_region(known),
        _wrong_platform(known),
        *provider_faults(known),
        *plausibility_faults(known, catalog, today=clock().date()),
        *_wrong_instances(known, market),
    )
    if settings is None or inconsistencies:
        raise refusal(_shown(path), in_order((*faults, *placed(inconsistencies, document))), remedy=REMEDY)
    return settings


def _wrong_name(settings: EnvironmentSettings, name: str) -> Iterator[tuple[FaultPath, str]]:
    if settings.name != name:
        yield ("name",), f"is {settings.name!r}, but the file is called {name}.yaml"


def _wrong_region(settings: EnvironmentSettings) -> Iterator[tuple[FaultPath, str]]:
    if settings.region not in settings.allowed_regions:
        yield ("allowed_regions",), f"{settings.region}, where the environment stands, is not among them"


def _wrong_platform(settings: EnvironmentSettings) -> Iterator[tuple[FaultPath, str]]:
    """Of files alone: records of decisions hold settings from before the platform needed these."""
    if missing := sorted(POD_SERVICES - FUNCTION_SERVICES - set(settings.network.endpoint_services)):
        yield ("network", "endpoint_services"), f"lacks {', '.join(missing)}, which pods reach in no other way"
    gpus = [name for name, pool in settings.pools.items() if pool.driven_gpus]
    if gpus and GPU_PLUGIN not in settings.platform.images:
        yield ("platform", "images"), f"lacks {GPU_PLUGIN}, without which no pod gets a GPU of {', '.join(gpus)}"


class _Market(NamedTuple):
    """What there is to buy; `region` is None while the file is wrong elsewhere, and then no price is asked for."""

    catalog: Catalog
    region: str | None


def _wrong_instances(settings: EnvironmentSettings, market: _Market) -> Iterator[Iterator[tuple[FaultPath, str]]]:
    """One check for the system nodes, and one for each pool."""
    yield _wrong_system_nodes(settings, market)
    for name, pool in getattr(settings, "pools", {}).items():
        yield _wrong_pool(name, pool, market)


def _wrong_system_nodes(settings: EnvironmentSettings, market: _Market) -> Iterator[tuple[FaultPath, str]]:
    field = ("cluster", "system_nodes")
    types = settings.cluster.system_nodes.instance_types
    unknown = list(_unknown_types(field, types, capacity_type="ON_DEMAND", market=market))
    yield from unknown
    for shape in () if unknown else map(market.catalog.shape, types):
        yield from image_faults((*field, "instance_types"), SYSTEM_AMI_TYPE, shape=shape)


def _wrong_pool(name: str, pool: PoolSettings, market: _Market) -> Iterator[tuple[FaultPath, str]]:
    types = pool.instance_types
    unknown = list(_unknown_types(("pools", name), types, capacity_type=pool.capacity_type, market=market))
    if unknown or not types:
        yield from unknown
        return
    yield from _unequal_types(name, pool, market.catalog)
    yield from image_faults(("pools", name, "ami_type"), pool.ami_type, shape=market.catalog.shape(types[0]))


def _unknown_types(
    field: FaultPath, types: Sequence[str], *, capacity_type: CapacityType, market: _Market
) -> Iterator[tuple[FaultPath, str]]:
    for instance_type in types:
        try:
            market.catalog.shape(instance_type)
            if market.region is not None:
                market.catalog.usd_per_hour(instance_type, capacity_type=capacity_type, region=market.region)
        except CatalogError as exc:
            yield (*field, "instance_types"), f"{exc.what}; {exc.remedy}"


def _unequal_types(name: str, pool: PoolSettings, catalog: Catalog) -> Iterator[tuple[FaultPath, str]]:
    """The Cluster Autoscaler sizes a group by its first type, so all must hold the same."""
    first, *others = [catalog.shape(instance_type) for instance_type in pool.instance_types]
    for other in others:
        if _measure(other) != _measure(first):
            yield (
                ("pools", name, "instance_types"),
                (
                    f"{other.instance_type} ({_measure(other)}) is unlike "
                    f"{first.instance_type} ({_measure(first)}); types of one pool must be equal"
                ),
            )


def _measure(shape: InstanceShape) -> str:
    return f"{shape.vcpu} vCPU, {shape.memory_gib:g} GiB, {shape.gpus} GPU, {shape.architecture}"


def _shown(path: Path) -> str:
    """The file as people call it, `stacks/environments/dev.yaml`, wherever the project lies."""
    return "/".join(path.parts[-3:])

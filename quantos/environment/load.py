"""Reads an environment file, and refuses a wrong one with every file, line and field before anything is started."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from quantos.catalog.catalog import CapacityType, Catalog, InstanceShape
from quantos.environment.settings import EnvironmentSettings, PoolSettings
from quantos.errors import CatalogError, SettingsError
from quantos.faults import FaultPath, in_order
from quantos.settings_file import placed, read_file, refusal, validated

REMEDY = "correct the environment file; quantos/environment/settings.py says what each field may hold"


def load_environment(name: str, *, root: Path, catalog: Catalog) -> EnvironmentSettings:
    """The environment `name`, read from `<root>/<name>.yaml` and checked against the catalog.

    Raises SettingsError with one line for each thing that is wrong, `file: line, column: field: what`.
    """
    path = root / f"{name}.yaml"
    if not path.exists():
        there = ", ".join(sorted(found.stem for found in root.glob("*.yaml"))) or "none"
        raise SettingsError(
            f"{_shown(path)}: there is no such file", remedy=f"name one of the environments there are: {there}"
        )
    document = read_file(path, shown=_shown(path), remedy=REMEDY)
    settings, faults = validated(EnvironmentSettings, document)
    if settings is None:
        raise refusal(_shown(path), faults, remedy=REMEDY)
    found = [*_wrong_name(settings, name), *_wrong_region(settings), *_wrong_instances(settings, catalog)]
    if found:
        raise refusal(_shown(path), in_order(tuple(placed(found, document))), remedy=REMEDY)
    return settings


def _wrong_name(settings: EnvironmentSettings, name: str) -> Iterator[tuple[FaultPath, str]]:
    if settings.name != name:
        yield ("name",), f"is {settings.name!r}, but the file is called {name}.yaml"


def _wrong_region(settings: EnvironmentSettings) -> Iterator[tuple[FaultPath, str]]:
    if settings.region not in settings.allowed_regions:
        yield ("allowed_regions",), f"{settings.region}, where the environment stands, is not among them"


def _wrong_instances(settings: EnvironmentSettings, catalog: Catalog) -> Iterator[tuple[FaultPath, str]]:
    system = settings.cluster.system_nodes.instance_types
    yield from _unknown_types(("cluster", "system_nodes"), system, capacity_type="ON_DEMAND", of=(catalog, settings))
    for name, pool in settings.pools.items():
        unknown = list(
            _unknown_types(
                ("pools", name), pool.instance_types, capacity_type=pool.capacity_type, of=(catalog, settings)
            )
        )
        yield from unknown or _unequal_types(name, pool, catalog)


def _unknown_types(
    field: FaultPath, types: Sequence[str], *, capacity_type: CapacityType, of: tuple[Catalog, EnvironmentSettings]
) -> Iterator[tuple[FaultPath, str]]:
    catalog, settings = of
    for instance_type in types:
        try:
            catalog.shape(instance_type)
            catalog.usd_per_hour(instance_type, capacity_type=capacity_type, region=settings.region)
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
    wanted = "arm64" if "ARM_64" in pool.ami_type else "x86_64"
    if first.architecture != wanted:
        message = f"{pool.ami_type} is for {wanted}, {first.instance_type} is {first.architecture}"
        yield ("pools", name, "ami_type"), message


def _measure(shape: InstanceShape) -> str:
    return f"{shape.vcpu} vCPU, {shape.memory_gib:g} GiB, {shape.gpus} GPU, {shape.architecture}"


def _shown(path: Path) -> str:
    """The file as people call it, `stacks/environments/dev.yaml`, wherever the project lies."""
    return "/".join(path.parts[-3:])

"""Reads an environment file, and refuses a wrong one with its file and field before anything is started."""

from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from quantos.catalog.catalog import Catalog, InstanceShape
from quantos.environment.settings import CapacityType, EnvironmentSettings, PoolSettings
from quantos.errors import CatalogError, SettingsError

REMEDY = "correct the environment file; quantos/environment/settings.py says what each field may hold"
PLAIN_WORDS = {"extra_forbidden": "is not a known key", "missing": "is missing"}


def load_environment(name: str, *, root: Path, catalog: Catalog) -> EnvironmentSettings:
    """The environment `name`, read from `<root>/<name>.yaml` and checked against the catalog.

    Raises SettingsError with one line for each thing that is wrong, `file: field: what`.
    """
    path = root / f"{name}.yaml"
    document = _document(path, root)
    if not isinstance(document, dict):
        raise _refused(path, ["the file does not hold fields, `name: dev` and so on"])
    try:
        settings = EnvironmentSettings.model_validate(document)
    except ValidationError as exc:
        raise _refused(path, [_plain(error) for error in exc.errors()]) from exc
    complaints = [*_wrong_name(settings, name), *_wrong_region(settings), *_wrong_instances(settings, catalog)]
    if complaints:
        raise _refused(path, complaints)
    return settings


def _document(path: Path, root: Path) -> object:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except FileNotFoundError as exc:
        there = ", ".join(sorted(found.stem for found in root.glob("*.yaml"))) or "none"
        raise SettingsError(
            f"{_shown(path)}: there is no such file", remedy=f"name one of the environments there are: {there}"
        ) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise _refused(path, [f"cannot be read: {exc}"]) from exc
    except yaml.YAMLError as exc:
        raise _refused(path, [f"is not YAML: {_yaml_problem(exc)}"]) from exc


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error; PyYAML alone takes the last one silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:  # noqa: FBT001, FBT002 - the signature is PyYAML's
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _yaml_problem(exc: yaml.YAMLError) -> str:
    if isinstance(exc, yaml.MarkedYAMLError) and exc.problem_mark is not None:
        return f"line {exc.problem_mark.line + 1}, column {exc.problem_mark.column + 1}: {exc.problem}"
    return str(exc)


def _plain(error: ErrorDetails) -> str:
    field = ".".join(str(part) for part in error["loc"])
    kind = error["type"]
    if kind in PLAIN_WORDS:
        return f"{field}: {PLAIN_WORDS[kind]}"
    message = error["msg"].removeprefix("Value error, ")
    if kind == "value_error":
        return f"{field}: {message}" if field else message
    return f"{field}: {message[0].lower()}{message[1:]}, not {_short(error['input'])}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _wrong_name(settings: EnvironmentSettings, name: str) -> Iterator[str]:
    if settings.name != name:
        yield f"name: is {settings.name!r}, but the file is called {name}.yaml"


def _wrong_region(settings: EnvironmentSettings) -> Iterator[str]:
    if settings.region not in settings.allowed_regions:
        yield f"allowed_regions: {settings.region}, where the environment stands, is not among them"


def _wrong_instances(settings: EnvironmentSettings, catalog: Catalog) -> Iterator[str]:
    system = settings.cluster.system_nodes.instance_types
    yield from _unknown_types("cluster.system_nodes", system, capacity_type="ON_DEMAND", of=(catalog, settings))
    for name, pool in settings.pools.items():
        unknown = list(
            _unknown_types(
                f"pools.{name}", pool.instance_types, capacity_type=pool.capacity_type, of=(catalog, settings)
            )
        )
        yield from unknown or _unequal_types(name, pool, catalog)


def _unknown_types(
    field: str, types: Sequence[str], *, capacity_type: CapacityType, of: tuple[Catalog, EnvironmentSettings]
) -> Iterator[str]:
    catalog, settings = of
    for instance_type in types:
        try:
            catalog.shape(instance_type)
            catalog.usd_per_hour(instance_type, capacity_type=capacity_type, region=settings.region)
        except CatalogError as exc:
            yield f"{field}.instance_types: {exc.what}; {exc.remedy}"


def _unequal_types(name: str, pool: PoolSettings, catalog: Catalog) -> Iterator[str]:
    """The Cluster Autoscaler sizes a group by its first type, so all must hold the same."""
    first, *others = [catalog.shape(instance_type) for instance_type in pool.instance_types]
    for other in others:
        if _measure(other) != _measure(first):
            yield (
                f"pools.{name}.instance_types: {other.instance_type} ({_measure(other)}) is unlike "
                f"{first.instance_type} ({_measure(first)}); types of one pool must be equal"
            )
    wanted = "arm64" if "ARM_64" in pool.ami_type else "x86_64"
    if first.architecture != wanted:
        yield f"pools.{name}.ami_type: {pool.ami_type} is for {wanted}, {first.instance_type} is {first.architecture}"


def _measure(shape: InstanceShape) -> str:
    return f"{shape.vcpu} vCPU, {shape.memory_gib:g} GiB, {shape.gpus} GPU, {shape.architecture}"


def _refused(path: Path, complaints: Sequence[str]) -> SettingsError:
    return SettingsError("\n".join(f"{_shown(path)}: {complaint}" for complaint in complaints), remedy=REMEDY)


def _shown(path: Path) -> str:
    """The file as people call it, `stacks/environments/dev.yaml`, wherever the project lies."""
    return "/".join(path.parts[-3:])

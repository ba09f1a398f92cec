"""What each property of a priced type costs: a pricer reads it, nobody bills it, or nobody here can price it.

The table names every property that the provider's SDK knows of these types; a test holds it against the SDK.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast

from quantos.catalog.catalog import DATA
from quantos.catalog.tables import read_table
from quantos.costing.resource import Resource, is_list
from quantos.errors import CostingError

FILE: Final = "priced_properties.csv"
EVERY_TYPE: Final = "*"
Verdict = Literal["priced", "free", "refused"]
VERDICTS: Final[Mapping[str, Verdict]] = {"priced": "priced", "free": "free", "refused": "refused"}


@dataclass(frozen=True, kw_only=True)
class Property:
    """The verdict on one property by its path (`rootBlockDevice.iops`). One that is refused may have `unless`' values.

    A block that is free is so as a whole; what is inside one that is priced has verdicts of its own, if it has any.
    """

    verdict: Verdict
    unless: tuple[str, ...]
    reason: str


@functools.cache
def priced_properties(data: Path = DATA) -> Mapping[str, Mapping[str, Property]]:
    """Verdicts by type and path. Raises CatalogError when the file cannot be read, or gives no reason."""
    listed: dict[str, dict[str, Property]] = {}
    for kind, name, verdict in read_table(
        data / FILE, _row, remedy="give each line type, property, verdict and reason"
    ):
        listed.setdefault(kind, {})[name] = verdict
    return listed


def _row(row: Mapping[str, str]) -> tuple[str, str, Property]:
    if not row["reason"]:
        raise ValueError(f"no reason for {row['property']} of {row['type']}")
    unless = tuple(row["unless"].split("|")) if row["unless"] else ()
    verdict = Property(verdict=VERDICTS[row["verdict"]], unless=unless, reason=row["reason"])
    return row["type"], row["property"], verdict


def unpriced_properties(resource: Resource) -> Iterator[CostingError]:
    """Why a resource of a listed type cannot be priced for what it declares beside what is priced or free."""
    listed = priced_properties()
    if verdicts := listed.get(resource.type):
        yield from _unpriced(resource, resource.properties, {**listed[EVERY_TYPE], **verdicts}, path="")


def _unpriced(
    resource: Resource, block: Mapping[str, object], verdicts: Mapping[str, Property], *, path: str
) -> Iterator[CostingError]:
    for key in block:
        name = f"{path}{key}"
        verdict = verdicts.get(name)
        if key.startswith("__") or (verdict is not None and verdict.verdict == "free"):
            continue
        if verdict is None:
            if _says(block[key]):
                yield _unknown(resource, name)
        elif verdict.verdict == "refused":
            value = block[key]
            if _says(value) and value not in verdict.unless:
                yield _refused(resource, name, value=value, reason=verdict.reason)
        elif any(other.startswith(f"{name}.") for other in verdicts):
            for inner in _blocks(block[key]):
                yield from _unpriced(resource, inner, verdicts, path=f"{name}.")


def _blocks(value: object) -> Iterator[Mapping[str, object]]:
    """The objects that stand at a property: itself, or those of a list."""
    for block in cast("Sequence[object]", value) if is_list(value) else (value,):
        if isinstance(block, Mapping):
            yield cast("Mapping[str, object]", block)


def _says(value: object) -> bool:
    """Whether anything is stated: AWS tells blocks that nobody asked for with everything in them off."""
    if isinstance(value, Mapping):
        return any(map(_says, cast("Mapping[str, object]", value).values()))
    return any(map(_says, cast("Sequence[object]", value))) if is_list(value) else bool(value)


def _unknown(resource: Resource, name: str) -> CostingError:
    return CostingError(
        f"{resource.name} ({resource.type}) cannot be priced: nobody has said what its {name} costs",
        remedy=f"leave it out, or say in quantos/catalog/data/{FILE} what it costs or why nobody bills it",
    )


def _refused(resource: Resource, name: str, *, value: object, reason: str) -> CostingError:
    shown = value if isinstance(value, str | int | float) else "set"
    return CostingError(
        f"{resource.name} ({resource.type}) cannot be priced: its {name} is {shown!r}, and {reason}",
        remedy=f"leave it out, or price it in quantos/costing and quantos/catalog/data/{FILE}",
    )

"""The resources of a stack from an engine's export of its state."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

from quantos.costing.resource import Resource
from quantos.errors import CostingError
from quantos.urn import Urn

Record = Mapping[str, object]
EXPORT: Final = "export the stack: `pulumi stack export`"


def resources_in(deployment: Mapping[str, object]) -> tuple[Resource, ...]:
    """Every resource of an exported deployment, components included; those about to be deleted are left out.

    Raises CostingError when it is not an export.
    """
    records = deployment.get("resources", ())
    if not isinstance(records, Sequence) or isinstance(records, str):
        raise CostingError("the state's resources are not a list", remedy=EXPORT)
    return tuple(_resources(cast("Sequence[Record]", records)))


def _resources(records: Sequence[Record]) -> Iterator[Resource]:
    for record in records:
        if record.get("delete") is True:
            continue
        urn = str(record.get("urn", ""))
        yield Resource(
            type=str(record.get("type", "")),
            urn=urn,
            name=_name(urn),
            parent=str(record.get("parent", "")),
            properties={**_mapping(record, "inputs"), **_mapping(record, "outputs")},
            references={key: _urns(urns) for key, urns in _mapping(record, "propertyDependencies").items()},
        )


def _name(urn: str) -> str:
    try:
        return Urn.parse(urn).name
    except ValueError as exc:
        raise CostingError(f"the state has a resource without a name: {exc}", remedy=EXPORT) from exc


def _mapping(record: Record, key: str) -> Record:
    value = record.get(key)
    return cast("Record", value) if isinstance(value, Mapping) else {}


def _urns(value: object) -> tuple[str, ...]:
    return tuple(str(urn) for urn in cast("Sequence[object]", value)) if isinstance(value, Sequence) else ()

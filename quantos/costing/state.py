"""The resources of a stack from an engine's export of its state."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from quantos.costing.resource import Resource
from quantos.errors import CostingError

Record = Mapping[str, object]


def resources_in(deployment: Mapping[str, object]) -> tuple[Resource, ...]:
    """Every resource of an exported deployment, components included; those about to be deleted are left out.

    Raises CostingError when it is not an export.
    """
    records = deployment.get("resources", ())
    if not isinstance(records, Sequence) or isinstance(records, str):
        raise CostingError("the state's resources are not a list", remedy="export the stack: `pulumi stack export`")
    return tuple(_resources(cast("Sequence[Record]", records)))


def _resources(records: Sequence[Record]) -> Iterator[Resource]:
    for record in records:
        if record.get("delete") is True:
            continue
        urn = str(record.get("urn", ""))
        yield Resource(
            type=str(record.get("type", "")),
            urn=urn,
            name=urn.rpartition("::")[2],
            parent=str(record.get("parent", "")),
            properties={**_mapping(record, "inputs"), **_mapping(record, "outputs")},
            references={key: _urns(urns) for key, urns in _mapping(record, "propertyDependencies").items()},
        )


def _mapping(record: Record, key: str) -> Record:
    value = record.get(key)
    return cast("Record", value) if isinstance(value, Mapping) else {}


def _urns(value: object) -> tuple[str, ...]:
    return tuple(str(urn) for urn in cast("Sequence[object]", value)) if isinstance(value, Sequence) else ()

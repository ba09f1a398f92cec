"""Resources as a program would declare them."""

from collections.abc import Mapping, Sequence

from quantos.costing.resource import Resource


def resource(
    kind: str,
    name: str,
    *,
    parent: str = "",
    references: Mapping[str, Sequence[str]] | None = None,
    **properties: object,
) -> Resource:
    return Resource(
        type=kind,
        urn=f"urn:pulumi:dev-x::quantos::{kind}::{name}",
        name=name,
        parent=parent,
        properties=properties,
        references=references or {},
    )


def component(kind: str, name: str, *, parent: str = "") -> Resource:
    return resource(kind, name, parent=parent)

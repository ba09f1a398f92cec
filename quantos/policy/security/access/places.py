"""Every property of AWS's resources that carries a policy, and what a policy there decides, from a file.

A test holds the file against the provider's SDK, so that a place which AWS adds is noticed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

from quantos.catalog.tables import read_table
from quantos.errors import SettingsError
from quantos.policy.security.documents import Statement, statements
from quantos.policy.security.resource import Resource
from quantos.policy.security.values import at, elements

FILE = Path(__file__).resolve().parents[1] / "data" / "policy_places.csv"


class Kind(Enum):
    """What a policy at a place decides."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"
    ENDPOINT = "endpoint"
    LIMIT = "limit"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A property by its path: `inlinePolicies[].policy` is a property of every element of a list."""

    type: str
    path: str
    kind: Kind
    reason: str


@cache
def policy_places(file: Path = FILE) -> tuple[Place, ...]:
    """Every place. Raises SettingsError when the file cannot be read."""
    return read_table(file, _place, remedy="give each line type, property, kind and reason", into=SettingsError)


def _place(row: Mapping[str, str]) -> Place:
    return Place(type=row["type"], path=row["property"], kind=Kind(row["kind"]), reason=row["reason"])


def types_with(*kinds: Kind) -> tuple[str, ...]:
    """The types of resource that carry a policy of some kinds."""
    return tuple(dict.fromkeys(place.type for place in policy_places() if place.kind in kinds))


def statements_of(resource: Resource, *kinds: Kind) -> Iterator[Statement]:
    """Every statement of the policies of some kinds that a resource carries.

    Raises SettingsError for a policy that is none.
    """
    for place in policy_places():
        if place.type == resource.type and place.kind in kinds:
            for document in _at_path(resource.properties, place.path):
                if document is not None and document != "":
                    yield from statements(document)


def _at_path(value: object, path: str) -> Iterator[object]:
    listed, _, rest = path.partition("[].")
    if not rest:
        yield at(value, *path.split("."))
        return
    for element in elements(value, *listed.split(".")):
        yield from _at_path(element, rest)

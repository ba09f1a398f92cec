"""What the platform layer installs, as plain values: releases, objects, and what is wrong with them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Document: TypeAlias = dict[str, Json]
Verdict = Literal["refused", "advised", "unjudged"]


@dataclass(frozen=True, kw_only=True)
class Release:
    """A Helm release as declared. `repository` is an address of charts, `oci://` or `https://`."""

    chart: str
    version: str
    repository: str
    name: str
    namespace: str
    values: Document

    @property
    def called(self) -> str:
        """How messages name it."""
        return f"release {self.namespace}/{self.name} ({self.chart})"


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What AWS lets the pods of a service account do: actions as `service:Action`, of its role's own policies."""

    namespace: str
    account: str
    actions: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """All that a program installs, and what it lets the pods of the cluster do on AWS."""

    releases: tuple[Release, ...]
    objects: tuple[Document, ...]
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """What is wrong at a path of a release's values or of an object.

    Only `refused` refuses: `advised` is better mended, and of what is `unjudged` nothing at hand can tell.
    """

    path: str
    what: str
    verdict: Verdict = "refused"


PodRules = Callable[[Document], Iterable[Complaint]]
"""What security asks of one rendered or declared object; objects without pods have nothing to say."""


def mapping(value: Json) -> Document:
    """`value` where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Json) -> list[Json]:
    """`value` where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Json) -> str:
    """`value` where it is text, else empty."""
    return value if isinstance(value, str) else ""


def joined(path: str, step: str) -> str:
    """A path with one more step."""
    return f"{path}.{step}" if path else step


def named(document: Mapping[str, Json], key: str) -> str:
    """`name` or `namespace` of an object; empty where it has none."""
    return text(mapping(document.get("metadata")).get(key))


def called(document: Mapping[str, Json]) -> str:
    """How messages name an object: kind, namespace and name."""
    place = "/".join(part for part in (named(document, "namespace"), named(document, "name")) if part)
    return f"{text(document.get('kind'))} {place}"

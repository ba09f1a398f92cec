"""Names, labels and annotations as an API server takes them, for manifests that no server sees."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from quantos.environment.labels import key_faults, value_faults
from sandbox.providers.kubernetes.kinds import KindOfObject
from sandbox.providers.validation import Failure
from sandbox.providers.values import UNKNOWN, Document, Json, mapping, text

_LABEL: Final = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_LONGEST_ANNOTATIONS: Final = 256 * 1024
_LONGEST_RELEASE: Final = 53
_ANY: Final = (re.compile(rf"{_LABEL}(\.{_LABEL})*"), 253)
_FORMS: Final[Mapping[str, tuple[re.Pattern[str], int]]] = {
    "Namespace": (re.compile(_LABEL), 63),
    "Service": (re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?"), 63),
    "CronJob": (_ANY[0], 52),
    **dict.fromkeys(("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"), (re.compile(r"[^/%]+"), 253)),
}
"""Form and length of names by kind; of all others a DNS name in small letters.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/, and the validation of each kind.
"""


def grammar_failures(kind: KindOfObject, manifest: Document) -> Iterator[Failure]:
    """What a server would refuse of metadata and selectors, and of a pod template's."""
    yield from _metadata_failures(mapping(manifest.get("metadata")), "metadata", form=_FORMS.get(kind.kind, _ANY))
    specification = mapping(manifest.get("spec"))
    selector = mapping(specification.get("selector"))
    yield from _labels(mapping(selector.get("matchLabels")), "spec.selector.matchLabels")
    template = mapping(mapping(specification.get("template")).get("metadata"))
    yield from _metadata_failures(template, "spec.template.metadata", form=_ANY)


def release_failures(release: Document) -> Iterator[Failure]:
    """What Helm and the server would refuse of a release's name and namespace."""
    forms = {"name": (_ANY[0], _LONGEST_RELEASE), "namespace": _FORMS["Namespace"]}
    for field, form in forms.items():
        yield from _name_failures(release.get(field), form, path=field)


def _metadata_failures(metadata: Document, path: str, *, form: tuple[re.Pattern[str], int]) -> Iterator[Failure]:
    for field, allowed in {"name": form, "namespace": _FORMS["Namespace"]}.items():
        yield from _name_failures(metadata.get(field), allowed, path=f"{path}.{field}")
    annotations = mapping(metadata.get("annotations"))
    yield from _labels(mapping(metadata.get("labels")), f"{path}.labels")
    yield from _labels({key.lower(): "" for key in annotations}, f"{path}.annotations")
    if (size := sum(len(key) + len(text(value)) for key, value in annotations.items())) > _LONGEST_ANNOTATIONS:
        yield Failure(f"{path}.annotations", f"hold {size} characters, {_LONGEST_ANNOTATIONS} at most")


def _name_failures(name: Json, form: tuple[re.Pattern[str], int], *, path: str) -> Iterator[Failure]:
    pattern, longest = form
    if name in (None, "", UNKNOWN):
        return
    if len(text(name)) > longest or not pattern.fullmatch(text(name)):
        yield Failure(path, f"{name!r} is no name of at most {longest} characters like {pattern.pattern}")


def _labels(labels: Mapping[str, Json], path: str) -> Iterator[Failure]:
    for key, value in labels.items():
        wrong = [*key_faults(key), *(() if value == UNKNOWN else value_faults(text(value)))]
        yield from (Failure(f"{path}.{key}", fault) for fault in wrong)

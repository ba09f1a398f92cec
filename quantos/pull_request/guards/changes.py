"""Everything that guards the project and that a pull request changes, read from both trees; nothing is run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, cast

from quantos.documents.places import YamlDocument
from quantos.documents.yaml_document import read_yaml
from quantos.faults import FaultPath, field_name
from quantos.pull_request.guards.defaults import changed_defaults
from quantos.pull_request.guards.files import changed_files
from quantos.pull_request.guards.owners import FILE, CodeOwners
from quantos.pull_request.guards.rules import declared_rules
from quantos.pull_request.guards.settings import loosened
from quantos.pull_request.model import EnvironmentFinding, GuardChange, PackRule, SourceLocation
from quantos.pull_request.sources import ENVIRONMENTS, SourceTree

_PACKS: Final = SourceLocation(path="policy_packs/policies.py", line=1)


def guard_changes(
    head: SourceTree, base: SourceTree, environments: Iterable[EnvironmentFinding] = ()
) -> tuple[GuardChange, ...]:
    """In the order rules, environment files, their defaults, other files; approvers are those that the base names.

    `environments` tell what the packs of both really register, as far as any was judged.
    """
    owners = CodeOwners(base.text(FILE))
    changes = dict.fromkeys(
        (*_rules(head, base, environments), *_settings(head, base), *_defaults(head, base), *_files(head, base))
    )
    return tuple(replace(change, approvers=owners.of(change.place.path)) for change in changes)


def _rules(head: SourceTree, base: SourceTree, environments: Iterable[EnvironmentFinding]) -> Iterator[GuardChange]:
    old, new = declared_rules(base), declared_rules(head)
    for name, rule in sorted(old.items()):
        now = new.get(name)
        if now is None:
            yield GuardChange(guard="rule", what=f"{name} is removed", place=rule.place)
        elif now.digest != rule.digest:
            yield GuardChange(guard="rule", what=f"{name} is changed", place=now.place)
    for environment in environments:
        for name, what in _unregistered(environment.base_rules, environment.rules):
            if name in new:
                yield GuardChange(guard="rule", what=f"{name} {what}", place=_PACKS)


def _unregistered(base: Iterable[PackRule], head: Iterable[PackRule]) -> Iterator[tuple[str, str]]:
    """Rules that no pack of the head registers, or at another level than the base's."""
    now = {rule.identity: rule.level for rule in head}
    for rule in base:
        level = now.get(rule.identity)
        if level is None:
            yield rule.name, f"is registered by no pack any more, and was by {rule.pack}"
        elif level != rule.level:
            yield rule.name, f"becomes {level}, and was {rule.level}"


def _settings(head: SourceTree, base: SourceTree) -> Iterator[GuardChange]:
    for name in head.environments:
        path = f"{ENVIRONMENTS.as_posix()}/{name}.yaml"
        if name not in base.environments:
            what = f"{name} is a new environment, with limits of its own"
            yield GuardChange(guard="limit", what=what, place=SourceLocation(path=path, line=1))
            continue
        after = read_yaml(head.text(path))
        for field, said in loosened(_fields(read_yaml(base.text(path))), _fields(after)):
            place = SourceLocation(path=path, line=_line(after, field))
            if field[0] == "exemptions":
                yield GuardChange(guard="exemption", what=f"{name}: {said}", place=place)
            else:
                yield GuardChange(guard="limit", what=f"{name}: {field_name(field)}, {said}", place=place)


def _fields(document: YamlDocument) -> Mapping[str, object]:
    """What an environment file holds; nothing where it is no mapping, which the check of its fields refuses."""
    return cast("Mapping[str, object]", document.value) if isinstance(document.value, dict) else {}


def _line(document: YamlDocument, field: FaultPath) -> int:
    place = document.place(field)
    return 1 if place is None else place.line


def _defaults(head: SourceTree, base: SourceTree) -> Iterator[GuardChange]:
    for what, place in changed_defaults(head, base):
        yield GuardChange(guard="reading", what=what, place=place)


def _files(head: SourceTree, base: SourceTree) -> Iterator[GuardChange]:
    for guard, path, became in changed_files(head, base):
        yield GuardChange(guard=guard, what=f"{path} is {became}", place=SourceLocation(path=path, line=1))

"""The versions of a stack's state that a backend keeps, and what putting one back would come to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol, TypeAlias

from quantos.deployment.checkpoint import (
    Checkpoint,
    KnownResource,
    legible_resources,
    missing_from,
    read_checkpoint,
    state_unreadable,
)
from quantos.errors import SettingsError, StateUnreadableError

Source: TypeAlias = Literal["current", "before the last write", "backup", "history", "object version"]
LATEST = datetime.max.replace(tzinfo=UTC)
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
MOST_READ = 50
"""So many of the newest versions are looked through for one that loads."""


@dataclass(frozen=True, kw_only=True)
class StateVersion:
    """One kept checkpoint. `name` tells it from the stack's others, `key` from everything in the backend."""

    name: str
    source: Source
    written_at: datetime
    key: str


@dataclass(frozen=True, kw_only=True)
class StoredState:
    """The checkpoint's file as it stands: None where it is not there. `mark` is what a writer must still find."""

    key: str
    content: bytes | None
    mark: str


class StateFiles(Protocol):
    """The files of a self-managed backend about one stack."""

    def current(self, stack: str) -> StoredState:
        """The checkpoint as it stands."""
        ...

    def damage(self, stack: str) -> str | None:
        """What is wrong around the checkpoint so that the engine cannot even look at it; None when nothing is."""
        ...

    def updated_before(self, stack: str) -> bool:
        """Whether the backend remembers an update of the stack; a stack that was removed has none."""
        ...

    def versions(self, stack: str) -> tuple[StateVersion, ...]:
        """Every kept checkpoint but the one that stands, the newest first."""
        ...

    def content(self, version: StateVersion) -> bytes:
        """A version's checkpoint. Raises EngineError when it is gone."""
        ...

    def replace(self, stack: str, content: bytes, *, stored: StoredState, now: datetime) -> str | None:
        """Put a checkpoint in place of the one found and mend what is wrong around it.

        What was there is kept beside it; returns where, None where there was nothing.

        Raises:
            EngineError: it is no longer as found, or cannot be written.
        """
        ...


def ensure_readable(files: StateFiles, stack: str) -> Checkpoint | None:
    """What the stack's state knows; None where there is no such stack.

    Raises:
        StateUnreadableError: the engine could not load it, or would take a stack that was updated for a new one.
    """
    if damage := files.damage(stack):
        raise state_unreadable(stack, damage)
    content = files.current(stack).content
    checkpoint = None if content is None else read_checkpoint(content, stack=stack)
    if (checkpoint is None or checkpoint.saved_at is None) and files.updated_before(stack):
        raise state_unreadable(stack, "it is not there" if checkpoint is None else "it is that of a new stack")
    return checkpoint


@dataclass(frozen=True, kw_only=True)
class Restoration:
    """A version to put back, and what is known of what stands.

    Attributes:
        stored: the state that stands, as the backend keeps it.
        unreadable: why that cannot be loaded; None where it can.
        forgotten: resources that newer states know and this version does not; they go on to stand, unmanaged.
        begun: resources whose making had begun when the version was saved; they may stand or not.
        revived: resources that this version knows and the state that stands does not, where that can be loaded.
    """

    stack: str
    version: StateVersion
    checkpoint: Checkpoint
    content: bytes
    stored: StoredState
    unreadable: str | None
    forgotten: tuple[KnownResource, ...]
    begun: tuple[KnownResource, ...]
    revived: tuple[KnownResource, ...]


def propose(files: StateFiles, stack: str, *, name: str | None) -> Restoration:
    """What to put back: the version of that name, or of the one name that starts so; else the newest that loads.

    Raises:
        StateUnreadableError: that version cannot be loaded.
        SettingsError: no version has that name, or several; no newest one loads; or the state that stands loads and no
            version was named.
    """
    stored = files.current(stack)
    unreadable, current = _judged(files, stack)
    if unreadable is None and name is None:
        raise SettingsError(
            f"the state of {stack} can be loaded; nothing was put back",
            remedy=f"to go back all the same, name a version of `quantos state versions {stack}` with --to",
        )
    offered = (*_as_version(stored), *files.versions(stack)) if unreadable else files.versions(stack)
    version, content, checkpoint = _chosen(files, stack, offered, name=name)
    newer = [each for each in offered if each.written_at > version.written_at]
    known = [
        *(legible_resources(stored.content) if stored.content else ()),
        *(resource for each in newer[:MOST_READ] for resource in legible_resources(files.content(each))),
    ]
    return Restoration(
        stack=stack,
        version=version,
        checkpoint=checkpoint,
        content=content,
        stored=stored,
        unreadable=unreadable,
        forgotten=missing_from((*checkpoint.resources, *checkpoint.begun), known),
        begun=tuple(
            each for each in checkpoint.begun if each.urn not in {resource.urn for resource in checkpoint.resources}
        ),
        revived=() if current is None else missing_from(current.resources, checkpoint.resources),
    )


def loads(files: StateFiles, stack: str, version: StateVersion) -> Checkpoint | StateUnreadableError:
    """What a version knows, or why it cannot be loaded."""
    try:
        return read_checkpoint(files.content(version), stack=stack)
    except StateUnreadableError as exc:
        return exc


def unknown_pools(checkpoint: Checkpoint, *, planned: Collection[str], groups: Mapping[str, str]) -> tuple[str, ...]:
    """Pools whose node group a state of the capacity stack does not know, a clause each.

    `planned` are the pools of the plan that was applied last, `groups` names of the node groups that stand, by pool.
    """
    known = {each.name for each in checkpoint.resources if each.type == NODE_GROUP}
    unknown = sorted({*planned, *groups} - known)
    return tuple(
        f"pool {pool}: its node group {groups[pool]} stands" if pool in groups else f"pool {pool}: planned, none stands"
        for pool in unknown
    )


def _judged(files: StateFiles, stack: str) -> tuple[str | None, Checkpoint | None]:
    try:
        return None, ensure_readable(files, stack)
    except StateUnreadableError as exc:
        return exc.what, None


def _as_version(stored: StoredState) -> tuple[StateVersion, ...]:
    """What stands, as a version: it may load well, and only what is around it be wrong."""
    if stored.content is None:
        return ()
    return (StateVersion(name="current", source="current", written_at=LATEST, key=stored.key),)


def _chosen(
    files: StateFiles, stack: str, offered: Sequence[StateVersion], *, name: str | None
) -> tuple[StateVersion, bytes, Checkpoint]:
    if name is not None:
        version = _named(offered, stack, name)
        content = files.content(version)
        return version, content, read_checkpoint(content, stack=stack)
    for version in offered[:MOST_READ]:
        content = files.content(version)
        try:
            checkpoint = read_checkpoint(content, stack=stack)
        except StateUnreadableError:
            continue
        if checkpoint.saved_at is not None:
            return version, content, checkpoint
    raise SettingsError(
        f"none of the {len(offered[:MOST_READ])} newest versions of the state of {stack} can be loaded",
        remedy=f"name an older one with --to, or import what stands into a new state: `pulumi import -s {stack}`",
    )


def _named(offered: Sequence[StateVersion], stack: str, name: str) -> StateVersion:
    exact = [version for version in offered if version.name == name]
    matching = exact or [version for version in offered if version.name.startswith(name)]
    if len(matching) != 1:
        raise SettingsError(
            f"{'no version' if not matching else 'more than one version'} of {stack} has a name that starts so: {name}",
            remedy=f"take a name from `quantos state versions {stack}`",
        )
    return matching[0]

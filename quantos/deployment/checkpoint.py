"""A stack's checkpoint as a self-managed backend keeps it: what it knows, and whether the engine can load it.

The format is the engine's (pulumi v3, `sdk/go/common/apitype`, versions 3 and 4).
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Final, cast

from quantos.errors import StateUnreadableError
from quantos.urn import Urn

VERSIONS: Final = (3, 4)
GZIP: Final = b"\x1f\x8b"
ENGINE_TYPES: Final = ("pulumi:pulumi:", "pulumi:providers:")
"""The engine's own bookkeeping, nothing that stands anywhere."""
_URN: Final = re.compile(r'"urn":\s*"(urn:pulumi:[^"]+)"')
_COMPONENT: Final = re.compile(r'"custom":\s*false')
_ID: Final = re.compile(r'"id":\s*"([^"]*)"')


@dataclass(frozen=True, kw_only=True)
class KnownResource:
    """A resource that a state knows; `id` is the cloud's, empty where it has none or it cannot be read.

    `custom` is False for a component, which stands nowhere itself.
    """

    urn: str
    id: str = ""
    custom: bool = True

    @property
    def type(self) -> str:
        """Its own type, `aws:eks/nodeGroup:NodeGroup`."""
        return Urn.parse(self.urn).type

    @property
    def name(self) -> str:
        """Its name in the program."""
        return Urn.parse(self.urn).name


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What one checkpoint knows, in the engine's order. `saved_at` None: the stack was made and never updated.

    `begun` are resources whose making had begun when it was saved; they may stand or not.
    """

    saved_at: datetime | None
    resources: tuple[KnownResource, ...]
    begun: tuple[KnownResource, ...] = ()


def state_unreadable(stack: str, reason: str) -> StateUnreadableError:
    """The error of a stack whose state cannot be loaded."""
    return StateUnreadableError(
        f"the state of {stack} cannot be loaded: {reason}",
        remedy=f"look at its versions and put one back: `quantos state restore {stack}`",
    )


def read_checkpoint(content: bytes, *, stack: str) -> Checkpoint:
    """What a checkpoint knows.

    Raises:
        StateUnreadableError: the engine would not load it, or would take the stack for empty.
    """
    document = _object(_parsed(content, stack), stack, "it is no object")
    if document.get("version") not in VERSIONS:
        raise state_unreadable(stack, f"its version is {document.get('version')!r}")
    checkpoint = _object(document.get("checkpoint"), stack, "it holds no checkpoint")
    if not isinstance(checkpoint.get("stack"), str):
        raise state_unreadable(stack, "it names no stack")
    if checkpoint.get("latest") is None:
        return Checkpoint(saved_at=None, resources=())
    latest = _object(checkpoint["latest"], stack, "its deployment is no object")
    manifest = _object(latest.get("manifest"), stack, "its deployment has no manifest")
    return Checkpoint(
        saved_at=_moment(manifest, stack),
        resources=tuple(_resources(latest.get("resources") or (), stack)),
        begun=tuple(_resources(_creations(latest, stack), stack)),
    )


def legible_resources(content: bytes) -> tuple[KnownResource, ...]:
    """What can still be made out in a checkpoint that does not load, each URN once; nothing where it is not text."""
    text = checkpoint_text(content).decode("utf-8", errors="replace")
    marks = list(_URN.finditer(text))
    resources: dict[str, KnownResource] = {}
    for mark, after in zip_longest(marks, marks[1:]):
        end = len(text) if after is None else after.start()
        identity, component = _ID.search(text, mark.end(), end), _COMPONENT.search(text, mark.end(), end)
        resource = KnownResource(urn=mark[1], id=identity[1] if identity else "", custom=component is None)
        resources.setdefault(mark[1], resource)
    return tuple(each for each in resources.values() if Urn.is_urn(each.urn))


def missing_from(restored: Iterable[KnownResource], known: Iterable[KnownResource]) -> tuple[KnownResource, ...]:
    """Resources that stand somewhere and that the restored state does not know, in the order of `known`."""
    there = {each.urn for each in restored}
    gone: dict[str, KnownResource] = {}
    for each in known:
        if each.urn not in there and each.custom and not each.type.startswith(ENGINE_TYPES):
            gone.setdefault(each.urn, each)
    return tuple(gone.values())


def _parsed(content: bytes, stack: str) -> object:
    if not content:
        raise state_unreadable(stack, "it is empty")
    try:
        return cast("object", json.loads(checkpoint_text(content)))
    except ValueError as exc:
        raise state_unreadable(stack, f"it is not JSON ({exc})") from exc


def checkpoint_text(content: bytes) -> bytes:
    """The content as it was before compression; as much of it as is there."""
    if not content.startswith(GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return b""


def _resources(records: object, stack: str) -> Iterator[KnownResource]:
    if not isinstance(records, Sequence) or isinstance(records, str):
        raise state_unreadable(stack, "its resources are no list")
    for record in cast("Sequence[object]", records):
        fields = _object(record, stack, "one of its resources is no object")
        urn = fields.get("urn")
        if not isinstance(urn, str) or not Urn.is_urn(urn):
            raise state_unreadable(stack, f"one of its resources has the URN {urn!r}")
        yield KnownResource(urn=urn, id=str(fields.get("id") or ""), custom=fields.get("custom") is True)


def _creations(latest: Mapping[str, object], stack: str) -> list[object]:
    pending = latest.get("pending_operations") or ()
    if not isinstance(pending, Sequence):
        raise state_unreadable(stack, "its pending operations are no list")
    operations = [
        _object(each, stack, "a pending operation is no object") for each in cast("Sequence[object]", pending)
    ]
    return [each.get("resource") for each in operations if each.get("type") == "creating"]


def _moment(manifest: Mapping[str, object], stack: str) -> datetime:
    try:
        return datetime.fromisoformat(str(manifest.get("time")))
    except ValueError as exc:
        raise state_unreadable(stack, f"its manifest's time is {manifest.get('time')!r}") from exc


def _object(value: object, stack: str, reason: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise state_unreadable(stack, reason)
    return cast("Mapping[str, object]", value)

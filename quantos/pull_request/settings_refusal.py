"""An environment file that is refused before anything starts: told as a rule's refusals are, and mended to go on.

A wrong field hides everything else that a change does to its environment. So the rest is judged with that field as the
base has it; the pull request is refused all the same.
"""

import copy
from collections.abc import Sequence
from typing import TypeAlias

from quantos.errors import SettingsError
from quantos.faults import Fault, FaultPath
from quantos.pull_request.model import Refusal, SourceLocation

RULE = "settings/environment-file"
Document: TypeAlias = dict[str, object]


def settings_refusals(error: SettingsError, *, environment: str) -> tuple[Refusal, ...]:
    """One refusal for each thing that is wrong with the environment file."""
    path = f"stacks/environments/{environment}.yaml"
    remedy = f"{error.remedy[:1].upper()}{error.remedy[1:]}."
    faults = error.faults or (Fault((), error.what),)
    return tuple(
        Refusal(
            rule=RULE,
            urn="",
            message=f"{f'{fault.field}: ' if fault.path else ''}{fault.message}. {remedy}",
            level="mandatory",
            place=SourceLocation(path=path, line=1 if fault.place is None else fault.place.line),
        )
        for fault in faults
    )


def wrong_fields(error: SettingsError) -> tuple[FaultPath, ...]:
    """The fields that an error complains of."""
    return tuple(dict.fromkeys(fault.path for fault in error.faults if fault.path))


def mended(head: Document, base: Document, fields: Sequence[FaultPath]) -> Document:
    """The head's document with fields as the base has them; what the base does not have is left out."""
    result = copy.deepcopy(head)
    for field in fields:
        _mend(result, base, field)
    return result


def _mend(head: Document, base: Document, path: FaultPath) -> None:
    first, *rest = path
    key = str(first)
    if key not in base:
        head.pop(key, None)
        return
    below_head, below_base = head.get(key), base[key]
    if rest and isinstance(below_head, dict) and isinstance(below_base, dict):
        _mend(below_head, below_base, tuple(rest))
    else:
        head[key] = copy.deepcopy(below_base)

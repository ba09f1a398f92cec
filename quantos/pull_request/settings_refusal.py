"""An environment file that is refused before anything starts: told as a rule's refusals are, and mended to go on.

A wrong field hides everything else that a change does to its environment. So the rest is judged with that field as the
base has it; the pull request is refused all the same.
"""

import copy
import re
from collections.abc import Sequence
from typing import TypeAlias

from quantos.errors import SettingsError
from quantos.pull_request.model import Place, Refusal

RULE = "settings/environment-file"
Document: TypeAlias = dict[str, object]


def settings_refusals(error: SettingsError, *, environment: str, text: str) -> tuple[Refusal, ...]:
    """One refusal for each thing that is wrong with the environment file, whose content is `text`."""
    path = f"stacks/environments/{environment}.yaml"
    found: list[Refusal] = []
    for said in _complaints(error, path):
        field = said.partition(":")[0]
        message = f"{said}. {error.remedy[:1].upper()}{error.remedy[1:]}."
        place = Place(path=path, line=_line(text, field))
        found.append(Refusal(rule=RULE, urn="", message=message, level="mandatory", place=place))
    return tuple(found)


def wrong_fields(error: SettingsError, *, environment: str) -> tuple[str, ...]:
    """The fields that an error complains of, `pools.cpu.instance_types`."""
    said = _complaints(error, f"stacks/environments/{environment}.yaml")
    return tuple(dict.fromkeys(line.partition(":")[0] for line in said))


def mended(head: Document, base: Document, fields: Sequence[str]) -> Document:
    """The head's document with fields as the base has them; what the base does not have is left out."""
    result = copy.deepcopy(head)
    for field in fields:
        _mend(result, base, field.split("."))
    return result


def _mend(head: Document, base: Document, keys: Sequence[str]) -> None:
    first, *rest = keys
    if first not in base:
        head.pop(first, None)
        return
    below_head, below_base = head.get(first), base[first]
    if rest and isinstance(below_head, dict) and isinstance(below_base, dict):
        _mend(below_head, below_base, rest)
    else:
        head[first] = copy.deepcopy(below_base)


def _complaints(error: SettingsError, path: str) -> list[str]:
    return [line.removeprefix(f"{path}: ") for line in error.what.splitlines()]


def _line(text: str, field: str) -> int:
    """Where the keys of `pools.cpu.instance_types` stand one below the other; as far as they can be found."""
    at = 0
    for key in field.split("."):
        found = re.compile(rf"(?:^|[\s{{,]){re.escape(key)}:", re.MULTILINE).search(text, at)
        if found is None:
            break
        at = found.end() - 1
    return text.count("\n", 0, at) + 1

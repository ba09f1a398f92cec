"""An environment file that is refused before anything starts, told as a rule's refusals are."""

import re

from quantos.errors import SettingsError
from quantos.pull_request.model import Place, Refusal

RULE = "settings/environment-file"


def settings_refusals(error: SettingsError, *, environment: str, text: str) -> tuple[Refusal, ...]:
    """One refusal for each thing that is wrong with the environment file, whose content is `text`."""
    path = f"stacks/environments/{environment}.yaml"
    found: list[Refusal] = []
    for line in error.what.splitlines():
        said = line.removeprefix(f"{path}: ")
        field = said.partition(":")[0]
        message = f"{said}. {error.remedy[:1].upper()}{error.remedy[1:]}."
        place = Place(path=path, line=_line(text, field))
        found.append(Refusal(rule=RULE, urn="", message=message, level="mandatory", place=place))
    return tuple(found)


def _line(text: str, field: str) -> int:
    """Where the keys of `pools.cpu.instance_types` stand one below the other; as far as they can be found."""
    at = 0
    for key in field.split("."):
        found = re.compile(rf"(?:^|[\s{{,]){re.escape(key)}:", re.MULTILINE).search(text, at)
        if found is None:
            break
        at = found.end() - 1
    return text.count("\n", 0, at) + 1

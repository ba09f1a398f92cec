"""What the provider's SDK knows of resources, read from its source: to import all of it takes a minute."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

SPEC = find_spec("pulumi_aws")
assert SPEC
assert SPEC.origin
SDK = Path(SPEC.origin).parent
_TOKEN = re.compile(r"\.__init__\(\s*'(aws:[^']+)'")
_ALIAS = re.compile(r'pulumi\.Alias\(type_="([^"]+)"\)')
_CLASS = re.compile(r"^class (\w+)(?:\(.*\))?:$", re.MULTILINE)
_ARGUMENTS = re.compile(r"def __init__\(__self__, \*,\n(.*?)\):\n", re.DOTALL)
_ARGUMENT = re.compile(r"^\s+(\w+): (.+?)(?: = None)?,?$", re.MULTILINE)
_GETTER = re.compile(
    r'@pulumi\.getter(?:\(name="(\w+)"\))?\n(?:    @_utilities\.deprecated\(.*\)\n)?    def (\w+)\(self\) -> (.+):'
)
_NESTED = re.compile(r"'(?:outputs\.)?(\w+)'")


@dataclass(frozen=True)
class SdkResource:
    """One type: the tokens it was known by, and its properties with their types as the SDK writes them."""

    token: str
    module: str
    aliases: frozenset[str]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


@cache
def sdk_resources() -> Mapping[str, SdkResource]:
    """Every type of the SDK by its token."""
    return {
        each.token: each for path in sorted(SDK.rglob("[a-z]*.py")) if path.name != "outputs.py" for each in _read(path)
    }


def _read(path: Path) -> Iterator[SdkResource]:
    source = path.read_text(encoding="utf-8")
    token = _TOKEN.search(source)
    if token is None or "(pulumi.CustomResource)" not in source:
        return
    before, _, declared = source.partition("(pulumi.CustomResource):")
    yield SdkResource(
        token=token[1],
        module=path.parent.name,
        aliases=frozenset(_ALIAS.findall(source)) - {token[1]},
        inputs=_arguments(before[: before.find("@pulumi.input_type", before.find("@pulumi.input_type") + 1)]),
        outputs={name or plain: kind for name, plain, kind in _GETTER.findall(declared)},
    )


def _arguments(source: str) -> dict[str, str]:
    names = {plain: name or plain for name, plain, _ in _GETTER.findall(source)}
    listed = _ARGUMENTS.search(source)
    return {names[name]: kind for name, kind in _ARGUMENT.findall(listed[1])} if listed else {}


@cache
def _blocks(module: str, file: str) -> Mapping[str, Mapping[str, str]]:
    """Nested objects of a module by their class."""
    path = SDK / module / file
    source = path.read_text(encoding="utf-8") if path.exists() else ""
    heads = list(_CLASS.finditer(source))
    ends = [head.start() for head in heads[1:]] + [len(source)]
    parts = {head[1]: source[head.end() : end] for head, end in zip(heads, ends, strict=True)}
    if file == "outputs.py":
        return {
            name: {key or plain: kind for key, plain, kind in _GETTER.findall(part)} for name, part in parts.items()
        }
    return {name: _arguments(part) for name, part in parts.items() if name.endswith("Args")}


def nested(module: str, kind: str) -> Mapping[str, str]:
    """The properties of the object that a property's type names, none where it is a plain value."""
    for name in _NESTED.findall(kind):
        found = _blocks(module, "_inputs.py").get(name) or _blocks(module, "outputs.py").get(name)
        if found:
            return found
    return {}

"""The input and output types of installed Pulumi SDKs, read from their sources.

Importing an SDK module takes up to two seconds (`pulumi_aws.ec2`), a plugin starts with every engine operation, and
everything the stand-ins need is in the text: the keyword-only signature of each `*Args` class names a property,
whether it is required and its kind; its getters give the name on the wire.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import keyword
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sandbox.errors import SandboxError

KindName = Literal["string", "integer", "number", "boolean", "list", "map", "object", "asset", "any", "union"]
_SCALARS: Mapping[str, KindName] = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_GETTER = re.compile(
    r"@pulumi\.getter(?:\(name=\"(?P<wire>[^\"]+)\"\))?\n(?:    @[^\n]+\n)*"
    r"    def (?P<name>\w+)\((?:self|__self__)\) -> (?P<type>[^\n]+):\n"
)

_parsing = threading.Lock()
"""Python 3.11 counts the depth of `ast.parse` once for all threads and fails when two parse at a time."""


@dataclass(frozen=True)
class Kind:
    """What a property holds; `item` is the element of a list or map, `fields` names the class of an object."""

    name: KindName
    item: Kind | None = None
    fields: str = ""
    choices: tuple[Kind, ...] = ()


@dataclass(frozen=True)
class Property:
    """One property of a type under its name on the wire; `required` of an output means always there."""

    name: str
    kind: Kind
    required: bool


Fields = Mapping[str, Property]


@dataclass(frozen=True)
class TypeSchema:
    """Inputs and outputs of one resource type, by wire name."""

    token: str
    inputs: Fields
    outputs: Fields


class UnknownTypeError(SandboxError):
    """The installed SDK has no resource type of this token."""

    code = "sandbox.unknown_type"


ANY = Kind("any")


class SdkSchemas:
    """Types of one installed SDK package, such as `pulumi_aws`; each is read once."""

    def __init__(self, package: str) -> None:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise SandboxError(f"the package {package} is not installed", remedy="run `uv sync`")
        self.root = Path(spec.origin).parent
        self._source = functools.cache(self._read)
        self.fields = functools.cache(self._fields)
        self.type = functools.cache(self._type)

    @functools.cached_property
    def version(self) -> str:
        """Version of the SDK, which is the plugin's."""
        match = re.search(r'"version":\s*"([^"]+)"', self._source("pulumi-plugin.json"))
        return match.group(1) if match else ""

    def _read(self, relative: str) -> str:
        return (self.root / relative).read_text(encoding="utf-8")

    def _type(self, token: str) -> TypeSchema:
        relative, class_name = self._module(token)
        folder = relative.rpartition("/")[0]
        source = self._source(relative)
        arguments = f"{class_name}InitArgs" if f"class {class_name}InitArgs:" in source else f"{class_name}Args"
        inputs = self._class_fields(_class_body(source, arguments), folder, "_inputs")
        outputs = self._class_fields(_class_body(source, class_name), folder, "outputs")
        return TypeSchema(token, inputs, outputs)

    def _module(self, token: str) -> tuple[str, str]:
        package, _, rest = token.partition(":")
        module, _, class_name = rest.partition(":")
        folder, _, stem = module.partition("/")
        folder = f"{folder}_" if keyword.iskeyword(folder) else folder
        relative = f"{snake(class_name)}.py" if folder == "index" else f"{folder}/{snake(stem)}.py"
        if not package or not class_name or not (self.root / relative).is_file():
            raise UnknownTypeError(
                f"{token} is not a type of the installed SDK {self.root.name} {self.version}",
                remedy="check the name and module of the type, or update the SDK",
            )
        return relative, class_name

    def _fields(self, reference: str) -> Fields:
        """Fields of a nested class given as `folder|_inputs|NameArgs` or `folder|outputs|Name`."""
        folder, module, name = reference.split("|")
        relative = f"{folder}/{module}.py" if folder else f"{module}.py"
        return self._class_fields(_class_body(self._source(relative), name), folder, module)

    def _class_fields(self, body: str, folder: str, module: str) -> Fields:
        with _parsing:
            return self._parsed_fields(body, folder, module)

    def _parsed_fields(self, body: str, folder: str, module: str) -> Fields:
        required = _required(body)
        fields: dict[str, Property] = {}
        for match in _GETTER.finditer(body):
            annotation = ast.parse(match["type"], mode="eval").body
            wire = match["wire"] or match["name"]
            kind = _kind(annotation, folder, module)
            always = match["name"] in required if module == "_inputs" else not _optional(annotation)
            fields[wire] = Property(wire, kind, always)
        return fields


def snake(name: str) -> str:
    """`nodeGroup` or `NodeGroup` as `node_group`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _class_body(source: str, name: str) -> str:
    start = re.search(rf"^class {name}[(:]", source, re.MULTILINE)
    if start is None:
        raise SandboxError(f"the SDK has no class {name}", remedy="update the stand-in's reader for this SDK version")
    end = re.compile(r"^(?:class |@pulumi)", re.MULTILINE).search(source, start.end())
    return source[start.start() : end.start() if end else len(source)]


def _required(body: str) -> frozenset[str]:
    match = re.search(r"def __init__\(__self__, \*,\n(?P<args>.*?)\):\n", body, re.DOTALL)
    if match is None:
        return frozenset()
    signature = ast.parse(f"def f(*, {match['args']}): ...").body[0]
    if not isinstance(signature, ast.FunctionDef):
        return frozenset()
    pairs = zip(signature.args.kwonlyargs, signature.args.kw_defaults, strict=True)
    return frozenset(arg.arg for arg, default in pairs if default is None)


def _optional(node: ast.expr) -> bool:
    name, arguments = _subscript(node)
    if name in {"Input", "Output"} and arguments:
        return _optional(arguments[0])
    return name == "Optional"


def _subscript(node: ast.expr) -> tuple[str, list[ast.expr]]:
    if not isinstance(node, ast.Subscript):
        return "", []
    name = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    arguments = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return str(name), arguments


def _kind(node: ast.expr, folder: str, module: str) -> Kind:
    name, arguments = _subscript(node)
    if name in {"Input", "Output", "Optional"}:
        return _kind(arguments[0], folder, module)
    if name in {"Sequence", "List"}:
        return Kind("list", item=_kind(arguments[0], folder, module))
    if name in {"Mapping", "Dict"}:
        return Kind("map", item=_kind(arguments[1], folder, module))
    if name == "Union":
        return _union(tuple(_kind(part, folder, module) for part in arguments if "ArgsDict" not in ast.dump(part)))
    if isinstance(node, ast.Attribute):
        return _attribute(node.attr)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _reference(node.value, folder, module)
    return ANY


def _union(choices: tuple[Kind, ...]) -> Kind:
    kept = tuple(dict.fromkeys(choices))
    return kept[0] if len(kept) == 1 else Kind("union", choices=kept)


def _attribute(name: str) -> Kind:
    if name in {"Asset", "Archive"}:
        return Kind("asset")
    return Kind(_SCALARS[name]) if name in _SCALARS else ANY


def _reference(name: str, folder: str, module: str) -> Kind:
    qualifier, _, class_name = name.rpartition(".")
    if qualifier in {"", "outputs"}:
        if module == "_inputs" and not class_name.endswith("Args"):
            return Kind("string")
        return Kind("object", fields=f"{folder}|{module}|{class_name}")
    if qualifier in {"_root_inputs", "_root_outputs"}:
        return Kind("object", fields=f"|{module}|{class_name}")
    if qualifier.startswith("_") and qualifier != "_enums":
        parts = qualifier.lstrip("_").split(".")
        target = "/".join(part for part in parts if part not in {"inputs", "outputs"})
        return Kind("object", fields=f"{target}|{module}|{class_name}")
    return Kind("string") if qualifier == "_enums" else ANY

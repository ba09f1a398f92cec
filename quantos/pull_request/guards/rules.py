"""The rules that a tree's sources declare, each with a digest of all that it says: nothing is run.

A rule is a call `...Rule(name="...", complaints=...)` in a module of `quantos/policy`, or of a function of that module
that makes rules. Its digest covers the call, and everything of the project that its names lead to, in other modules
too, as parsed: comments, documentation and layout do not count.
"""

import ast
import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from quantos.pull_request.model import SourceLocation
from quantos.pull_request.sources import SourceTree

ROOM: Final = "quantos/policy"
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, kw_only=True)
class DeclaredRule:
    """A rule as its sources have it."""

    name: str
    digest: str
    place: SourceLocation


def declared_rules(tree: SourceTree) -> dict[str, DeclaredRule]:
    """By name, every rule that a tree declares."""
    return dict(_declared(_Definitions(tree)))


def _declared(definitions: "_Definitions") -> Iterator[tuple[str, DeclaredRule]]:
    for path in definitions.tree.contents((ROOM,)):
        if not path.endswith(".py"):
            continue
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        parsed = definitions.parsed(module)
        makers = {each.name for each in parsed.body if isinstance(each, ast.FunctionDef) and _makes_rules(each)}
        for node in ast.walk(parsed):
            if isinstance(node, ast.Call) and (name := _rule_name(node, makers)):
                place = SourceLocation(path=path, line=node.lineno)
                yield name, DeclaredRule(name=name, digest=definitions.digest(module, node), place=place)


def _makes_rules(function: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Call) and _is_rule(node) for node in ast.walk(function))


def _is_rule(node: ast.Call) -> bool:
    return _called(node).endswith("Rule") and "complaints" in {keyword.arg for keyword in node.keywords}


def _rule_name(node: ast.Call, makers: Collection[str]) -> str:
    """What a call names its rule, by the first of its texts that is a name of one; empty for any other call."""
    if not (_is_rule(node) or _called(node) in makers):
        return ""
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    texts = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return next((text for text in texts if _NAME.fullmatch(text)), "")


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


@dataclass(frozen=True)
class _Definitions:
    """What the names of a tree's modules stand for."""

    tree: SourceTree
    _modules: dict[str, ast.Module] = field(default_factory=dict, compare=False)
    _names: dict[str, Mapping[str, tuple[ast.stmt, ...]]] = field(default_factory=dict, compare=False)
    _leads: dict[tuple[str, str], frozenset[tuple[str, str]]] = field(default_factory=dict, compare=False)

    def parsed(self, module: str) -> ast.Module:
        """A module's syntax; an empty one where the tree has none of this name, or none that can be parsed."""
        if module not in self._modules:
            self._modules[module] = _without_texts(self.tree.parsed(module))
        return self._modules[module]

    def digest(self, module: str, node: ast.AST) -> str:
        """Of a node, and of every definition that it leads to."""
        reached: set[tuple[str, str]] = set()
        waiting = list(self._referred(module, node))
        while waiting:
            place = waiting.pop()
            if place not in reached:
                reached.add(place)
                waiting += self._below(*place)
        texts = [ast.dump(node)]
        for place in sorted(reached):
            texts += [f"{place}", *(ast.dump(statement) for statement in self._of(*place))]
        return hashlib.sha256("\0".join(texts).encode()).hexdigest()

    def _below(self, module: str, name: str) -> frozenset[tuple[str, str]]:
        key = (module, name)
        if key not in self._leads:
            statements = self._of(module, name)
            self._leads[key] = frozenset(place for each in statements for place in self._referred(module, each))
        return self._leads[key]

    def _of(self, module: str, name: str) -> tuple[ast.stmt, ...]:
        """What a module binds a name to; all of a module where the name is empty."""
        if not name:
            return tuple(self.parsed(module).body)
        return self._bound(module).get(name, ())

    def _referred(self, module: str, node: ast.AST) -> Iterator[tuple[str, str]]:
        """Definitions of the project that the names in a node stand for."""
        bound = self._bound(module)
        used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        for name in used & set(bound):
            imports = [each for each in bound[name] if isinstance(each, ast.Import | ast.ImportFrom)]
            if not imports:
                yield module, name
            for each in imports:
                yield from self._imported(each, name)

    def _imported(self, statement: ast.Import | ast.ImportFrom, name: str) -> Iterator[tuple[str, str]]:
        for alias in statement.names:
            if name != (alias.asname or alias.name.partition(".")[0]):
                continue
            if isinstance(statement, ast.Import):
                yield alias.name, ""
            elif self.tree.file_of(f"{statement.module}.{alias.name}"):
                yield f"{statement.module}.{alias.name}", ""
            elif statement.module and self.tree.file_of(statement.module):
                yield statement.module, alias.name

    def _bound(self, module: str) -> Mapping[str, tuple[ast.stmt, ...]]:
        if module not in self._names:
            bound: dict[str, tuple[ast.stmt, ...]] = {}
            for statement in self.parsed(module).body:
                for name in _binds(statement):
                    bound[name] = (*bound.get(name, ()), statement)
            self._names[module] = bound
        return self._names[module]


def _binds(statement: ast.stmt) -> set[str]:
    """The names that a statement at the top level gives a meaning."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
    return {each.id for each in ast.walk(statement) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}


def _without_texts(module: ast.Module) -> ast.Module:
    """A module without its documentation strings."""
    for node in ast.walk(module):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return module

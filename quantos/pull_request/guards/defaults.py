"""Defaults and bounds of environment files, as the sources of their sections state them: nothing is run."""

import ast
from collections.abc import Iterator
from typing import Final

from quantos.pull_request.model import SourceLocation
from quantos.pull_request.sources import SourceTree

ROOM: Final = "quantos/environment/settings"
LONGEST: Final = 120
_Stated = dict[str, tuple[str, SourceLocation]]


def changed_defaults(head: SourceTree, base: SourceTree) -> Iterator[tuple[str, SourceLocation]]:
    """Fields and constants that the head states otherwise than the base, and where: what each was and is, in words."""
    old, new = _stated(base), _stated(head)
    for name in sorted({*old, *new}):
        before, place = old.get(name, ("nothing", None))
        after, now = new.get(name, ("nothing", None))
        at = now or place
        if before != after and at is not None:
            yield f"{name}, {_shortened(before)} becomes {_shortened(after)}", at


def _stated(tree: SourceTree) -> _Stated:
    """By name, with that of the class in front, what stands for each field or constant."""
    stated: _Stated = {}
    for path in tree.contents((ROOM,)):
        if not path.endswith(".py"):
            continue
        body = tree.parsed(path.removesuffix(".py").replace("/", ".")).body
        scopes = [("", body), *((f"{each.name}.", each.body) for each in body if isinstance(each, ast.ClassDef))]
        for scope, statements in scopes:
            for statement in statements:
                for name, text in _assigned(statement):
                    stated[f"{scope}{name}"] = (text, SourceLocation(path=path, line=statement.lineno))
    return stated


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(statement, ast.AnnAssign):
        value = "no default" if statement.value is None else ast.unparse(statement.value)
        yield ast.unparse(statement.target), f"{value} ({ast.unparse(statement.annotation)})"
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield ast.unparse(target), ast.unparse(statement.value)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"

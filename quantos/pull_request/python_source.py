"""Python that a stranger wrote, parsed or said to be unreadable: nothing is run."""

import ast
from dataclasses import dataclass
from typing import Final

MOST_BYTES: Final = 2_000_000
MOST_NESTED: Final = 100
"""Levels of syntax; whoever walks or prints it takes a few calls for each."""


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """Why a file cannot be parsed, and the line, 1 the first, where that is known."""

    line: int
    why: str


def parsed_python(content: bytes) -> ast.Module | Unreadable:
    """The syntax of a file."""
    if len(content) > MOST_BYTES:
        return Unreadable(line=1, why=f"it has more than {MOST_BYTES:,} bytes")
    try:
        module = ast.parse(content)
    except SyntaxError as exc:
        return Unreadable(line=max(1, exc.lineno or 1), why=exc.msg)
    except (ValueError, MemoryError, RecursionError) as exc:
        return Unreadable(line=1, why=str(exc) or "it is nested too deeply")
    return module if _levels(module) <= MOST_NESTED else Unreadable(line=1, why="it is nested too deeply")


def _levels(module: ast.Module) -> int:
    levels, nodes = 0, list[ast.AST]([module])
    while nodes:
        levels, nodes = levels + 1, [below for node in nodes for below in ast.iter_child_nodes(node)]
    return levels

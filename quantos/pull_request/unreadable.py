"""Files of a head that nobody can read, so that they are refused wherever they stand: compiled code, broken Python."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from quantos.pull_request.model import Refusal, SourceLocation
from quantos.pull_request.python_source import parsed_python
from quantos.pull_request.sources import SourceTree

COMPILED: Final = re.compile(
    r".*\.(dll|dylib|egg|egg-link|pth|pyc|pyd|pyo|pyz|so|whl)(\.\d+)*", re.IGNORECASE | re.DOTALL
)
"""What Python runs beside sources, or instead of them."""


def unreadable_files(head: SourceTree) -> Iterator[Refusal]:
    """Refusals of every such file that belongs to the head, in the order of paths."""
    for path in head.paths:
        if COMPILED.fullmatch(path):
            why = "Python runs it and nobody can read it: commit its source"
            yield _refusal("compiled-code", path, why)
        elif path.endswith(".py") and (head.root / path).is_file():
            syntax = parsed_python((head.root / path).read_bytes())
            if not isinstance(syntax, ast.Module):
                yield _refusal("unreadable", path, f"it cannot be parsed: {syntax.why}", line=syntax.line)


def _refusal(rule: str, path: str, why: str, *, line: int = 1) -> Refusal:
    place = SourceLocation(path=path, line=line)
    return Refusal(rule=f"check/{rule}", urn="", message=f"{path}: {why}", level="mandatory", place=place)

"""Python of any kind is parsed, or said to be unreadable; nothing breaks whoever reads it."""

import ast

import pytest

from quantos.pull_request.python_source import MOST_BYTES, Unreadable, parsed_python


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param(b"x = 1\n\ndef (:\n", 3, id="syntax"),
        pytest.param(b"x = 1\0\n", 1, id="nul"),
        pytest.param(b"x = '\xff'\n", 1, id="latin-1"),
        pytest.param(b"# coding: no-such\n", 1, id="unknown-encoding"),
        pytest.param(b"x = " + b"(" * 300 + b"1" + b")" * 300, 1, id="parentheses"),
        pytest.param(b"x = " + b"-" * 100_000 + b"1", 1, id="more-than-the-parser-takes"),
        pytest.param(b"x = " + b"-" * 500 + b"1", 1, id="more-than-a-reader-takes"),
        pytest.param(b"#" * MOST_BYTES + b"\n", 1, id="size"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(content: bytes, line: int) -> None:
    syntax = parsed_python(content)
    assert isinstance(syntax, Unreadable)
    assert syntax.line == line
    assert syntax.why


@pytest.mark.parametrize("content", [b"", b"x = 1\n", "x = 'é'\n".encode(), b"# coding: latin-1\nx = '\xff'\n"])
def test_what_can_be_read_is_parsed_and_printed(content: bytes) -> None:
    syntax = parsed_python(content)
    assert isinstance(syntax, ast.Module)
    assert ast.dump(syntax)

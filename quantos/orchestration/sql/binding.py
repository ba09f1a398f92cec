"""A statement with its parameters bound, and without its comments: what every engine is given.

Parameters are bound token by token, so that what looks like one within a text, a quoted name or a comment is none, and
no value becomes more than one literal. Comments are left out, since engines do not agree on where one ends.
"""

import json
import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlglot.dialects.trino import Trino
from sqlglot.errors import TokenError
from sqlglot.tokens import TokenType

from quantos.errors import OrchestrationError

if TYPE_CHECKING:
    from sqlglot.tokens import Token

MOST_BYTES: Final = 64 * 1024
MOST_TOKENS: Final = 16 * 1024
"""Parsing takes its time by tokens, and a statement is parsed several times before it is taken: a second or two."""
GREATEST: Final = 2**63 - 1
_QUOTED: Final = (TokenType.STRING, TokenType.IDENTIFIER)


@dataclass(frozen=True)
class BoundText:
    """A statement as it is run.

    Attributes:
        stated: as it was written.
        starts: where its tokens start, in `text`.
        origins: where each of them comes from, in `stated`.
    """

    text: str
    stated: str
    starts: tuple[int, ...]
    origins: tuple[int, ...]

    def place(self, offset: int) -> str:
        """Where the token at an offset of `text` was written, for people."""
        return place(self.stated, self.origins[max(bisect_right(self.starts, offset) - 1, 0)])


def place(text: str, offset: int) -> str:
    """`line 3, column 14`, both counted from 1."""
    line = text.count("\n", 0, offset) + 1
    return f"line {line}, column {offset - text.rfind(chr(10), 0, offset)}"


def refusal(where: str, what: str) -> OrchestrationError:
    """That a statement is not taken, and why."""
    return OrchestrationError(f"{where}: {what}", remedy="correct the statement, and submit again")


def bind(stated: str, parameters: Mapping[str, object]) -> BoundText:
    """A statement in Trino's dialect, each `:name` in it the literal of its value.

    Raises:
        OrchestrationError: it is too long or no SQL, names what has no value, or leaves a value unused.
    """
    if len(stated.encode(errors="surrogatepass")) > MOST_BYTES:
        raise refusal("the statement", f"has more than {MOST_BYTES} bytes")
    tokens = _tokens(stated)
    pieces: list[str] = []
    starts: list[int] = []
    origins: list[int] = []
    length, end, used = 0, 0, set[str]()
    for start, behind, name in _parts(stated, tokens):
        gap = stated[end:start]
        pieces.append(("\n" if "\n" in gap else " ") if gap and pieces else "")
        pieces.append(
            stated[start:behind] if name is None else f" {_value(name, parameters, where=place(stated, start))} "
        )
        length += len(pieces[-2])
        starts.append(length)
        origins.append(start)
        length, end = length + len(pieces[-1]), behind
        used |= {name} - {None}
    if unused := sorted(set(parameters) - used):
        raise refusal("the statement", f"has no :{unused[0]}, for which there is a value")
    if not pieces:
        raise refusal("the statement", "is empty")
    return BoundText("".join(pieces), stated, tuple(starts), tuple(origins))


def literal(value: object) -> str:
    """A value as one literal of Trino's: a text as varchar, a whole number as integer or bigint, another as double.

    Raises OrchestrationError where no literal has that value.
    """
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case int() if abs(value) <= GREATEST:
            return str(value) if value >= 0 else f"({value})"
        case float() if math.isfinite(value):
            text = repr(value).upper()
            text = text if "E" in text else f"{text}E0"
            return text if math.copysign(1, value) > 0 else f"({text})"
        case str() if _is_text(value):
            return "'" + value.replace("'", "''") + "'"
        case _:
            raise OrchestrationError(
                f"{value!r} cannot be bound in a statement",
                remedy="bind a text, a number of 64 bits, a truth value or null",
            )


def _is_text(value: str) -> bool:
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _value(name: str, parameters: Mapping[str, object], *, where: str) -> str:
    if name not in parameters:
        raise refusal(where, f":{name} has no value among the parameters")
    return literal(parameters[name])


def _tokens(stated: str) -> Sequence["Token"]:
    """Tokens, without a semicolon at the end."""
    try:
        tokens = Trino().tokenize(stated)
    except TokenError as exc:
        raise refusal("the statement", f"holds a text, a quoted name or a comment without an end ({exc})") from exc
    if len(tokens) > MOST_TOKENS:
        raise refusal("the statement", f"has more than {MOST_TOKENS} words and signs")
    for token in tokens:
        source = stated[token.start : token.end + 1]
        if token.token_type not in _QUOTED and ("--" in source or "/*" in source):
            raise refusal(place(stated, token.start), f"{json.dumps(source)} may start a comment")
        if token.token_type is TokenType.PLACEHOLDER:
            raise refusal(place(stated, token.start), "? is no parameter here; write :name")
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    return tokens


def _parts(stated: str, tokens: Sequence["Token"]) -> Iterator[tuple[int, int, str | None]]:
    """Start and end of each token, a parameter taken as one, with its name."""
    index = 0
    while index < len(tokens):
        token = tokens[index]
        name = _name(stated, tokens, index)
        index += 1 if name is None else 2
        yield token.start, tokens[index - 1].end + 1, name


def _name(stated: str, tokens: Sequence["Token"], index: int) -> str | None:
    """The name of the parameter that starts at a token; None where none does."""
    colon, following = tokens[index], tokens[index + 1] if index + 1 < len(tokens) else None
    if colon.token_type is not TokenType.COLON or following is None or following.start != colon.end + 1:
        return None
    name = stated[following.start : following.end + 1]
    return name if name.isidentifier() and following.token_type not in _QUOTED else None

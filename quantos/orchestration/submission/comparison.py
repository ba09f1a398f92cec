"""What two submissions under one id state differently."""

from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from quantos.contracts.dag.submission import SubmissionRequest

MOST_LINES: Final = 10
MOST_VALUE: Final = 60


def difference(earlier: SubmissionRequest, later: SubmissionRequest) -> tuple[str, ...]:
    """Places that differ, `path: earlier -> later`, the first of them."""
    lines = list(_differences("", _stated(earlier), _stated(later)))
    more = [f"and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    return (*lines[:MOST_LINES], *more)


def _stated(request: SubmissionRequest) -> JsonValue:
    return request.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _differences(path: str, earlier: JsonValue, later: JsonValue) -> Iterator[str]:
    if isinstance(earlier, dict) and isinstance(later, dict):
        for key in dict.fromkeys((*earlier, *later)):
            yield from _part(f"{path}.{key}" if path else key, (earlier, later), key)
    elif isinstance(earlier, list) and isinstance(later, list) and len(earlier) == len(later):
        for number, pair in enumerate(zip(earlier, later, strict=True)):
            yield from _differences(f"{path}[{number}]", *pair)
    elif earlier != later:
        yield f"{path}: {_short(earlier)} -> {_short(later)}"


def _part(path: str, pair: tuple[dict[str, JsonValue], dict[str, JsonValue]], key: str) -> Iterator[str]:
    earlier, later = pair
    if key not in earlier:
        yield f"{path}: nothing -> {_short(later[key])}"
    elif key not in later:
        yield f"{path}: {_short(earlier[key])} -> nothing"
    else:
        yield from _differences(path, earlier[key], later[key])


def _short(value: JsonValue) -> str:
    text = repr(value)
    return text if len(text) <= MOST_VALUE else f"{text[:MOST_VALUE]}…"

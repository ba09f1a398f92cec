"""Files that people write, held to their model: all that is wrong is told at once, and nothing is guessed."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from quantos.documents.allowed_values import allowed_keys, allowed_value
from quantos.documents.cross_field import CROSS_FIELD, beyond_bounds, faults_between
from quantos.documents.places import Plain, YamlDocument
from quantos.documents.suggestion import suggestion
from quantos.documents.yaml_document import read_yaml
from quantos.errors import SettingsError
from quantos.faults import MOST_COUNTED, MOST_TOLD, Fault, FaultPath, in_order

ModelT = TypeVar("ModelT", bound=BaseModel)
_SHOWN_CHARACTERS: Final = 60


def read_file(path: Path, *, shown: str, remedy: str) -> YamlDocument:
    """What a YAML or JSON file holds, with what is wrong with it as YAML.

    Raises:
        SettingsError: it cannot be read.
    """
    try:
        return read_yaml(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise refusal(shown, [Fault((), f"cannot be read: {exc.strerror or exc}")], remedy=remedy) from exc
    except UnicodeDecodeError as exc:
        raise refusal(
            shown, [Fault((), f"cannot be read: it is not UTF-8 at byte {exc.start}")], remedy=remedy
        ) from exc


def validated(model: type[ModelT], document: YamlDocument) -> tuple[ModelT | None, tuple[Fault, ...]]:
    """The model that a document states, and everything that is wrong; the model is None where anything is.

    Values are read as strictly as JSON on the wire: no text stands for a number, no number for a truth. Of a document
    that has more of anything than may be, only that is told.
    """
    if not isinstance(document.value, dict):
        empty = Fault((), f"holds no fields, but {_kind(document.value)}: write `name: value`, a field a line")
        return None, document.faults or (empty,)
    if beyond := [*placed(beyond_bounds(model, document.value), document)]:
        return None, in_order((*document.faults, *beyond))
    try:
        instance = model.model_validate_json(json.dumps(document.value), strict=True)
    except ValidationError as exc:
        errors = [error for error in exc.errors(include_url=False) if not _follows(error)]
        schema = model.model_json_schema()
        faults = [fault for error in errors[:MOST_TOLD] for fault in _faults(error, document, schema)]
        others = errors[MOST_TOLD:MOST_COUNTED]
        faults += placed(((_path(error["loc"], document.value), _said(error)) for error in others), document)
        faults += placed(faults_between(model, document.value), document)
        known = {fault.path for fault in document.faults}
        return None, in_order((*document.faults, *(fault for fault in faults if fault.path not in known)))
    return (None, document.faults) if document.faults else (instance, ())


def refusal(shown: str, faults: Sequence[Fault], *, remedy: str) -> SettingsError:
    """The error that tells all faults of a file, one a line."""
    return SettingsError("\n".join(fault.line(shown) for fault in faults), remedy=remedy, faults=faults)


def placed(faults: Iterable[tuple[FaultPath, str]], document: YamlDocument) -> Iterator[Fault]:
    """Faults with the place where their fields stand, or would."""
    for path, message in faults:
        yield Fault(path, message, document.place(path))


def _faults(error: ErrorDetails, document: YamlDocument, schema: Mapping[str, Any]) -> Iterator[Fault]:
    path = _path(error["loc"], document.value)
    if error["type"] == CROSS_FIELD:
        below: Sequence[tuple[FaultPath, str]] = error.get("ctx", {})["faults"]
        yield from placed((((*path, *inner), message) for inner, message in below), document)
    else:
        yield from placed([(path, _message(error, path, value=document.value, schema=schema))], document)


def _follows(error: ErrorDetails) -> bool:
    """Whether an error only says that a list has no items left, of which each is told by itself."""
    return error["type"] == "too_short" and bool(error["input"])


def _message(error: ErrorDetails, path: FaultPath, *, value: Plain, schema: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        keys = allowed_keys(schema, path[:-1], value)
        near = suggestion(str(path[-1]), keys)
        return f"is not a known key{near}" if near else f"is not a known key of {', '.join(keys)}"
    if error["type"] == "missing":
        return f"is missing: {allowed_value(schema, path, value)}"
    if error["type"] == "value_error":
        return _said(error)
    meant = suggestion(error["input"], _expected(error)) if isinstance(error["input"], str) else ""
    return f"{_said(error)}, not {_short(error['input'])}{meant}"


def _said(error: ErrorDetails) -> str:
    """What pydantic says of an error."""
    if error["type"] == "value_error":
        return error["msg"].removeprefix("Value error, ")
    return f"{error['msg'][0].lower()}{error['msg'][1:]}"


def _expected(error: ErrorDetails) -> list[str]:
    expected = str(error.get("ctx", {}).get("expected", ""))
    return [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")] if expected else []


def _path(loc: Sequence[str | int], value: Plain) -> FaultPath:
    """Where in the document an error is: pydantic also names branches of unions, and that a key is meant."""
    path: list[str | int] = []
    for number, part in enumerate(loc):
        if isinstance(value, dict):
            key = part if part in value else next((key for key in value if str(key) == str(part)), None)
            if key is not None:
                value = value[key]
            elif part == "[key]" or number < len(loc) - 1:
                continue
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            continue
        path.append(part)
    return tuple(path)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 3]}..."


def _kind(value: Plain) -> str:
    if value is None:
        return "nothing"
    return "a list" if isinstance(value, list) else _short(value)

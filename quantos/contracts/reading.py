"""Documents read as strictly as they are written: what their producer cannot have meant is refused, not guessed."""

import json
from collections.abc import Iterable
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from quantos.contracts.base import Contract

DocumentT = TypeVar("DocumentT", bound=Contract)


class _RepeatedKeyError(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def read_strictly(model: type[DocumentT], payload: bytes) -> DocumentT:
    """The document in a payload of JSON, with every value of the type that is declared for it.

    Numbers are numbers: no text and no `true` stands for one. A key may stand once in an object.

    Raises:
        ValidationError: it is not that; nothing else is raised, whatever the bytes.
    """
    document = model.model_validate_json(payload, strict=True)
    try:
        json.loads(payload, object_pairs_hook=_unique, parse_int=float)
    except _RepeatedKeyError as exc:
        problem = PydanticCustomError("repeated_key", "the key stands twice")
        error = InitErrorDetails(type=problem, loc=(exc.key,), input=None)
        raise ValidationError.from_exception_data(model.__name__, [error]) from None
    return document


def _unique(pairs: Iterable[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise _RepeatedKeyError(key)
        seen.add(key)

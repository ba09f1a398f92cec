"""Validators of whole models that tell every fault, and not the first alone, nor only once all fields are right."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sized
from functools import cache
from itertools import islice
from types import UnionType
from typing import Final, Generic, TypeVar, Union, get_args, get_origin

from annotated_types import MaxLen
from pydantic import BaseModel, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from quantos.faults import MOST_COUNTED, FaultPath, field_name

ModelT = TypeVar("ModelT", bound=BaseModel)
CROSS_FIELD: Final = "cross_field"
"""Type of the error by which a model tells faults that concern several of its fields."""


def refuse_all(*checks: Iterable[tuple[FaultPath, str]]) -> None:
    """For validators of whole models: refuse with every fault found, each with its path below the model.

    A check of a model that is only partly there ends where it needs what is not.

    Raises:
        PydanticCustomError: there is any.
        AttributeError: a check needed what is not there, and no fault was found.
    """
    faults, lacking = _followed(checks)
    if faults:
        messages = "; ".join(f"{field_name(path)}: {message}" if path else message for path, message in faults)
        raise PydanticCustomError(CROSS_FIELD, "{told}", {"told": messages, "faults": faults})
    if lacking is not None:
        raise lacking


def faults_in_part(*checks: Iterable[tuple[FaultPath, str]]) -> list[tuple[FaultPath, str]]:
    """What checks of a model that may be only partly there find; each ends where it needs what is not."""
    return _followed(checks)[0]


def _followed(
    checks: Iterable[Iterable[tuple[FaultPath, str]]],
) -> tuple[list[tuple[FaultPath, str]], AttributeError | None]:
    faults: list[tuple[FaultPath, str]] = []
    lacking: AttributeError | None = None
    for check in checks:
        try:
            faults.extend(islice(check, MOST_COUNTED))
        except AttributeError as exc:
            lacking = exc
    return faults, lacking


def part_of(model: type[ModelT], stated: object) -> ModelT:
    """The model with those fields of a JSON document that are right; the others are not there."""
    return _Part(model, stated).model


def faults_between(model: type[BaseModel], stated: object) -> Iterator[tuple[FaultPath, str]]:
    """What validators of whole models find in a JSON document some of whose fields are wrong, by path.

    pydantic asks them only once every field of their model is right. Here they see what is right, and nothing else.
    """
    yield from _Part(model, stated).faults()


def beyond_bounds(model: type[BaseModel], stated: object) -> Iterator[tuple[FaultPath, str]]:
    """Lists and mappings of a JSON document that have more items than their fields may, by path.

    pydantic looks at all items before it counts them, and tells each that is wrong.
    """
    fields = stated if isinstance(stated, Mapping) else {}
    for name, field in model.model_fields.items():
        value = fields.get(field.alias or name)
        if (most := _exceeded(field, value)) is not None:
            yield (name,), f"has more than {most} items"
        else:
            for path, kind, inner in _models((name,), field.annotation, value):
                yield from (((*path, *below), message) for below, message in beyond_bounds(kind, inner))


def _exceeded(field: FieldInfo, value: object) -> int | None:
    """How many items a list or mapping may have that has more; None where it has not."""
    most = next((each.max_length for each in field.metadata if isinstance(each, MaxLen)), None)
    counted = isinstance(value, Sized) and not isinstance(value, str)
    return most if counted and most is not None and len(value) > most else None


def _models(path: FaultPath, annotation: object, value: object) -> Iterator[tuple[FaultPath, type[BaseModel], object]]:
    """The models that a field holds, with what is stated of each."""
    arguments = get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield path, annotation, value
    elif isinstance(value, list) and get_origin(annotation) is tuple:
        for place, item in enumerate(value):
            yield from _models((*path, place), arguments[0], item)
    elif isinstance(value, dict) and get_origin(annotation) is dict:
        for key, item in value.items():
            yield from _models((*path, key), arguments[1], item)


class _Part(Generic[ModelT]):
    """A model of which some fields are wrong: they are not there."""

    def __init__(self, model: type[ModelT], stated: object) -> None:
        fields = stated if isinstance(stated, Mapping) else {}
        self.kind: type[BaseModel] = model
        self.below: list[tuple[FaultPath, _Part[BaseModel]]] = []
        present = {name: field for name, field in model.model_fields.items() if name in fields}
        present = {name: field for name, field in present.items() if _exceeded(field, fields[name]) is None}
        read = {name: self._read(name, field, fields[name]) for name, field in present.items()}
        known = {name: value[0] for name, value in read.items() if value is not None}
        self.model = model.model_construct(None, **known)
        for name in read.keys() - known.keys():
            self.model.__dict__.pop(name, None)

    def faults(self) -> Iterator[tuple[FaultPath, str]]:
        for path, part in self.below:
            yield from (((*path, *inner), message) for inner, message in part.faults())
        for validator in self.kind.__pydantic_decorators__.model_validators.values():
            if validator.info.mode == "after":
                yield from _refused(validator.func, self.model)

    def _read(self, name: str, field: FieldInfo, stated: object) -> tuple[object] | None:
        """The value of a field, where it is right as a whole or its items are models; else None."""
        try:
            alone = _alone(self.kind, name).model_validate_json(json.dumps({"value": stated}), strict=True)
            return (alone.__dict__["value"],)
        except ValidationError:
            return self._partly((name,), field.annotation, stated)

    def _partly(self, path: FaultPath, annotation: object, stated: object) -> tuple[object] | None:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            part: _Part[BaseModel] = _Part(annotation, stated)
            self.below.append((path, part))
            return (part.model,)
        if origin in {Union, UnionType} and len(models := [kind for kind in arguments if kind is not type(None)]) == 1:
            return self._partly(path, models[0], stated)
        if origin is tuple and isinstance(stated, list) and arguments[1:] == (...,):
            items = [self._partly((*path, place), arguments[0], element) for place, element in enumerate(stated)]
            return None if None in items else (tuple(item[0] for item in items if item is not None),)
        if origin is dict and isinstance(stated, Mapping):
            values = {key: self._partly((*path, key), arguments[1], value) for key, value in stated.items()}
            return None if None in values.values() else ({key: value[0] for key, value in values.items() if value},)
        return None


@cache
def _alone(model: type[BaseModel], name: str) -> type[BaseModel]:
    """A model of nothing but one field of another."""
    field = model.model_fields[name]
    return create_model("Alone", value=(field.annotation, field))


def _refused(validate: object, model: BaseModel) -> Iterator[tuple[FaultPath, str]]:
    if not callable(validate):
        return
    try:
        validate(model)
    except PydanticCustomError as exc:
        yield from (exc.context or {}).get("faults", ())
    except AttributeError:
        return
    except ValueError as exc:
        yield (), str(exc)

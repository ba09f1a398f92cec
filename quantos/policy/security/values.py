"""Reading plain nested values whose shape nobody promises: what is absent or of another kind reads as nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, TypeGuard

Values: TypeAlias = Mapping[str, object]
Path: TypeAlias = tuple[str | int, ...]


def is_values(value: object) -> TypeGuard[Values]:
    """Whether this is a mapping of named values."""
    return isinstance(value, Mapping)


def at(value: object, *keys: str) -> object:
    """What stands at the end of nested keys, or None."""
    for key in keys:
        if not is_values(value) or key not in value:
            return None
        value = value[key]
    return value


def values(value: object, *keys: str) -> Values:
    """The mapping at the end of nested keys, or an empty one."""
    nested = at(value, *keys)
    return nested if is_values(nested) else {}


def elements(value: object, *keys: str) -> tuple[object, ...]:
    """The elements of the list at the end of nested keys, or none."""
    nested = at(value, *keys)
    if isinstance(nested, str) or not isinstance(nested, Sequence):
        return ()
    return tuple(nested[index] for index in range(len(nested)))


def each(value: object, *keys: str) -> tuple[Values, ...]:
    """The mappings among the elements of the list at the end of nested keys."""
    return tuple(element for element in elements(value, *keys) if is_values(element))


def text(value: object, *keys: str) -> str:
    """The text at the end of nested keys, or an empty one."""
    nested = at(value, *keys)
    return nested if isinstance(nested, str) else ""


def texts(value: object, *keys: str) -> tuple[str, ...]:
    """The texts at the end of nested keys: of a list all of its texts, or the one text that stands there."""
    nested = at(value, *keys)
    if isinstance(nested, str):
        return (nested,)
    return tuple(element for element in elements(nested) if isinstance(element, str))


def is_true(value: object, *keys: str) -> bool:
    """Whether true stands there, as a boolean or in the word some APIs take for it."""
    nested = at(value, *keys)
    return nested is True or (isinstance(nested, str) and nested.lower() == "true")


def number(value: object, *keys: str) -> float | None:
    """The number at the end of nested keys, or None."""
    nested = at(value, *keys)
    return float(nested) if isinstance(nested, int | float) and not isinstance(nested, bool) else None


def walk(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every value at every depth with the keys and indices that lead to it, mappings and lists included."""
    yield path, value
    if is_values(value):
        for key in value:
            yield from walk(value[key], (*path, key))
    else:
        for index, element in enumerate(elements(value)):
            yield from walk(element, (*path, index))


def dotted(path: Path) -> str:
    """`spec.groups[0].template` of a path."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")

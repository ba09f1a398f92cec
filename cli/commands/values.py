"""Turns the words of a command line into values without pydantic, which typer would import for the first of them.

That import costs three times what typer itself does, and help, usage errors and shell completion need nothing of it
(ADR 0026). A parameter of another type than these is still typer's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args, get_origin

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

PLAIN: dict[object, type[str | bool | int | float | Path]] = {kind: kind for kind in (str, bool, int, float, Path)}


@dataclass(frozen=True)
class PlainValue:
    """Stands where typer keeps its validator of one parameter; `at_least` bounds a number."""

    annotation: object
    at_least: float | None

    def coerce(self, value: object, **_: object) -> object:
        """The value of the parameter's type; None stays None, and words of a list become a tuple.

        Raises BadParameter where a word is no such value.
        """
        if get_origin(self.annotation) is list:
            (of,) = get_args(self.annotation)
            words = value if isinstance(value, (list, tuple)) else ()
            return tuple(self._coerced(word, of) for word in words)
        return None if value is None else self._coerced(value, self.annotation)

    def _coerced(self, word: object, annotation: object) -> object:
        choices = get_args(annotation)
        if choices:
            if word not in choices:
                raise typer.BadParameter(f"{word!r} is not one of {', '.join(map(repr, choices))}.")
            return word
        kind = PLAIN[annotation]
        try:
            value = word if isinstance(word, kind) else kind(str(word))
        except ValueError as exc:
            raise typer.BadParameter(f"{word!r} is not a number.") from exc
        if self.at_least is not None and isinstance(value, (int, float)) and not value >= self.at_least:
            raise typer.BadParameter(f"{word} is not in the range x>={self.at_least:g}.")
        return value


def take_plain_values(group: TyperGroup) -> None:
    """Let every parameter of `group`, and of all commands below it, take its value without pydantic where it can."""
    for parameter in _parameters(group):
        described = parameter.type_descriptor
        if _is_plain(described.annotation) and described.parameter_info.max is None:
            value = PlainValue(described.annotation, described.parameter_info.min)
            vars(parameter)["get_runtime_param"] = lambda value=value: value


def _parameters(group: TyperGroup) -> Iterator[TyperArgument | TyperOption]:
    for command in (group, *group.commands.values()):
        every = command.get_params(typer.Context(command))
        yield from (each for each in every if isinstance(each, (TyperArgument, TyperOption)))
        if isinstance(command, TyperGroup) and command is not group:
            yield from _parameters(command)


def _is_plain(annotation: object) -> bool:
    if get_origin(annotation) is list:
        return all(_is_plain(of) for of in get_args(annotation))
    return annotation in PLAIN or get_origin(annotation) is Literal

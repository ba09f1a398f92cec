"""Problems and solutions as JSON, for a plan's record: written twice, the bytes are the same."""

from typing import Final

from pydantic import TypeAdapter, ValidationError

from quantos.allocation.choice import ChoiceProblem, ChoiceSolution
from quantos.errors import ChoiceError

_PROBLEM: Final = TypeAdapter(ChoiceProblem)
_SOLUTION: Final = TypeAdapter(ChoiceSolution)
_REMEDY: Final = "read it with the release that wrote it, or take the record from the archive again"


def problem_json(problem: ChoiceProblem) -> bytes:
    """A problem as compact UTF-8 JSON."""
    return _PROBLEM.dump_json(problem)


def solution_json(solution: ChoiceSolution) -> bytes:
    """A solution as compact UTF-8 JSON."""
    return _SOLUTION.dump_json(solution)


def problem_from_json(content: bytes) -> ChoiceProblem:
    """A recorded problem. Raises ChoiceError where it cannot be read."""
    try:
        return _PROBLEM.validate_json(content)
    except ValidationError as exc:
        raise ChoiceError(f"this is no record of a choice: {exc.errors()[0]['msg']}", remedy=_REMEDY) from exc


def solution_from_json(content: bytes) -> ChoiceSolution:
    """A recorded solution. Raises ChoiceError where it cannot be read."""
    try:
        return _SOLUTION.validate_json(content)
    except ValidationError as exc:
        raise ChoiceError(f"this is no record of a solution: {exc.errors()[0]['msg']}", remedy=_REMEDY) from exc

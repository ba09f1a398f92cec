"""What a decision rested on, kept so that it can be replayed: inputs, solution, prices, code."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter, ValidationError

from quantos.allocation.choice import ChoiceSolution
from quantos.capacity.planning.inputs import PlanningInputs
from quantos.errors import CapacityError


@dataclass(frozen=True, kw_only=True)
class CodeVersion:
    """What decided: the digest of this project's sources, and the versions of what it computes with."""

    sources: str
    libraries: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class DecisionRecord:
    """A decision up to the moment of planning. Key: `plan_id`.

    Attributes:
        inputs: everything the plan is a function of; quantiles to six decimals, prices, settings, strategies.
        solution: of the choice that the inputs ask for.
        violations: what the cost rules were seen to refuse.
    """

    plan_id: str
    code: CodeVersion
    inputs: PlanningInputs
    solution: ChoiceSolution
    violations: tuple[str, ...]


CodeSource = Callable[[], CodeVersion]
_RECORD: Final = TypeAdapter(DecisionRecord)


def packed(record: DecisionRecord) -> bytes:
    """The record as gzipped JSON, the same bytes for the same record."""
    return gzip.compress(_RECORD.dump_json(record), mtime=0)


def unpacked(content: bytes) -> DecisionRecord:
    """What `packed` wrote. Raises CapacityError where this release cannot read it."""
    try:
        return _RECORD.validate_json(gzip.decompress(content))
    except (ValidationError, gzip.BadGzipFile, EOFError) as exc:
        raise CapacityError(
            f"this is no record of a decision that can be read: {exc}",
            remedy="replay it with the release that wrote it; the record's `code` names it",
        ) from exc

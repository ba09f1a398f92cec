"""Validators of whole models that tell every fault, and not the first alone."""

from collections.abc import Iterable
from typing import Final

from pydantic_core import PydanticCustomError

from quantos.faults import FaultPath, field_name

CROSS_FIELD: Final = "cross_field"
"""Type of the error by which a model tells faults that concern several of its fields."""


def refuse_all(found: Iterable[tuple[FaultPath, str]]) -> None:
    """For validators of whole models: refuse with every fault found, each with its path below the model.

    Raises:
        PydanticCustomError: there is any.
    """
    faults = list(found)
    if faults:
        told = "; ".join(f"{field_name(path)}: {message}" if path else message for path, message in faults)
        raise PydanticCustomError(CROSS_FIELD, "{told}", {"told": told, "faults": faults})

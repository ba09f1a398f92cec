"""What every document on the wire shares: frozen, closed, versioned, and a stable digest."""

import hashlib
import json
import re
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat

_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6}0*)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def version_number(value: object) -> object:
    """Refuse what only equals a number of a version: `true` and 1.0."""
    if type(value) is not int:
        raise ValueError("must be a whole number")
    return value


class Contract(BaseModel):
    """A document that crosses a process boundary as JSON.

    Unknown keys are refused, so a producer ahead of its consumer is noticed; `schema_version` is raised with
    every change that an older reader would misread.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    schema_version: Annotated[Literal[1], BeforeValidator(version_number)] = 1

    def to_json(self) -> bytes:
        """The document as compact UTF-8 JSON, keys in declared order."""
        return self.model_dump_json().encode()


def canonical_digest(document: object) -> str:
    """SHA-256 in hex of a JSON-able value, independent of key order and white space."""
    return hashlib.sha256(_CANONICAL.encode(document).encode()).hexdigest()


def _moment(value: object) -> object:
    """The datetime in a text; anything but such a text or a datetime is refused, so is an epoch."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("must be a time as in 2026-11-20T14:35:00Z, with Z or an offset such as -05:00")
    return datetime.fromisoformat(value)


def _whole_second(value: AwareDatetime) -> AwareDatetime:
    if value.microsecond:
        raise ValueError("must be a whole second")
    return value


NonNegativeFinite = Annotated[FiniteFloat, Field(ge=0)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
WholeSecond = Annotated[Moment, AfterValidator(_whole_second)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]

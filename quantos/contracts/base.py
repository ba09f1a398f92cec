"""What every document on the wire shares: frozen, closed, versioned, and a stable digest."""

import hashlib
import json
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat


class Contract(BaseModel):
    """A document that crosses a process boundary as JSON.

    Unknown keys are refused, so a producer ahead of its consumer is noticed; `schema_version` is raised with
    every change that an older reader would misread.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    schema_version: Literal[1] = 1

    def to_json(self) -> bytes:
        """The document as compact UTF-8 JSON, keys in declared order."""
        return self.model_dump_json().encode()


def canonical_digest(document: object) -> str:
    """SHA-256 in hex of a JSON-able value, independent of key order and white space."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _whole_second(value: AwareDatetime) -> AwareDatetime:
    if value.microsecond:
        raise ValueError("must be a whole second")
    return value


NonNegativeFinite = Annotated[FiniteFloat, Field(ge=0)]
PositiveFinite = Annotated[FiniteFloat, Field(gt=0)]
WholeSecond = Annotated[AwareDatetime, AfterValidator(_whole_second)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]

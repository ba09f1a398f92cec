"""Where an attempt runs, why, and what it would have been elsewhere."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A pool as the place of one attempt.

    Attributes:
        spot: whether its nodes may be taken away.
        usd_per_hour: of the part of a node that the attempt takes.
        expected_usd: of the node until it has succeeded, with what interruptions are expected to cost in lost work.
        expected_ms: until then, likewise.
    """

    pool: str
    spot: bool
    usd_per_hour: float
    expected_usd: float
    expected_ms: int


@dataclass(frozen=True, kw_only=True)
class Placement:
    """The pool that was chosen; `other` is the best that was not, None where there was no other."""

    chosen: Choice
    reason: str
    other: Choice | None = None

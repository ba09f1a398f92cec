"""What the daily path is asked to learn."""

from datetime import date

from pydantic import Field

from quantos.contracts.base import Contract, Slug


class LearningTask(Contract):
    """Learn the demand that strategies share on one set of pools, for one UTC day. Key: all three fields.

    Attributes:
        day: what is learnt rests on demand before it.
        pools: sorted, as `Strategy.pools`.
    """

    stack: str
    day: date
    pools: tuple[Slug, ...] = Field(min_length=1)

"""How long nodes of a pool take from order to Ready, measured; its P95 is how far ahead capacity is bought."""

import math
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import Field

from quantos.contracts.base import Contract, NonNegativeFinite

LEVEL: Final = 0.95
MIN_OBSERVATIONS: Final = 20
"""The fewest of which some order statistic bounds the 95th percentile of the next one."""

KEPT: Final = 200
"""Lead times remembered for a pool."""


class OpenOrder(Contract):
    """A node that was ordered and is not Ready yet; `ordered_at` is in epoch seconds."""

    order: str = Field(min_length=1)
    ordered_at: NonNegativeFinite


class LeadTimes(Contract):
    """What is known of a pool's lead times: the latest in the order they ended, seconds, and the open orders.

    An order is named by whoever makes it (such as the instance's id), so that hearing of it again changes nothing.
    """

    seconds: tuple[NonNegativeFinite, ...] = ()
    open_orders: tuple[OpenOrder, ...] = ()

    def ordered(self, order: str, *, at: float) -> "LeadTimes":
        """With one more open order, unless it is open already; the oldest are forgotten beyond `KEPT`."""
        if any(known.order == order for known in self.open_orders):
            return self
        opened = (*self.open_orders, OpenOrder(order=order, ordered_at=at))
        return self.model_copy(update={"open_orders": opened[-KEPT:]})

    def ready(self, order: str, *, at: float) -> "LeadTimes":
        """With an order ended by its node being Ready; an unknown order changes nothing."""
        found = next((known for known in self.open_orders if known.order == order), None)
        if found is None:
            return self
        return self.abandoned(order).model_copy(
            update={"seconds": (*self.seconds, max(0.0, at - found.ordered_at))[-KEPT:]}
        )

    def abandoned(self, order: str) -> "LeadTimes":
        """Without an order that was withdrawn before its node was Ready, which says nothing of lead times."""
        return self.model_copy(
            update={"open_orders": tuple(known for known in self.open_orders if known.order != order)}
        )


@dataclass(frozen=True, kw_only=True)
class LeadTime:
    """The lead time that is planned with.

    Attributes:
        observations: ended and open orders that it rests on.
        source: `measured`; `prior` while there are too few observations, when it is the environment's figure or the
            longest seen, whichever is longer.
    """

    seconds: float
    observations: int
    source: Literal["measured", "prior"]

    def bins(self, bin_seconds: int) -> int:
        """Whole bins that it reaches into, at least one."""
        return max(1, math.ceil(self.seconds / bin_seconds))


def planned_lead_time(times: LeadTimes, *, prior_seconds: float, now: float) -> LeadTime:
    """A bound that the next lead time stays under with probability 0.95 or more, if it is like those before.

    The order statistic of rank 0.95 (n + 1), rounded up, whatever the distribution (David & Nagaraja 2003). An order
    that has been open for longer than what this gives counts as if it ended now, since it will be no shorter; a
    younger one says nothing yet and is left out.

    Args:
        prior_seconds: the environment's `lead_seconds`.
        now: epoch seconds.
    """
    ended = sorted(times.seconds)
    settled = _order_statistic(ended)
    open_seconds = (now - order.ordered_at for order in times.open_orders)
    seen = sorted([*ended, *(age for age in open_seconds if age > settled)])
    if len(seen) < MIN_OBSERVATIONS:
        return LeadTime(seconds=max([prior_seconds, *seen]), observations=len(seen), source="prior")
    return LeadTime(seconds=_order_statistic(seen), observations=len(seen), source="measured")


def _order_statistic(ascending: list[float]) -> float:
    """The value of rank LEVEL (n + 1), or the last; 0 of none."""
    rank = math.ceil(LEVEL * (len(ascending) + 1))
    return ascending[min(rank, len(ascending)) - 1] if ascending else 0.0

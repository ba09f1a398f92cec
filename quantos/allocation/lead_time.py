"""How long nodes of a pool take from order to Ready, measured; its P95 is how far ahead capacity is bought."""

import math
from dataclasses import dataclass
from typing import Final, Literal

LEVEL: Final = 0.95
MIN_OBSERVATIONS: Final = 20
"""The fewest of which some order statistic bounds the 95th percentile of the next one."""


@dataclass(frozen=True, kw_only=True)
class LeadTimes:
    """What is known of a pool's lead times, seconds.

    Attributes:
        ended: of orders whose node became Ready.
        censored: how long orders had been open that had not ended: still open ones, and withdrawn ones.
    """

    ended: tuple[float, ...] = ()
    censored: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LeadTime:
    """The lead time that is planned with.

    Attributes:
        observations: ended and censored orders that it rests on.
        source: `measured`; `prior` while there are too few observations, when it is the environment's figure or the
            longest seen, whichever is longer.
    """

    seconds: float
    observations: int
    source: Literal["measured", "prior"]


def planned_lead_time(times: LeadTimes, *, prior_seconds: float) -> LeadTime:
    """A bound that the next lead time stays under with probability 0.95 or more, if it is like those before.

    The order statistic of rank 0.95 (n + 1), rounded up, whatever the distribution (David & Nagaraja 2003). An order
    that had been open for longer than what this gives counts as if it had ended then, since it would have been no
    shorter; a younger one says nothing and is left out.

    Args:
        prior_seconds: the environment's `lead_seconds`.
    """
    settled = _order_statistic(sorted(times.ended))
    seen = sorted([*times.ended, *(seconds for seconds in times.censored if seconds > settled)])
    if len(seen) < MIN_OBSERVATIONS:
        return LeadTime(seconds=max([prior_seconds, *seen]), observations=len(seen), source="prior")
    return LeadTime(seconds=_order_statistic(seen), observations=len(seen), source="measured")


def _order_statistic(ascending: list[float]) -> float:
    """The value of rank LEVEL (n + 1), or the last; 0 of none."""
    rank = math.ceil(LEVEL * (len(ascending) + 1))
    return ascending[min(rank, len(ascending)) - 1] if ascending else 0.0

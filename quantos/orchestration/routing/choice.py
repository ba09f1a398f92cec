"""Spot or on demand, and on which pool: by expected cost and finish, the attempts left and the time left."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from quantos.contracts.dag.spec import JobClass, Qos
from quantos.contracts.dag.submission import Affinity
from quantos.errors import UnplaceableError
from quantos.orchestration.routing.offers import Need, Offer
from quantos.orchestration.routing.placement import Choice, Placement
from quantos.units import HOUR_SECONDS

_HOUR_MS: Final = HOUR_SECONDS * 1000
_LONGEST_EXPONENT: Final = 50.0
"""Beyond it an attempt is never expected to end, and a greater number says no more."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """One attempt to be placed.

    Attributes:
        expected_ms: how long the node is taken to run where nothing interrupts it.
        left_ms: how long it may still take, lost attempts included.
        attempts_left: how often it may still be tried, this attempt included, until it has failed for good.
    """

    need: Need
    expected_ms: int
    left_ms: int
    attempts_left: int
    qos: Qos
    job_class: JobClass
    affinity: Affinity | None = None


def place(work: Work, offers: Sequence[Offer]) -> Placement:
    """The cheapest pool that may be taken, and why; the best of the others beside it.

    Raises:
        UnplaceableError: no pool has a node for it.
    """
    choices = [_choice(offer, part, work) for offer in offers if (part := offer.share(work.need)) is not None]
    choices = _by_affinity(choices, work)
    steady = [choice for choice in choices if not choice.spot]
    why_steady = _why_steady(work, choices)
    if not steady and (work.job_class == "inference" or work.qos == "on_demand"):
        raise UnplaceableError(
            f"{why_steady}, and no pool on demand that may be taken has a node with {_said(work.need)}",
            remedy="ask for less, allow another pool, or have one with larger nodes added to the environment",
        )
    allowed = steady if why_steady and steady else choices
    chosen = min(_preferred(allowed, work), key=_order)
    others = [choice for choice in choices if choice.pool != chosen.pool]
    other = min(others, key=lambda choice: (choice.spot == chosen.spot, *_order(choice)), default=None)
    reason = _reason(chosen, work, why_steady=why_steady, alone=other is None)
    return Placement(chosen=chosen, reason=reason, other=other)


def expected_ms(run_ms: int, *, interruptions_per_hour: float) -> int:
    """How long a node takes until it has run through once, where it starts over after each interruption.

    `(e^(rate * time) - 1) / rate`, of interruptions that come as a Poisson process.
    """
    if interruptions_per_hour == 0:
        return run_ms
    exponent = min(interruptions_per_hour * run_ms / _HOUR_MS, _LONGEST_EXPONENT)
    return max(run_ms, round(math.expm1(exponent) / interruptions_per_hour * _HOUR_MS))


def _choice(offer: Offer, part: float, work: Work) -> Choice:
    rate = offer.usd_per_hour * part
    milliseconds = expected_ms(work.expected_ms, interruptions_per_hour=offer.interruptions_per_hour)
    return Choice(
        pool=offer.pool,
        spot=offer.spot,
        usd_per_hour=rate,
        expected_usd=rate * milliseconds / _HOUR_MS,
        expected_ms=milliseconds,
    )


def _by_affinity(choices: Sequence[Choice], work: Work) -> Sequence[Choice]:
    """Those that may be taken at all."""
    affinity = work.affinity
    if affinity is not None and affinity.binding == "required":
        choices = [choice for choice in choices if choice.pool == affinity.compute_pool]
        if not choices:
            raise UnplaceableError(
                f"no node of the pool {affinity.compute_pool} has {_said(work.need)}, and no other may be taken",
                remedy="name another pool in affinity.compute_pool, or let it be preferred",
            )
    if not choices:
        raise UnplaceableError(
            f"no pool has a node with {_said(work.need)}",
            remedy="ask for less, or have a pool with larger nodes added to the environment",
        )
    return choices


def _why_steady(work: Work, choices: Sequence[Choice]) -> str:
    """Why it may not run on spot; empty where it may."""
    if work.job_class == "inference":
        return "inference runs on demand"
    if work.qos == "on_demand":
        return "qos is on_demand"
    if work.attempts_left <= 1:
        return "the last attempt runs on demand"
    worst = max((choice.expected_ms for choice in choices if choice.spot), default=0) + work.expected_ms
    if worst > work.left_ms:
        return "the time left allows no lost attempt"
    return ""


def _preferred(choices: Sequence[Choice], work: Work) -> Sequence[Choice]:
    if work.affinity is None or work.attempts_left <= 1:
        return choices
    return [choice for choice in choices if choice.pool == work.affinity.compute_pool] or choices


def _order(choice: Choice) -> tuple[float, bool, str]:
    return choice.expected_usd, choice.spot, choice.pool


def _reason(chosen: Choice, work: Work, *, why_steady: str, alone: bool) -> str:
    if work.affinity is not None and chosen.pool == work.affinity.compute_pool:
        asked = f"the {work.affinity.binding} pool"
        return f"{asked}; {why_steady}" if why_steady and not chosen.spot else asked
    if why_steady and not chosen.spot:
        return why_steady
    if alone:
        return "the only pool with room on a node"
    return "the least expected cost"


def _said(need: Need) -> str:
    gpus = f" and {need.gpus} GPUs" if need.gpus else ""
    return f"{need.cpu:g} cores, {need.memory_bytes / 2**30:g} GiB{gpus}"

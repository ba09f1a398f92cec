"""Whether a plan may reach the actuator at all: identity, signature, time, order, switch and mode."""

from datetime import datetime
from typing import NamedTuple

from quantos.capacity.ports import Switch
from quantos.contracts.plan import OutcomeStatus, PlanDocument, ScalingPlan
from quantos.environment.settings import Mode


class Refusal(NamedTuple):
    """Why a plan ends here."""

    status: OutcomeStatus
    reason: str


def refuse_forged(plan: ScalingPlan, *, signed: bool) -> Refusal | None:
    """A plan whose id is not its content's digest, or whose signature is not the forecaster's, fails."""
    if plan.plan_id != plan.content_digest():
        return Refusal("failed", "the plan's id is not the digest of its content: it was changed on the way")
    if not signed:
        return Refusal("failed", "the plan's signature is not the forecaster's")
    return None


def refuse_early(
    plan: ScalingPlan, *, current: PlanDocument, switch: Switch, mode: Mode, now: datetime
) -> Refusal | None:
    """What ends a genuine plan before the actuator looks at it; None lets it through."""
    if plan.plan_id == current.plan_id:
        return Refusal("applied", "this plan was applied before; nothing is left to do")
    if plan.sequence <= current.sequence:
        return Refusal("stale", f"sequence {plan.sequence} is not above {current.sequence}, the last one applied")
    if now >= plan.expires_at:
        return Refusal("stale", f"the plan expired at {plan.expires_at:%Y-%m-%d %H:%M:%S %Z}")
    if switch.paused:
        return Refusal("paused", f"resizing is paused by {switch.actor}: {switch.reason}")
    if mode == "observe":
        return Refusal("observed", "the environment is in observe mode: plans are explained and never acted on")
    return None

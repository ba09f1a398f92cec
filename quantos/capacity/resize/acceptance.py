"""Whether a plan may reach the actuator at all: identity, signature, time, order, switch and mode."""

from datetime import datetime
from typing import NamedTuple

from quantos.capacity.resize.ports import Switch
from quantos.contracts.plan import OutcomeStatus, PlanDocument, ScalingPlan
from quantos.environment.settings.environment import Mode


class Refusal(NamedTuple):
    """Why a plan ends here."""

    status: OutcomeStatus
    reason: str


def refuse_unsound(plan: ScalingPlan, *, stack: str, signed: bool, now: datetime, bin_seconds: int) -> Refusal | None:
    """A plan that no decision of this stack can have made fails, and nothing of it is remembered.

    Its id is its content's digest, its signature the forecaster's, and its bin ends no later than one bin after the
    one that is deciding now: an applied plan of the far future would make all real ones stale.
    """
    if plan.stack != stack:
        return Refusal("failed", f"the plan is for {plan.stack}, and this is {stack}")
    if plan.plan_id != plan.content_digest():
        return Refusal("failed", "the plan's id is not the digest of its content: it was changed on the way")
    if not signed:
        return Refusal("failed", "the plan's signature is not the forecaster's")
    latest = (int(now.timestamp()) // bin_seconds + 1) * bin_seconds
    if plan.sequence > latest:
        return Refusal("failed", f"sequence {plan.sequence} lies in the future: nothing after {latest} can be decided")
    return None


def refuse_early(
    plan: ScalingPlan, *, current: PlanDocument, switch: Switch, mode: Mode, now: datetime
) -> Refusal | None:
    """What ends a sound plan before the actuator looks at it; None lets it through."""
    if plan.sequence <= current.sequence:
        return Refusal("stale", f"sequence {plan.sequence} is not above {current.sequence}, the last one applied")
    if now >= plan.expires_at:
        return Refusal("stale", f"the plan expired at {plan.expires_at:%Y-%m-%d %H:%M:%S %Z}")
    if switch.paused:
        return refuse_paused(switch)
    if mode == "observe":
        return Refusal("observed", "the environment is in observe mode: plans are explained and never acted on")
    return None


def refuse_paused(switch: Switch) -> Refusal:
    """The kill switch is thrown."""
    return Refusal("paused", f"resizing is paused by {switch.actor}: {switch.reason}")

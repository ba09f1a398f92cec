"""`quantos resize`: decide, and apply as the robot would."""

import typer

from cli.console import err, out
from cli.decisions.explain import plan_text
from cli.decisions.plan import NOTHING_LEFT, audit, request_of
from cli.places import PACKS
from cli.target import Target, open_target
from quantos.capacity.adapters.composition import ComposedResizer, EngineSetting
from quantos.capacity.adapters.decisions import compose_decisions
from quantos.capacity.resize.outcomes import outcome_messages
from quantos.clock import utc_now
from quantos.contracts.plan import ResizeOutcome, ScalingPlan
from quantos.operations.bring_up import person
from stacks.capacity import resizing

REFUSED = {"blocked", "drift", "failed", "interrupted", "unreadable", "locked", "overtaken", "busy", "paused", "stale"}


def resize(environment: str) -> None:
    """Decide now, apply the plan, and print both. Raises Exit(1) when it is refused or cannot be applied."""
    target = open_target(environment)
    service = compose_decisions(target.settings, catalog=target.catalog, publisher=audit(target))
    decided = service.decide(request_of(target))
    if decided is None:
        out.print(NOTHING_LEFT)
        return
    outcome = _apply(target, decided)
    out.print(plan_text(decided, outcome), markup=False)
    if outcome.status in REFUSED:
        raise typer.Exit(1)


def _apply(target: Target, decided: ScalingPlan) -> ResizeOutcome:
    engine = EngineSetting(
        program=resizing(target.settings),
        packs_root=PACKS,
        variables=target.variables,
    )
    composed = ComposedResizer(target.settings, engine, clock=utc_now, wall_clock=utc_now)
    resizer = composed.resizer(time_left_seconds=None)
    err.print("resizing under the policy packs …", style="dim")
    outcome = resizer.resize(decided, holder=person())
    audit(target).publish(outcome_messages(outcome, chain=target.settings.names().audit_chain))
    return outcome

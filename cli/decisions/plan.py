"""`quantos plan` and `replay`: decisions in a person's hands."""

import typer

from cli.console import out
from cli.decisions.explain import find_plan, plan_text
from cli.target import Target, open_target
from quantos.audit.adapters.composition import compose_ledger
from quantos.audit.adapters.direct import DirectAudit
from quantos.capacity.adapters.decisions import compose_decisions, compose_replayer
from quantos.capacity.adapters.s3_plans import S3Records
from quantos.capacity.adapters.stores import compose_bucket
from quantos.capacity.decision.record import unpacked
from quantos.clock import utc_now
from quantos.contracts.plan import DecisionRequest
from quantos.errors import PlanNotFoundError

NOTHING_LEFT = "nothing to decide: a plan of this bin, or of a later one, is applied"
_MARKS = {
    "same": "same   ", "within": "within ", "changed": "changed", "differs": "DIFFERS", "gone": "gone   ",
}  # fmt: skip


def plan(environment: str) -> None:
    """Print the plan that would be made now. Nothing is written anywhere."""
    target = open_target(environment)
    service = compose_decisions(target.settings, catalog=target.catalog, publisher=audit(target))
    proposed = service.preview(request_of(target))
    out.print(NOTHING_LEFT if proposed is None else plan_text(proposed, None), markup=False)


def replay(plan_id: str, env: str | None) -> None:
    """Print what making a plan again from its record finds, stage by stage. Raises Exit(1) where anything differs."""
    target, decided = find_plan(plan_id, env)
    content = S3Records(compose_bucket(target.settings)).get(decided.plan_id)
    if content is None:
        raise PlanNotFoundError(
            f"of plan {decided.plan_id[:12]} no record is kept", remedy="look in the bucket's object versions"
        )
    findings = compose_replayer(target.settings, catalog=target.catalog).replay(unpacked(content), decided)
    out.print(f"plan {decided.plan_id[:12]} of {decided.stack}, decided at {decided.created_at:%Y-%m-%d %H:%M} UTC")
    for finding in findings:
        out.print(f"{_MARKS[finding.verdict]} {finding.what}: {finding.detail}", markup=False)
    if any(finding.verdict == "differs" for finding in findings):
        raise typer.Exit(1)


def audit(target: Target) -> DirectAudit:
    """The audit chain of `target`, which takes plans and outcomes straight from here."""
    return DirectAudit(compose_ledger(target.settings))


def request_of(target: Target) -> DecisionRequest:
    """A decision on the capacity of `target` at this moment."""
    return DecisionRequest(stack=target.capacity_stack, scheduled_time=utc_now())

"""`quantos plan`, `resize`, `explain`, `replay`, `pause` and `resume`: the control loop in a person's hands."""

import getpass
import json
import os
from datetime import UTC, datetime
from typing import Annotated, get_args

import typer
from pydantic import JsonValue

from cli.audit import audited
from cli.console import err, out
from cli.environment import EnvironmentName
from cli.target import ENVIRONMENTS, PACKS, Target, open_target
from quantos.audit.adapters.composition import compose_ledger
from quantos.audit.adapters.direct import DirectAudit
from quantos.capacity.adapters.composition import ComposedResizer, EngineSetting
from quantos.capacity.adapters.decisions import compose_decisions, compose_replayer
from quantos.capacity.adapters.s3_plans import S3PlanArchive, S3Records
from quantos.capacity.adapters.stores import compose_bucket, compose_control
from quantos.capacity.decision_record import unpacked
from quantos.capacity.outcomes import outcome_messages
from quantos.capacity.ports import Switch
from quantos.capacity.telling import MOST_COLUMNS, Page, explain_text
from quantos.contracts.plan import DecisionRequest, OutcomeStatus, ResizeOutcome, ScalingPlan
from quantos.errors import PlanNotFoundError, QuantosError
from stacks.capacity import program

REFUSED = {"blocked", "drift", "failed", "interrupted", "unreadable", "locked", "overtaken", "busy", "paused", "stale"}
_MARKS = {
    "same": "same   ", "within": "within ", "changed": "changed", "differs": "DIFFERS", "gone": "gone   ",
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("plan")(plan)
    app.command("resize")(resize)
    app.command("explain")(explain)
    app.command("replay")(replay)
    app.command("pause")(pause)
    app.command("resume")(resume)


def plan(environment: EnvironmentName) -> None:
    """Say what would be done now, and why. Nothing is written anywhere."""
    target = open_target(environment)
    service = compose_decisions(target.settings, catalog=target.catalog, publisher=_audit(target))
    proposed = service.preview(_request(target))
    out.print(_nothing_left() if proposed is None else _told(proposed, None), markup=False)


def resize(environment: EnvironmentName) -> None:
    """Decide now and apply the plan, as the robot would. Exit code 1 when it is refused or cannot be applied."""
    target = open_target(environment)
    service = compose_decisions(target.settings, catalog=target.catalog, publisher=_audit(target))
    decided = service.decide(_request(target))
    if decided is None:
        out.print(_nothing_left())
        return
    outcome = _apply(target, decided)
    out.print(_told(decided, outcome), markup=False)
    if outcome.status in REFUSED:
        raise typer.Exit(1)


def explain(
    plan_id: Annotated[str, typer.Argument(metavar="PLAN_ID", help="An id, or the start of one.")],
    *,
    env: Annotated[str | None, typer.Option(help="Where to look; every environment by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The plan and its outcome as one JSON document.")] = False,
) -> None:
    """Explain a plan, and what became of it: what set it, how sure it is, what others would have cost and risked."""
    target, found = _find(plan_id, env)
    outcome = _outcome_of(target, found)
    out.print(_document(found, outcome) if as_json else _told(found, outcome), markup=False)


def replay(
    plan_id: Annotated[str, typer.Argument(metavar="PLAN_ID", help="An id, or the start of one.")],
    *,
    env: Annotated[str | None, typer.Option(help="Where to look; every environment by default.")] = None,
) -> None:
    """Make a plan again from what was recorded of it, stage by stage. Exit code 1 where it does not come out again."""
    target, found = _find(plan_id, env)
    content = S3Records(compose_bucket(target.settings)).get(found.plan_id)
    if content is None:
        raise PlanNotFoundError(
            f"of plan {found.plan_id[:12]} no record is kept", remedy="look in the bucket's object versions"
        )
    findings = compose_replayer(target.settings, catalog=target.catalog).replay(unpacked(content), found)
    out.print(f"plan {found.plan_id[:12]} of {found.stack}, decided at {found.created_at:%Y-%m-%d %H:%M} UTC")
    for finding in findings:
        out.print(f"{_MARKS[finding.verdict]} {finding.what}: {finding.detail}", markup=False)
    if any(finding.verdict == "differs" for finding in findings):
        raise typer.Exit(1)


def _find(plan_id: str, env: str | None) -> tuple[Target, ScalingPlan]:
    """The plan, and the environment that has it."""
    names = [env] if env else [path.stem for path in sorted(ENVIRONMENTS.glob("*.yaml"))]
    closed: list[str] = []
    for name in names:
        try:
            target = open_target(name)
            return target, S3PlanArchive(compose_bucket(target.settings)).get(plan_id)
        except PlanNotFoundError:
            continue
        except QuantosError as exc:
            if env:
                raise
            closed.append(f"{name} ({exc.what})")
    unread = f"; could not look in {', '.join(closed)}" if closed else ""
    raise PlanNotFoundError(
        f"no plan of {', '.join(names)} has an id that starts with {plan_id!r}, or several have{unread}",
        remedy="take an id from `quantos plan`, the report or the audit chain",
    )


def pause(environment: EnvironmentName, reason: Annotated[str, typer.Option(help="Why; shown on every plan.")]) -> None:
    """Throw the kill switch: from the next event on nothing is resized, until `quantos resume`."""
    _throw(environment, Switch(paused=True, actor=getpass.getuser(), reason=reason))
    out.print(f"paused: {reason}")


def resume(environment: EnvironmentName) -> None:
    """Release the kill switch."""
    _throw(environment, Switch(paused=False, actor=getpass.getuser(), reason=""))
    out.print("resumed: the next plan is acted on")


def _throw(environment: str, switch: Switch) -> None:
    target = open_target(environment)
    compose_control(target.settings).throw(target.capacity_stack, switch)
    body: dict[str, JsonValue] = {"paused": switch.paused, "reason": switch.reason}
    audited(target, kind="switch", subject=target.capacity_stack, at=datetime.now(tz=UTC), body=body)


def _apply(target: Target, decided: ScalingPlan) -> ResizeOutcome:
    engine = EngineSetting(
        program=lambda document, raised: program(target.settings, document, raised=raised),
        packs_root=PACKS,
        variables=target.variables,
    )
    composed = ComposedResizer(target.settings, engine, clock=_now, wall_clock=_now)
    resizer = composed.resizer(time_left_seconds=None)
    err.print("resizing under the policy packs …", style="dim")
    outcome = resizer.resize(decided, holder=f"{getpass.getuser()}/{os.getpid()}")
    _audit(target).publish(outcome_messages(outcome, chain=target.settings.names().audit_chain))
    return outcome


def _outcome_of(target: Target, found: ScalingPlan) -> ResizeOutcome | None:
    """What became of a plan, from the audit chain; of several ends the last."""
    ledger = compose_ledger(target.settings)
    ids = [f"outcome/{found.plan_id}/{status}" for status in get_args(OutcomeStatus)]
    entries = ledger.index.find(ledger.chain, ids).values()
    if not entries:
        return None
    last = max(entry.sequence for entry in entries)
    link = next(iter(ledger.store.links(ledger.chain, after=last - 1)))
    return ResizeOutcome.model_validate(link.record.body)


def _told(found: ScalingPlan, outcome: ResizeOutcome | None) -> str:
    columns = out.width if out.is_terminal else MOST_COLUMNS
    return explain_text(found, outcome, Page(columns=columns, encoding=out.encoding))


def _document(found: ScalingPlan, outcome: ResizeOutcome | None) -> str:
    """Plan, with its explanation, and outcome, which is null while none is known; ASCII, so that any pipe takes it."""
    parts = {
        "plan": found.model_dump(mode="json"),
        "outcome": None if outcome is None else outcome.model_dump(mode="json"),
    }
    return json.dumps(parts, indent=2)


def _audit(target: Target) -> DirectAudit:
    return DirectAudit(compose_ledger(target.settings))


def _request(target: Target) -> DecisionRequest:
    return DecisionRequest(stack=target.capacity_stack, scheduled_time=_now())


def _nothing_left() -> str:
    return "nothing to decide: a plan of this bin, or of a later one, is applied"


def _now() -> datetime:
    return datetime.now(tz=UTC)

"""`quantos explain`: a plan, and what became of it."""

import json
from typing import get_args

from cli.console import out
from cli.places import environment_names
from cli.target import Target, open_target
from quantos.audit.adapters.composition import compose_ledger
from quantos.audit.chain import generation_number
from quantos.audit.ledger import record_of
from quantos.capacity.adapters.s3_plans import ID_FROM, S3PlanArchive
from quantos.capacity.adapters.stores import compose_bucket
from quantos.capacity.reporting.plan_text import MOST_COLUMNS, Page, explain_text
from quantos.contracts.plan import OutcomeStatus, ResizeOutcome, ScalingPlan
from quantos.errors import PlanAmbiguousError, PlanNotFoundError, QuantosError

_PASSING = ("/stale", "/busy")
"""Ends of a plan that came again, or at the wrong moment."""


def explain(plan_id: str, env: str | None, *, as_json: bool) -> None:
    """Print the plan whose id starts with `plan_id`, in one environment or any, and its outcome."""
    target, plan = find_plan(plan_id, env)
    outcome = _outcome_of(target, plan)
    out.print(_document(plan, outcome) if as_json else plan_text(plan, outcome), markup=False)


def find_plan(plan_id: str, env: str | None) -> tuple[Target, ScalingPlan]:
    """The plan whose id starts with `plan_id`, and the environment that has it.

    Raises PlanNotFoundError where none has, PlanAmbiguousError where several plans of one do.
    """
    names = [env] if env else environment_names()
    closed: list[str] = []
    for name in names:
        try:
            target = open_target(name)
            return target, S3PlanArchive(compose_bucket(target.settings)).get(plan_id)
        except PlanNotFoundError:
            continue
        except PlanAmbiguousError:
            raise
        except QuantosError as exc:
            if env:
                raise
            closed.append(f"{name} ({exc.what})")
    unread = f"; could not look in {', '.join(closed)}" if closed else ""
    raise PlanNotFoundError(
        f"no plan of {', '.join(names)} has an id that starts with {plan_id!r}{unread}",
        remedy=f"{ID_FROM}; plans of the sandbox are found with --sandbox",
    )


def plan_text(plan: ScalingPlan, outcome: ResizeOutcome | None) -> str:
    """A plan and its outcome as text, as wide as the terminal is."""
    columns = out.width if out.is_terminal else MOST_COLUMNS
    return explain_text(plan, outcome, Page(columns=columns, encoding=out.encoding))


def _outcome_of(target: Target, plan: ScalingPlan) -> ResizeOutcome | None:
    """What became of a plan, from the audit chain: of several ends the last that says more than when it came."""
    ledger = compose_ledger(target.settings)
    ids = [f"outcome/{plan.plan_id}/{status}" for status in get_args(OutcomeStatus)]
    entries = ledger.index.find(ledger.chain, ids)
    if not entries:
        return None
    telling = [entry for record_id, entry in entries.items() if not record_id.endswith(_PASSING)]
    last = max(telling or entries.values(), key=lambda entry: (generation_number(entry.chain), entry.sequence))
    return ResizeOutcome.model_validate(record_of(ledger.store, last).body)


def _document(plan: ScalingPlan, outcome: ResizeOutcome | None) -> str:
    """Plan, with its explanation, and outcome, which is null while none is known; ASCII, so that any pipe takes it."""
    parts = {
        "plan": plan.model_dump(mode="json"),
        "outcome": None if outcome is None else outcome.model_dump(mode="json"),
    }
    return json.dumps(parts, indent=2)

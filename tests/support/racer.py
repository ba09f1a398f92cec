"""One process of a race for a stack's lease.

    python -m tests.support.racer plan PLAN_FILE SECONDS_AFTER    the resize function on a plan, as AWS would call it
    python -m tests.support.racer command ARGUMENT...             a quantos command

It loads everything, prints `ready`, waits for a line on standard input, and goes. The last line it prints is JSON:
the function's answer, or {"code": exit code}.
"""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path

from cli.main import run
from lambdas import runtime
from lambdas.resize.handler import handler
from quantos.catalog.catalog import load_catalog
from quantos.clock import utc_now
from quantos.contracts import topics
from quantos.contracts.plan import ScalingPlan
from quantos.environment.functions import RESIZE
from quantos.messaging.adapters.record import StoredRecord
from quantos.messaging.adapters.url import publisher_from_url
from sandbox.events.events import Account, local_context, msk_event
from tests.support.environments import committed_settings


def resized(file: Path, *, seconds_after: float) -> dict[str, str]:
    """What the resize function answers to the plan in `file`, `seconds_after` it was made."""
    plan = ScalingPlan.model_validate_json(file.read_bytes())
    settings = committed_settings()
    moment = plan.created_at + timedelta(seconds=seconds_after)
    runtime.use(
        runtime.Runtime(
            settings=settings,
            catalog=load_catalog(),
            publisher=publisher_from_url("memory://race"),
            clock=lambda: moment,
            wall_clock=utc_now,
        )
    )
    account = Account(environment=settings.name, account_id=settings.account_id, region=settings.region)
    context = local_context(RESIZE, account=account, invocation=os.getpid(), timeout_seconds=840)
    record = StoredRecord(topics.CAPACITY_PLANS, 0, 0, 0, plan.stack.encode(), plan.to_json())
    event = msk_event([record], account=account, bootstrap_servers="race:9092")
    return handler(event, context.as_lambda_context())


def main(kind: str, *arguments: str) -> None:
    """Get ready, wait, go, tell."""
    _tell("ready")
    sys.stdin.readline()
    if kind == "command":
        answer: dict[str, object] = {"code": run(list(arguments))}
    else:
        answer = dict(resized(Path(arguments[0]), seconds_after=float(arguments[1])))
    _tell(json.dumps(answer))


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Applies plans. Trigger: topic `capacity.plans`, batch size 1. Idempotency key: `plan_id`."""

import os
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import records, runtime
from lambdas.instruments import Instruments, positions
from lambdas.telling.plans import tell_outcome
from quantos.capacity.adapters.composition import ComposedResizer, EngineSetting, compose_credentials
from quantos.capacity.resize.outcomes import outcome_messages
from quantos.contracts.plan import ScalingPlan
from stacks.capacity import resizing

instruments = Instruments("resize")
PACKS = Path(__file__).resolve().parents[2] / "policy_packs"


def _compose(current: runtime.Runtime) -> ComposedResizer:
    settings = current.settings
    setting = EngineSetting(
        program=resizing(settings),
        packs_root=PACKS,
        variables=dict(os.environ),
        credentials=compose_credentials(settings, clock=current.wall_clock),
    )
    return ComposedResizer(settings, setting, clock=current.clock, wall_clock=current.wall_clock)


service = runtime.PerRuntime(_compose)


@instruments
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Take every plan of the batch as far as it goes; a plan that cannot be read goes to the failure destination."""
    current = runtime.current()
    resizer = service().resizer(time_left_seconds=context.get_remaining_time_in_millis() / 1000)
    statuses: dict[str, str] = {}
    for record in records.decoded(event):
        plan = ScalingPlan.model_validate_json(record.value)
        with instruments.about(plan.stack, plan.sequence, plan_id=plan.plan_id):
            instruments.logger.info("plan taken", extra={"records": positions([record])})
            outcome = resizer.resize(plan, holder=f"{context.function_name}/{context.aws_request_id}")
            current.publisher.publish(outcome_messages(outcome, chain=current.settings.names().audit_chain))
            tell_outcome(instruments, outcome)
        statuses[plan.plan_id] = outcome.status
    return statuses

"""Learns demand once a day. Triggers: a daily schedule, which asks for every set of pools by a message of its own, and
topic `capacity.learning`, batch size 1. Idempotency key: (stack, day, pools), by what the fit is stored under.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import records, runtime
from lambdas.instruments import Instruments, positions
from quantos.capacity.adapters.daily_learning import compose_learning
from quantos.capacity.demand.learning import LearningService
from quantos.contracts.learning import LearningTask
from quantos.contracts.plan import DecisionRequest

instruments = Instruments("learn")


def _compose(current: runtime.Runtime) -> LearningService:
    return compose_learning(current.settings, catalog=current.catalog, publisher=current.publisher, clock=current.clock)


service = runtime.PerRuntime(_compose)


@instruments
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Answer by pools what became of them; a task that cannot be read goes to the failure destination."""
    del context
    if "records" not in event:
        asked = service().ask(DecisionRequest.model_validate(event))
        return {"+".join(task.pools): "asked" for task in asked}
    answers: dict[str, str] = {}
    for record in records.decoded(event):
        task = LearningTask.model_validate_json(record.value)
        answers[record.key] = service().learn(task)
        instruments.logger.info(
            "demand on %s",
            record.key,
            extra={
                "correlation_id": f"{task.stack}/{task.day}",
                "stack": task.stack,
                "day": str(task.day),
                "status": answers[record.key],
                "records": positions([record]),
            },
        )
    return answers

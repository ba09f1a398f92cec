"""Finishes what stuck: goes on with every open run, sends messages that wait, and tells capacity what runs need.
Trigger: a schedule, each minute. Idempotency key: the rows, on whose versions everything is written; of what is told
the series, the bin and the second.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import runtime
from lambdas.instruments import Instruments
from lambdas.orchestration import Composed, compose
from quantos.environment.functions import SWEEP
from quantos.observability.metric_names import SWEEP_FAILURES
from quantos.orchestration.sweeping import Swept

instruments = Instruments("sweep")
RESERVE_SECONDS = 5
"""Kept in hand to end well before Lambda ends the call."""
ANNOUNCING_SECONDS = 10
"""Kept in hand for telling what runs need, however much there is to sweep."""


def _compose(current: runtime.Runtime) -> Composed:
    return compose(current, function=SWEEP, report=instruments.undelivered)


service = runtime.PerRuntime(_compose)


@instruments
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Answer how many runs were gone on with, and how many messages were sent."""
    del event
    composed = service()

    def left_seconds() -> float:
        return context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS

    swept = composed.sweep(lambda: left_seconds() - ANNOUNCING_SECONDS).run()
    _say(swept)
    if not composed.announcement(left_seconds).publish(composed.now().milliseconds):
        instruments.logger.warning("no time was left to tell what runs need")
    return {"runs": swept.runs, "sent": swept.sent, "failed": swept.failed}


def _say(swept: Swept) -> None:
    extra = {"runs": swept.runs, "sent": swept.sent, "left": swept.left, "failed": swept.failed}
    instruments.count(SWEEP_FAILURES, swept.failed)
    instruments.logger.info("swept", extra=extra)

"""Finishes what stuck: goes on with open runs, sends what waits, tells what runs need, removes what they left whose ttl
is over. Trigger: a schedule, each minute. Idempotency key: the rows, on whose versions all is written; of what is told
series, bin and second; of what is removed the run.
"""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import runtime
from lambdas.instruments import Instruments
from lambdas.orchestration import Composed, compose
from quantos.environment.functions import SWEEP
from quantos.observability.metric_names import SWEEP_FAILURES

instruments = Instruments("sweep")
RESERVE_SECONDS = 5
"""Kept in hand to end well before Lambda ends the call."""
STEP_SECONDS = 10
"""Kept in hand for telling what runs need, however much there is to sweep, and for each part that is removed."""


def _compose(current: runtime.Runtime) -> Composed:
    return compose(current, function=SWEEP, report=instruments.undelivered)


service = runtime.PerRuntime(_compose)


@instruments
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Answer how many runs were gone on with, how many messages were sent, and how many runs were cleared."""
    del event
    composed = service()

    def left_seconds() -> float:
        return context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS

    swept = composed.sweep(lambda: left_seconds() - STEP_SECONDS).run()
    instruments.count(SWEEP_FAILURES, swept.failed)
    instruments.logger.info("swept", extra=asdict(swept))
    if not composed.announcement(left_seconds).publish(composed.now().milliseconds):
        instruments.logger.warning("no time was left to tell what runs need")
    cleared = composed.clearing(lambda: left_seconds() - STEP_SECONDS).run()
    instruments.count(SWEEP_FAILURES, len(cleared.failures))
    for run, error in cleared.failures:
        instruments.logger.error("%s is not cleared: %s", run, error)
    return {"runs": swept.runs, "sent": swept.sent, "failed": swept.failed, "cleared": cleared.runs}

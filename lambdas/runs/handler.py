"""Takes in what became of attempts: settles, publishes, tells lineage. Trigger: topic `orch.events`. Idempotency key:
the attempt, and whether it started or finished.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import records, runtime
from lambdas.instruments import Instruments
from lambdas.messages import messages
from lambdas.orchestration import Composed, compose
from quantos.contracts import topics
from quantos.environment.functions import RUNS
from quantos.errors import OrchestrationError
from quantos.observability.metric_names import ATTEMPTS_ENDED
from quantos.orchestration.protocol import observing
from quantos.orchestration.protocol.rows import Finished, Started

instruments = Instruments("runs")


def _compose(current: runtime.Runtime) -> Composed:
    return compose(current, function=RUNS, report=instruments.undelivered)


service = runtime.PerRuntime(_compose)


@instruments
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Take in each message of the batch; when a store fails the batch comes again whole."""
    del context
    batch = tuple(records.decoded(event))
    composed = service()
    taken, rejected = messages(batch, Started, Finished, topic=topics.ORCH_EVENTS, publisher=composed.current.publisher)
    for message in taken:
        with instruments.of_run(str(message.attempt.run), node=message.attempt.node, attempt=message.attempt.attempt):
            _take(composed, message)
    instruments.count_batch(batch, rejected=rejected, counts={"events": len(taken)})
    return {"events": len(taken), "rejected": rejected}


def _take(composed: Composed, message: Started | Finished) -> None:
    surroundings, opened = composed.surroundings, composed.rules.opened
    if isinstance(message, Started):
        surroundings.run(observing.started(message))
        instruments.logger.info("attempt started")
        return
    now_ms = composed.now().milliseconds
    if not surroundings.run(observing.finished(message, now_ms=now_ms, opened=opened)):
        raise OrchestrationError(
            f"other writers of the accounts of {message.attempt} were faster each time",
            remedy="nothing: the batch comes again",
            retryable=True,
        )
    instruments.count(ATTEMPTS_ENDED, 1, Status=message.end)
    extra = {"end": message.end, "detail": message.detail, "evidence": message.evidence}
    instruments.logger.info("attempt finished: %s", message.end, extra=extra)

"""Takes in what became of attempts: settles, publishes, tells lineage. Trigger: topic `orch.events`.

Idempotency key: the attempt, and whether it started or finished.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import records, runtime
from lambdas.instruments import Instruments
from lambdas.messages import messages
from lambdas.orchestration import Composed, compose
from lambdas.runs.taking import take
from quantos.contracts import topics
from quantos.environment.functions import RUNS
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
            take(instruments, composed, message)
    instruments.count_batch(batch, rejected=rejected, counts={"events": len(taken)})
    return {"events": len(taken), "rejected": rejected}

"""Goes on with runs: holds, claims, has attempts run, stops them, ends runs. Trigger: topic `orch.jobs`.

Idempotency key: the run's rows, on whose versions everything is written.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import records, runtime
from lambdas.instruments import Instruments
from lambdas.messages import messages
from lambdas.orchestration import Composed, compose
from quantos.contracts import topics
from quantos.environment.functions import DISPATCH
from quantos.orchestration.protocol.dispatching import dispatch
from quantos.orchestration.protocol.rows import Work

instruments = Instruments("dispatch")


def _compose(current: runtime.Runtime) -> Composed:
    return compose(current, function=DISPATCH, report=instruments.undelivered)


service = runtime.PerRuntime(_compose)


@instruments
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Do for each run of the batch what can be done; when a store fails the batch comes again whole."""
    del context
    batch = tuple(records.decoded(event))
    composed = service()
    works, rejected = messages(batch, Work, topic=topics.ORCH_JOBS, publisher=composed.current.publisher)
    for run in dict.fromkeys(work.run for work in works):
        with instruments.of_run(str(run)):
            composed.surroundings.run(dispatch(run, now=composed.now(), rules=composed.rules))
    instruments.count_batch(batch, rejected=rejected, counts={"runs": len(works)})
    return {"runs": len(works), "rejected": rejected}

"""What is done with one message of an attempt."""

from lambdas.instruments import Instruments
from lambdas.orchestration import Composed
from quantos.errors import OrchestrationError
from quantos.observability.metric_names import ATTEMPTS_ENDED
from quantos.orchestration.protocol import observing
from quantos.orchestration.protocol.rows import Finished, Started


def take(instruments: Instruments, composed: Composed, message: Started | Finished) -> None:
    """Take one message in. Raises OrchestrationError where it has to come again."""
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

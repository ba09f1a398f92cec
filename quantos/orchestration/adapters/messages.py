"""What the functions and executors send each other, as records of topics: JSON that says its kind.

Records of one run have one key, so that they keep their order.
"""

import json
from typing import Final, TypeAlias

from pydantic import TypeAdapter

from quantos.contracts import topics
from quantos.errors import OrchestrationError
from quantos.messaging.ports import Message
from quantos.orchestration.protocol.effects import Acknowledge, Create, Stop
from quantos.orchestration.protocol.rows import Finished, RunKey, Started, Work

Wire: TypeAlias = Work | Started | Finished | Create | Stop | Acknowledge
_TOPICS: Final[dict[type[Wire], str]] = {
    Work: topics.ORCH_JOBS,
    Create: topics.ORCH_ATTEMPTS,
    Stop: topics.ORCH_ATTEMPTS,
    Acknowledge: topics.ORCH_ATTEMPTS,
    Started: topics.ORCH_EVENTS,
    Finished: topics.ORCH_EVENTS,
}
_ADAPTERS: Final[dict[str, TypeAdapter[Wire]]] = {kind.__name__.lower(): TypeAdapter(kind) for kind in _TOPICS}


def encode(message: Wire) -> Message:
    """The record of a message."""
    kind = type(message).__name__.lower()
    value = b'{"kind":"%b","body":%b}' % (kind.encode(), _ADAPTERS[kind].dump_json(message))
    return Message(topic=_TOPICS[type(message)], key=str(_run(message)), value=value)


def decode(value: bytes) -> Wire:
    """The message of a record.

    Raises:
        OrchestrationError: it is none that this release knows.
    """
    try:
        envelope = json.loads(value)
        return _ADAPTERS[envelope["kind"]].validate_json(json.dumps(envelope["body"]))
    except (ValueError, KeyError, TypeError) as exc:
        raise OrchestrationError(
            f"a record is no message of orchestration: {exc}", remedy="see what wrote it; it is set aside"
        ) from exc


def _run(message: Wire) -> RunKey:
    match message:
        case Work(run):
            return run
        case Create(order):
            return order.node.run
        case Started() | Finished() | Stop() | Acknowledge():
            return message.attempt.run

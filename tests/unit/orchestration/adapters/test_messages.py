"""What is sent is read as it was sent, and what nobody sent is refused."""

import pytest

from quantos.contracts import topics
from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.messages import Wire, decode, encode
from quantos.orchestration.ledger.amounts import Amount
from quantos.orchestration.protocol.effects import Acknowledge, Create, Stop
from quantos.orchestration.protocol.rows import AttemptKey, Finished, Order, Started, Work
from tests.support.runs import PLACEMENT, RUN, node

ATTEMPT = AttemptKey(RUN, "n", 2)
ORDER = Order(node=node(attempt=2, state="claimed", placement=PLACEMENT), inputs=(AttemptKey(RUN, "m", 1),))


@pytest.mark.parametrize(
    ("message", "topic"),
    [
        (Work(RUN), topics.ORCH_JOBS),
        (Create(ORDER), topics.ORCH_ATTEMPTS),
        (Stop(ATTEMPT), topics.ORCH_ATTEMPTS),
        (Acknowledge(ATTEMPT), topics.ORCH_ATTEMPTS),
        (Started(ATTEMPT, 5), topics.ORCH_EVENTS),
        (Finished(ATTEMPT, "preempted", (("2026-11-20", Amount(gpu_ms=2**60)),), detail="é"), topics.ORCH_EVENTS),
    ],
)
def test_a_message_is_read_as_it_was_sent(message: Wire, topic: str) -> None:
    record = encode(message)
    assert record.topic == topic
    assert record.key == "alpha/x/1"
    assert decode(record.value) == message


@pytest.mark.parametrize(
    "value",
    [b"", b"{", b"[]", b'{"kind":"work"}', b'{"kind":"dance","body":{}}', b'{"kind":"work","body":{}}', b"\xff"],
)
def test_what_is_no_message_is_refused(value: bytes) -> None:
    with pytest.raises(OrchestrationError):
        decode(value)

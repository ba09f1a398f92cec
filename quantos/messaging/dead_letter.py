"""Dead letters: what cannot be taken from a topic, beside the reason and where it came from."""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Final

from quantos.contracts import topics
from quantos.messaging.ports import Message, TopicRecord

MAX_VALUE_BYTES: Final = 256 * 1024
"""Of a longer value this much is kept, since the letter must fit into a message of the same brokers."""

_MAX_KEY_CHARACTERS: Final = 120
_MAX_DETAIL_CHARACTERS: Final = 500


def dead_letter(record: TopicRecord, *, reason: str, detail: str, intake: Sequence[str]) -> Message:
    """The letter of a record that cannot be taken.

    Args:
        reason: a stable word to count by.
        detail: one sentence to read.
        intake: the topics that the function reads; of a record that names none of them, the first one's letters get it.
    """
    body = {
        "reason": reason,
        "detail": _cut(detail, _MAX_DETAIL_CHARACTERS),
        "topic": _cut(record.topic, _MAX_KEY_CHARACTERS),
        "partition": record.partition,
        "offset": record.offset,
        "value": base64.b64encode(record.value[:MAX_VALUE_BYTES]).decode(),
    }
    if len(record.value) > MAX_VALUE_BYTES:
        body |= {"value_bytes": len(record.value), "value_sha256": hashlib.sha256(record.value).hexdigest()}
    topic = record.topic if record.topic in intake else intake[0]
    key = record.key[:_MAX_KEY_CHARACTERS]
    return Message(topics.dead_letter(topic), key, json.dumps(body).encode())


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}…"

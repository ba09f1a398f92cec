"""Where a reader of a log goes on: a text that only fits the attempt it was given for.

It is no secret and grants nothing: who reads is asked for every page whether it may.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from quantos.errors import RequestError
from quantos.orchestration.logs.ports import MOST_PART_BYTES
from quantos.orchestration.protocol.rows import AttemptKey

_DIGEST: Final = 12
_LONGEST: Final = 200
_PLACE: Final = re.compile(rb"([0-9]{1,12})\.([0-9]{1,12})")


@dataclass(frozen=True)
class Place:
    """The first byte that was not read yet."""

    part: int = 0
    offset: int = 0


def cursor_text(attempt: AttemptKey, place: Place) -> str:
    """The cursor of a place in the log of an attempt."""
    content = f"{place.part}.{place.offset}".encode()
    return base64.urlsafe_b64encode(_digest(attempt, content) + content).decode().rstrip("=")


def place_of(attempt: AttemptKey, cursor: str) -> Place:
    """The place that a cursor stands for.

    Raises:
        RequestError: it was not given for this attempt, or is no longer as it was given.
    """
    place = None if len(cursor) > _LONGEST else _read(attempt, cursor)
    if place is None:
        raise RequestError(
            f"the cursor is none of the log of {attempt}",
            remedy="pass a cursor on as it was given, for the node and attempt it was given for, or begin without one",
        )
    return place


def _read(attempt: AttemptKey, cursor: str) -> Place | None:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    digest, content = text[:_DIGEST], text[_DIGEST:]
    numbers = _PLACE.fullmatch(content) if digest == _digest(attempt, content) else None
    place = None if numbers is None else Place(int(numbers[1]), int(numbers[2]))
    return None if place is None or place.offset > MOST_PART_BYTES else place


def _digest(attempt: AttemptKey, content: bytes) -> bytes:
    return hashlib.sha256(f"log/{attempt}/".encode() + content).digest()[:_DIGEST]

"""The log of an attempt, a page at a time, to its end or to where more is awaited."""

import codecs
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from quantos.orchestration.logs.cursor import Place, cursor_text, place_of
from quantos.orchestration.logs.ports import LogArchive, LogEnd
from quantos.orchestration.protocol.rows import AttemptKey, Node, Submission

PAGE_BYTES: Final = 4 * 1024 * 1024
"""The most that the lines of a page are as they are sent: JSON as a text in JSON, in ASCII; an answer has 6 MB."""
PAGE_SECONDS: Final = 20.0
"""After so long no further part is read for a page."""
_WIDEST: Final = 7
"""Bytes sent that a byte of a log may become: a control character is an escape, and its backslash is escaped."""

State: TypeAlias = Literal["running", "more", "not ingested yet", "tried again", "ended"]


@dataclass(frozen=True)
class LogPage:
    """Some lines of a log.

    Attributes:
        labels: of every line.
        state: `more` is there already; `running` may write more; `not ingested yet` has ended, and not all it wrote is
            archived; `tried again` is at its end, and its node goes on with another attempt; `ended` is at its end, and
            so is its node.
        cursor: where to go on; None at the end.
    """

    lines: tuple[str, ...]
    labels: Mapping[str, str]
    state: State
    cursor: str | None

    def records(self) -> Iterator[dict[str, str]]:
        """Each line with its labels."""
        return ({**self.labels, "line": line} for line in self.lines)


@dataclass(frozen=True)
class Reader:
    """Reads pages. `clock` gives seconds that only grow."""

    archive: LogArchive
    clock: Callable[[], float]
    page_bytes: int = PAGE_BYTES
    page_seconds: float = PAGE_SECONDS

    def page(self, submission: Submission, node: Node, *, attempt: int, cursor: str | None) -> LogPage:
        """The next page behind a cursor, or the first.

        Raises:
            RequestError: the cursor is another's.
            OrchestrationError: the archive cannot be read.
        """
        key = AttemptKey(node.run, node.id, attempt)
        start = Place() if cursor is None else place_of(key, cursor)
        end = self.archive.end(key) if attempt else LogEnd(node.state, 0)
        pieces, exhausted = self._read(key, start)
        behind = pieces[-1].place.part + 1 if pieces else start.part
        archived = exhausted and end is not None and behind >= end.parts
        text = b"".join(piece.content for piece in pieces)
        lines, taken = _lines(
            text, most=self.page_bytes, last="whole" if archived else "awaited" if exhausted else "cut"
        )
        rest = text[taken:]
        more = not exhausted or b"\n" in rest or (archived and bool(rest))
        state = _state(node, attempt, whole=archived and not rest, more=more)
        place = _behind(pieces, taken, start=start)
        given = None if state in {"ended", "tried again"} else cursor_text(key, place)
        return LogPage(lines, _labels(submission, node), state, given)

    def _read(self, key: AttemptKey, start: Place) -> tuple[list["_Piece"], bool]:
        """What there is, up to a page and for as long as may be; whether that is all there is."""
        deadline = self.clock() + self.page_seconds
        pieces: list[_Piece] = []
        place, size = start, 0
        while size < self.page_bytes and (not pieces or self.clock() < deadline):
            content = self.archive.part(key, place.part)
            if content is None:
                return pieces, True
            pieces.append(_Piece(place, content[place.offset :]))
            size += len(pieces[-1].content)
            place = Place(place.part + 1)
        return pieces, False


@dataclass(frozen=True)
class _Piece:
    """Content of one part from a place on."""

    place: Place
    content: bytes


def attempt_has_ended(node: Node, attempt: int) -> bool:
    """Whether an attempt runs no more, by its node's row; one that never began ends with its node."""
    if attempt and attempt <= node.attempt:
        return attempt < node.attempt or not node.live
    return _is_terminal(node)


def _is_terminal(node: Node) -> bool:
    return node.state in {"succeeded", "failed", "cancelled"}


def _state(node: Node, attempt: int, *, whole: bool, more: bool) -> State:
    if more:
        return "more"
    if not attempt_has_ended(node, attempt):
        return "running"
    if not whole:
        return "not ingested yet"
    return "ended" if _is_terminal(node) and attempt == node.attempt else "tried again"


def _lines(text: bytes, *, most: int, last: Literal["whole", "awaited", "cut"]) -> tuple[tuple[str, ...], int]:
    """Lines that fit into a page, and how many bytes they take of the text.

    `last` is what becomes of a last line without an end: it is whole, because nothing follows; or it is awaited; or it
    is cut, where nothing stands before it, because it goes on behind this page. One that no page holds is cut too.
    """
    lines: list[str] = []
    size = taken = 0
    for line in io.BytesIO(text):
        unfinished = not line.endswith(b"\n") and last != "whole"
        if unfinished and (lines or (last == "awaited" and len(text) < most)):
            break
        shown, whole = _decoded(line) if unfinished else (_shown(line), len(line))
        cost = len(json.dumps(json.dumps(shown, ensure_ascii=False))) + 1
        if size + cost > most:
            if not lines:
                shown, whole = _decoded(line[: most // _WIDEST])
                return (shown,), whole
            break
        lines.append(shown)
        size += cost
        taken += whole
    return tuple(lines), taken


def _shown(line: bytes) -> str:
    return line.removesuffix(b"\n").removesuffix(b"\r").decode(errors="replace")


def _decoded(piece: bytes) -> tuple[str, int]:
    """The text of a piece of a line, and how many bytes it is of: a character that is cut is left to the next one."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(piece)
    whole = len(piece) - len(decoder.getstate()[0])
    return (text, whole) if whole else (_shown(piece), len(piece))


def _behind(pieces: list[_Piece], taken: int, *, start: Place) -> Place:
    """The place behind so many bytes of pieces."""
    place = start
    for piece in pieces:
        if taken < len(piece.content):
            return Place(piece.place.part, piece.place.offset + taken)
        taken -= len(piece.content)
        place = Place(piece.place.part + 1)
    return place


def _labels(submission: Submission, node: Node) -> Mapping[str, str]:
    return {
        "submission_id": submission.run.submission_id,
        "pipeline_id": submission.terms.pipeline_id,
        "quantos.io/node": node.id,
    }

"""Pages put together are the log, whatever its parts, and the end is told when log and node are at theirs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.s3_logs import S3Logs, end_key, part_key
from quantos.orchestration.adapters.s3_objects import S3Objects
from quantos.orchestration.logs.page import PAGE_BYTES, LogPage, Reader
from quantos.orchestration.logs.ports import LogEnd
from quantos.orchestration.protocol.rows import AttemptKey, Node
from tests.support.faulty_aws import REGION
from tests.support.runs import RUN, node, submission

KEY = AttemptKey(RUN, "n", 1)
RUNNING = node(state="running", attempt=1)
DONE = node(state="succeeded", attempt=1)


@dataclass
class Archive:
    parts: list[bytes] = field(default_factory=list)
    ended: bool = False
    stated: int | None = None
    read: int = 0

    def part(self, attempt: AttemptKey, number: int) -> bytes | None:
        self.read += 1
        return self.parts[number] if attempt == KEY and number < len(self.parts) else None

    def end(self, attempt: AttemptKey) -> LogEnd | None:
        return LogEnd("succeeded", len(self.parts) if self.stated is None else self.stated) if self.ended else None


def reader(archive: Archive, *, page_bytes: int = PAGE_BYTES, seconds_a_part: float = 0.0) -> Reader:
    ticks = count()
    return Reader(archive, clock=lambda: next(ticks) * seconds_a_part, page_bytes=page_bytes)


def page(
    archive: Archive, row: Node = DONE, *, cursor: str | None = None, attempt: int = 1, **options: float
) -> LogPage:
    return reader(archive, **options).page(submission(), row, attempt=attempt, cursor=cursor)


def pages(archive: Archive, row: Node = DONE, **options: float) -> Iterator[LogPage]:
    cursor = None
    for _ in range(10_000):
        yield (got := page(archive, row, cursor=cursor, **options))
        if got.state != "more":
            return
        cursor = got.cursor
    raise AssertionError("there is no end of pages")


def cut(text: bytes, sizes: list[int]) -> list[bytes]:
    parts = []
    for size in sizes:
        parts.append(text[:size])
        text = text[size:]
    return [*parts, text]


@given(
    lines=st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=12)),
    sizes=st.lists(st.integers(0, 30)),
    page_bytes=st.integers(120, 400),
)
def test_pages_together_are_the_log(lines: list[str], sizes: list[int], page_bytes: int) -> None:
    text = "".join(f"{line}\n" for line in lines).encode()
    archive = Archive(cut(text, sizes), ended=True)
    got = list(pages(archive, page_bytes=page_bytes))
    assert [line for each in got for line in each.lines] == lines
    assert (got[-1].state, got[-1].cursor) == ("ended", None)
    for each in got:
        assert len(json.dumps(each.lines, ensure_ascii=False).encode()) <= page_bytes + len(each.lines) + 2
    if text.isascii():
        slowly = list(pages(archive, page_bytes=page_bytes, seconds_a_part=30))
        assert "".join(line for each in slowly for line in each.lines) == "".join(lines)


@given(st.binary(max_size=2000), st.integers(60, 200))
def test_any_bytes_come_to_an_end(content: bytes, page_bytes: int) -> None:
    got = list(pages(Archive([content], ended=True), page_bytes=page_bytes))
    assert got[-1].state == "ended"
    assert all(
        len(json.dumps(each.lines, ensure_ascii=False).encode()) <= page_bytes + 3 * len(each.lines) + 2 for each in got
    )


def test_a_page_is_at_most_four_mebibytes_and_stops_after_twenty_seconds() -> None:
    archive = Archive([b"x" * 1023 + b"\n"] * 6000, ended=True)
    first = page(archive)
    assert 0.99 * PAGE_BYTES < sum(map(len, first.lines)) + 3 * len(first.lines) <= PAGE_BYTES
    slow = Archive([b"a\n"] * 100, ended=True)
    assert len(page(slow, seconds_a_part=7).lines) <= 4
    assert page(slow, seconds_a_part=7).state == "more"


def test_a_running_attempt_holds_an_unfinished_line_back() -> None:
    archive = Archive([b"one\ntw"])
    first = page(archive, RUNNING)
    assert (first.lines, first.state) == (("one",), "running")
    archive.parts.append(b"o\n")
    second = page(archive, RUNNING, cursor=first.cursor)
    assert (second.lines, second.state) == (("two",), "running")
    third = page(archive, RUNNING, cursor=second.cursor)
    assert (third.lines, third.state) == ((), "running")


@pytest.mark.parametrize(
    ("row", "archive", "state"),
    [
        pytest.param(DONE, Archive([b"a\n"]), "not ingested yet", id="node-ended-and-no-end-of-the-log"),
        pytest.param(DONE, Archive([b"a\n"], ended=True, stated=2), "not ingested yet", id="a-part-is-missing"),
        pytest.param(DONE, Archive([b"a"], ended=True), "ended", id="last-line-without-end"),
        pytest.param(RUNNING, Archive([b"a\n"], ended=True), "running", id="log-ended-and-node-not"),
        pytest.param(node(state="pending", attempt=1), Archive([b"a\n"], ended=True), "tried again", id="waits"),
        pytest.param(node(state="running", attempt=2), Archive([b"a\n"], ended=True), "tried again", id="next-runs"),
        pytest.param(node(state="succeeded", attempt=2), Archive([b"a\n"], ended=True), "tried again", id="an-earlier"),
        pytest.param(node(state="pending", attempt=1), Archive([b"a\n"]), "not ingested yet", id="waits-not-ingested"),
    ],
)
def test_the_end_is_told_when_both_are_at_theirs(row: Node, archive: Archive, state: str) -> None:
    got = page(archive, row)
    assert (got.lines, got.state) == (("a",), state)
    assert (got.cursor is None) == (state in {"ended", "tried again"})


@pytest.mark.parametrize(("state", "expected"), [("pending", "running"), ("cancelled", "ended")])
def test_a_node_that_never_began_has_no_log(state: str, expected: str) -> None:
    got = page(Archive(), node(state=state, attempt=0), attempt=0)
    assert (got.lines, got.state) == ((), expected)


def test_lines_carry_where_they_are_from() -> None:
    (record,) = page(Archive([b"a\n"], ended=True)).records()
    assert record == {"submission_id": "x", "pipeline_id": "p", "quantos.io/node": "n", "line": "a"}


@mock_aws
def test_the_bucket_has_parts_and_an_end() -> None:
    client = boto3.client("s3", REGION)
    client.create_bucket(Bucket="artifacts")
    archive = S3Logs(S3Objects(client, "artifacts"))
    assert page(archive, RUNNING).state == "running"
    for number, content in enumerate([b"one\nt", b"wo\n"]):
        client.put_object(Bucket="artifacts", Key=part_key(KEY, number), Body=content)
    assert page(archive).state == "not ingested yet"
    client.put_object(Bucket="artifacts", Key=end_key(KEY), Body=b'{"end": "succeeded", "parts": 2}')
    assert (page(archive).lines, page(archive).state) == (("one", "two"), "ended")
    assert part_key(KEY, 1) == "workspaces/alpha/x/1/n/1/log/000001.txt"
    client.put_object(Bucket="artifacts", Key=end_key(KEY), Body=b"[]")
    with pytest.raises(OrchestrationError, match="is not the end of a log"):
        page(archive)


@pytest.mark.parametrize(
    "line", [b'"' * 5_000_000, (b'"' * 80 + b"\n") * 60_000, b"\\n" * 2_000_000, b"\x01" * 2_000_000]
)
def test_a_page_as_it_is_sent_is_within_what_an_answer_may_be(line: bytes) -> None:
    archive = Archive(cut(line + b"\n", [2**20] * (len(line) // 2**20)), ended=True)
    body = json.dumps(page(archive).lines, ensure_ascii=False)
    assert len(json.dumps({"statusCode": 200, "body": body})) < 6_000_000 - 100_000


def test_no_character_is_cut() -> None:
    text = "x" + "€" * 2_000_000
    archive = Archive(cut(f"{text}\n".encode(), [2**20] * 5), ended=True)
    assert "".join(line for each in pages(archive) for line in each.lines) == text

"""One contract of rows, run against the explored world and against DynamoDB on moto."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import boto3
import pytest
from moto import mock_aws

from quantos.contracts.dag.spec import Requests
from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.dynamo_rows import DynamoRows
from quantos.orchestration.ledger.accounts import Account
from quantos.orchestration.ledger.amounts import NOTHING, Amount
from quantos.orchestration.protocol import dispatching, observing, submitting
from quantos.orchestration.protocol.effects import Write
from quantos.orchestration.protocol.ports import RowStore
from quantos.orchestration.protocol.rows import (
    DAY_MS,
    AccountRow,
    AttemptKey,
    Finished,
    Identity,
    Message,
    Node,
    Order,
    Outgoing,
    Row,
    RunKey,
    Started,
    Submission,
    Work,
)
from quantos.orchestration.protocol.running import Surroundings
from quantos.orchestration.protocol.steps import Now
from tests.support.runs import rules, submission, terms
from tests.support.world_rows import WorldRows

RUN = RunKey("alpha", "nightly-1")
NOW = Now("2026-11-20", 0)
SUBMISSION = submission(run=RUN, digest="d", estimate=Amount(cpu_ms=6), cap=Amount(cpu_ms=9, io_bytes=2**45))


def node(name: str, *, digest: str = "d", run: RunKey = RUN) -> Node:
    requests = Requests(cpu="1", mem="1Gi", gpu=0)
    return Node(run=run, digest=digest, id=name, upstream=("a",), requests=requests, expected_ms=4, max_attempts=1)


def opened(team: str, day: str) -> Account:
    return Account(team=team, day=day, budget=Amount(cpu_ms=10))


RULES = rules(opened)


@pytest.fixture
def dynamo(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoRows]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="orchestration",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        yield DynamoRows(client=client, table="orchestration")


@pytest.fixture(params=["world", "dynamo"])
def rows(request: pytest.FixtureRequest) -> RowStore:
    return WorldRows() if request.param == "world" else request.getfixturevalue("dynamo")


ROWS: tuple[Row, ...] = (
    SUBMISSION,
    replace(node("train_model"), ends=("preempted", "failure"), state="running", attempt=3, drawn=Amount(gpu_ms=5)),
    AccountRow(account=replace(opened("alpha", "2026-11-20"), debt=Amount(cpu_ms=2**60))),
    Identity(team="alpha", submission_id="nightly-1", digest="d"),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
def test_a_row_is_read_as_it_was_written_with_the_next_version(rows: RowStore, row: Row) -> None:
    assert rows.load([row.key]) == (None,)
    assert rows.commit([Write(row, new=True)], [])
    assert rows.load([row.key, "identity/alpha/other"]) == (replace(row, version=1), None)


def test_rows_are_written_on_the_version_that_was_read_only_and_all_or_none(rows: RowStore) -> None:
    identity = Identity(team="alpha", submission_id="nightly-1", digest="d")
    assert not rows.commit([Write(SUBMISSION)], [])
    assert rows.commit([Write(SUBMISSION, new=True)], [])
    assert not rows.commit([Write(SUBMISSION, new=True)], [])
    read = replace(SUBMISSION, version=1)
    assert rows.commit([Write(replace(read, live=1))], [])
    assert not rows.commit([Write(identity, new=True), Write(replace(read, live=2))], [])
    assert rows.load([identity.key, read.key]) == (None, replace(read, live=1, version=2))


def test_rows_are_removed_on_the_version_that_was_read(rows: RowStore) -> None:
    rows.commit([Write(SUBMISSION, new=True)], [])
    assert not rows.commit([], [SUBMISSION])
    assert rows.commit([], [replace(SUBMISSION, version=1)])
    assert not rows.commit([], [replace(SUBMISSION, version=1)])
    assert rows.load([SUBMISSION.key]) == (None,)


def test_nodes_of_one_run_of_one_body_are_read_in_order(rows: RowStore) -> None:
    names = [f"n{number:03d}" for number in range(230)]
    rows.put_nodes([node(name) for name in reversed(names)])
    rows.put_nodes([node("other", digest="e"), node("other", run=RunKey("alpha", "nightly-1", 2))])
    assert [each.id for each in rows.load_nodes(RUN, "d")] == names
    assert [each.id for each in rows.load_nodes(RUN, "e")] == ["other"]


def test_nodes_that_are_there_stay_as_they_are(rows: RowStore) -> None:
    rows.put_nodes([node("a"), node("b")])
    rows.commit([Write(replace(node("a"), state="running", version=1))], [])
    rows.put_nodes([node("a"), node("b"), node("c")])
    assert [(each.id, each.state, each.version) for each in rows.load_nodes(RUN, "d")] == [
        ("a", "running", 2),
        ("b", "pending", 1),
        ("c", "pending", 1),
    ]


@pytest.fixture(params=["world", "dynamo"])
def index(request: pytest.FixtureRequest) -> WorldRows | DynamoRows:
    return WorldRows() if request.param == "world" else request.getfixturevalue("dynamo")


def test_runs_are_due_from_the_end_of_their_ttl_on_until_they_are_cleared(index: WorldRows | DynamoRows) -> None:
    runs = [RunKey("alpha", f"run-{number}") for number in range(20)]
    for number, run in enumerate(runs):
        row = replace(SUBMISSION, run=run, terms=terms(ttl_days=1))
        index.commit([Write(row, new=True)], [])
        assert list(index.due_runs(2**42)) == runs[:number][::-1]
        index.commit([Write(replace(row, version=1, ended="failed", ended_ms=10**12 - number))], [])
    over_ms = 10**12 + DAY_MS
    assert list(index.due_runs(over_ms - 9)) == runs[:9:-1]
    assert list(index.due_runs(over_ms + 1)) == runs[::-1]
    assert list(index.open_runs()) == []
    (last,) = index.load([replace(SUBMISSION, run=runs[19]).key])
    assert isinstance(last, Submission)
    assert index.commit([Write(replace(last, cleared_ms=over_ms))], [])
    assert list(index.due_runs(2**42)) == runs[18::-1]


def test_a_message_that_waits_is_kept_as_it_is(dynamo: DynamoRows) -> None:
    attempt = AttemptKey(RUN, "a", 1)
    messages: tuple[Message, ...] = (
        Work(RUN), Started(attempt), Finished(attempt, "preempted", (("2026-11-20", Amount(cpu_ms=5)),)),
    )  # fmt: skip
    for number, message in enumerate(messages):
        row = Outgoing(id=str(number), message=message)
        assert dynamo.commit([Write(row, new=True)], [])
        assert dynamo.load([row.key]) == (replace(row, version=1),)


def test_a_row_that_another_version_wrote_is_an_error(dynamo: DynamoRows) -> None:
    item = {"pk": {"S": "submission/x"}, "sk": {"S": "-"}, "kind": {"S": "Novel"}, "row": {"S": "{}"}}
    dynamo.client.put_item(TableName=dynamo.table, Item=item)
    with pytest.raises(OrchestrationError, match="a row of kind 'Novel'"):
        dynamo.load(["submission/x"])


@dataclass
class Recorder:
    """An executor, a bus and a switch that only take down what they are asked."""

    created: list[AttemptKey] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)

    def create(self, order: Order) -> None:
        self.created.append(order.node.last_attempt)

    def stop(self, attempt: AttemptKey) -> None:
        raise AssertionError(attempt)

    def tell(self, message: Started | Finished, submission: Submission) -> None:
        """Nobody listens."""

    def clear(self, submission: Submission, attempts: object) -> bool:
        raise AssertionError(submission.run)

    def acknowledge(self, attempt: AttemptKey) -> None:
        assert attempt in self.created

    def send(self, message: Message) -> None:
        self.sent.append(message)

    def paused(self) -> bool:
        return False


def test_a_submission_runs_to_its_end_and_its_ledger_comes_out_even(rows: RowStore) -> None:
    recorder = Recorder()
    place = Surroundings(
        rows=rows,
        executor=recorder,
        bus=recorder,
        switch=recorder,
        witness=recorder,
        cleaner=recorder,
        recorder=lambda commit: None,
    )
    first = replace(node("a"), upstream=())
    accepted = place.run(submitting.submit(SUBMISSION, (first, node("b")), day=NOW.day, rules=RULES))
    assert isinstance(accepted, submitting.Accepted)
    for name in ("a", "b"):
        place.run(dispatching.dispatch(RUN, now=NOW, rules=RULES))
        attempt = AttemptKey(RUN, name, 1)
        assert recorder.created[-1] == attempt
        place.run(observing.started(Started(attempt)))
        end = Finished(attempt, "succeeded", ((NOW.day, Amount(cpu_ms=4)),))
        for _ in range(2):
            assert place.run(observing.finished(end, now_ms=0, opened=opened))
    place.run(dispatching.dispatch(RUN, now=NOW, rules=RULES))
    submission, row = rows.load([SUBMISSION.key, "account/alpha/2026-11-20"])
    assert isinstance(submission, Submission)
    assert isinstance(row, AccountRow)
    assert (submission.ended, submission.hold, submission.live) == ("succeeded", None, 0)
    assert (row.account.settled, row.account.held, row.account.drawn) == (Amount(cpu_ms=8), NOTHING, NOTHING)
    assert recorder.sent == [Work(RUN)] * 3
    again = place.run(submitting.submit(SUBMISSION, (first, node("b")), day=NOW.day, rules=RULES))
    assert again == submitting.Accepted(submission)

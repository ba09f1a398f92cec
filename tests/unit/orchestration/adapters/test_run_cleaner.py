"""What a run left goes once its ttl is over, all of it and nothing else, whoever dies over it."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import count
from pathlib import Path

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from quantos.errors import LakeError
from quantos.orchestration.adapters.s3_objects import S3Objects
from quantos.orchestration.protocol.rows import Recorded, RunKey
from tests.support.cleared_runs import NOW, Calls, ClearedAccount, Died
from tests.support.faulty_aws import REGION

DUE = RunKey("alpha", "x", 1)
AGAIN, TENTH = RunKey("alpha", "x", 2), RunKey("alpha", "x", 10)
LONG_AGO, LATELY = timedelta(days=8), timedelta(days=7)


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield


@pytest.fixture
def account(tmp_path: Path) -> ClearedAccount:
    made = with_others(tmp_path)
    made.left(DUE, ended=LONG_AGO)
    return made


def with_others(folder: Path) -> ClearedAccount:
    """With runs that are not due, of this team and of others, the next one of the same submission among them."""
    made = ClearedAccount(folder)
    for run in (AGAIN, TENTH, RunKey("alpha", "x-1"), RunKey("alpha1", "x")):
        made.left(run, ended=LATELY, attempts=1)
    made.left(RunKey("beta", "x"), ended=None, attempts=1)
    return made


def gone(before: Mapping[str, object], after: Mapping[str, object]) -> set[str]:
    """Names of what is gone; whatever else there was is as it was, but for the run's row and what waits to be sent."""
    changed = {name for name in before.keys() & after.keys() if before[name] != after[name]}
    assert changed == {f"submission/{DUE} -"}
    assert {name.split("/")[0] for name in after.keys() - before.keys()} <= {"outgoing"}
    return set(before) - set(after)


def test_everything_that_the_run_left_goes_and_nothing_else(account: ClearedAccount) -> None:
    before = account.stands()
    assert account.clear().runs == 1
    names = gone(before, account.stands())
    kinds = {kind: {name for name in names if name.startswith(kind)} for kind in ("workspaces/", "tag q-", "table ")}
    assert {kind: len(found) for kind, found in kinds.items()} == {"workspaces/": 8, "tag q-": 1, "table ": 2}
    assert all(name.startswith(f"workspaces/{DUE}/") for name in kinds["workspaces/"])
    (due,) = names - set().union(*kinds.values())
    assert due.startswith("due/")
    assert due.endswith(f"/{DUE}")
    assert account.row(DUE).cleared_ms == round(NOW.timestamp() * 1000)


def test_it_is_told_by_one_record_of_its_transition(account: ClearedAccount) -> None:
    for _ in range(2):
        account.clear()
    (sent,) = account.bus.messages
    assert isinstance(sent, Recorded)
    assert (sent.record.record_id, sent.record.actor) == (f"submission/{DUE}/3", "sweep")
    assert (sent.record.body["ended"], sent.record.body["cleared"]) == ("failed", True)
    assert sent.record.body["accounts"] == []


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_whoever_dies_at_any_call_leaves_what_the_next_finishes(tmp_path: Path, *, done: bool) -> None:
    account = with_others(tmp_path)
    before, at, died = account.stands(), 0, True
    while died:
        at += 1
        run = RunKey("alpha", f"due-{at}")
        account.left(run, ended=LONG_AGO, attempts=1)
        account.calls, died = Calls(dies_at=at, done=done), False
        try:
            account.clear()
        except Died:
            died = True
        account.calls = Calls()
        account.clear()
        assert account.row(run).cleared_ms is not None
    after = account.stands()
    assert at > 10
    assert {name: thing for name, thing in after.items() if name in before} == before
    more = {name for name in after if name not in before}
    assert not [name for name in more if name.startswith(("workspaces/", "due/", "tag ", "table "))]
    told = {message.record.record_id for message in account.bus.messages if isinstance(message, Recorded)}
    waiting = {name.partition(" audit/")[2] for name in more if name.startswith("outgoing/")}
    assert told | waiting == {f"submission/alpha/due-{number}/1/3" for number in range(1, at + 1)}


def test_a_run_that_cannot_be_cleared_holds_up_no_other_and_is_tried_again(account: ClearedAccount) -> None:
    plain = RunKey("alpha", "plain")
    account.left(plain, ended=LATELY + timedelta(milliseconds=1), statements=False)

    def closed() -> object:
        raise LakeError("the lake is closed", remedy="open it")

    cleared = account.clear(lake=closed)
    assert [run for run, _ in cleared.failures] == [DUE]
    assert (cleared.runs, account.row(DUE).cleared_ms) == (1, None)
    assert account.row(plain).cleared_ms is not None
    assert account.clear().runs == 1
    assert account.row(DUE).cleared_ms is not None


def test_nothing_is_begun_without_time_and_more_than_a_page_goes_page_by_page(account: ClearedAccount) -> None:
    for number in range(1001):
        account.objects.put_once(f"workspaces/{DUE}/train/3/files/{number}", b"")
    assert account.clear(left_seconds=lambda: 0.0).runs == 0
    moments = iter([1.0, 1.0, 0.0])
    assert account.clear(left_seconds=lambda: next(moments)).runs == 0
    assert len(account.objects.keys(f"workspaces/{DUE}/")) == 9
    assert account.row(DUE).cleared_ms is None
    assert account.clear().runs == 1
    assert account.objects.keys(f"workspaces/{DUE}/") == []


NUMBERS = count()
RUNS = st.tuples(st.sampled_from(["a", "a1"]), st.sampled_from(["b", "b-1"]), st.sampled_from(["1", "10", "11"]))
RESTS = st.sampled_from(["log/0", "train/1/files/model", "1"])
TOPS = st.sampled_from(["workspaces", "models"])
KEYS = st.builds(lambda top, run, rest: "/".join((top, *run, rest)), TOPS, RUNS, RESTS)


@pytest.fixture
def client():
    return boto3.client("s3", REGION)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.sets(KEYS, min_size=6, max_size=24), run=RUNS)
def test_what_is_removed_lies_under_the_runs_own_name(client, keys: set[str], run: tuple[str, str, str]) -> None:
    bucket = f"any-{next(NUMBERS)}"
    client.create_bucket(Bucket=bucket)
    objects = S3Objects(client, bucket)
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=b"x")
    folder = ("workspaces", *run)
    assert objects.remove_folder("/".join(folder))
    own = {key for key in keys if tuple(key.split("/")[:4]) == folder}
    assert set(objects.keys("")) == keys - own

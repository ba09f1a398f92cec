"""A sample of the sweep of runs, a planted fault that it must find, and what comes again weeks later."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import boto3
import pytest

from quantos.contracts import topics
from quantos.messaging.ports import Message
from quantos.orchestration.adapters.dynamo_rows import DynamoRows
from quantos.orchestration.adapters.topics import TopicSender
from quantos.orchestration.protocol.rows import RunKey, Submission, submission_key
from sandbox.kill_sweep.moments import single_points
from sandbox.kill_sweep.runs.account import one_partition_each, trial_account
from sandbox.kill_sweep.runs.agreement import chain, write_chain
from sandbox.kill_sweep.runs.story import RUNS, asks
from sandbox.kill_sweep.runs.sweep import tell
from sandbox.kill_sweep.runs.trial import Attempt, tried
from sandbox.kill_sweep.stories.sweep import StorySweep

ROOT = Path(__file__).resolve().parents[2]
SEED = os.environ.get("QUANTOS_SWEEP_SEED", "1906")
POINTS = 12
FORGOTTEN = "before submit: publish audit.records submission/research/steady/1/1 #1"

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]


@pytest.fixture
def in_a_fork() -> Iterator[Callable[[Callable[[], object]], object]]:
    """Calls something in a process of its own: an account changes the environment of whoever opens it."""
    with ProcessPoolExecutor(1, get_context("fork")) as pool:
        yield lambda work: pool.submit(work).result()


def test_a_sample_of_points_of_every_function_and_moment_recovers(tmp_path: Path) -> None:
    """Other points by `QUANTOS_SWEEP_SEED`; every point by `make sweep-runs`."""
    command = [sys.executable, "-m", "sandbox.kill_sweep.runs", "--seed", SEED, "--sample", str(POINTS), "--jobs", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for function in ("dispatch", "runs", "submit", "sweep"):
        assert f"{function:12}  1 before, 1 in, 1 after\n" in done.stdout
    assert f"points        {POINTS} of " in done.stdout
    assert "failures      0\n" in done.stdout


def test_a_message_that_is_forgotten_with_its_sender_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DynamoRows, "outgoing", lambda rows: iter(()))
    with StorySweep(tell, tmp_path, jobs=1) as sweep:
        recorded = sweep.recorded()
        points = single_points(recorded.effects)
        lost = [point for point in points if str(point.first) == FORGOTTEN]
        (verdict,) = sweep.verdicts(lost, recorded)
    assert any("no record of version 1" in failure for failure in verdict.failures), verdict.failures


@pytest.mark.parametrize("weeks", [4, 7], ids=["runs-kept", "runs-cleared"])
def test_everything_that_was_ever_sent_changes_nothing_when_it_comes_weeks_later(
    tmp_path: Path, in_a_fork: Callable[[Callable[[], object]], object], *, weeks: int
) -> None:
    before, after = in_a_fork(partial(_again_weeks_later, tmp_path, weeks=weeks))
    assert before["began"] == 7
    assert before["cleared"] == (0 if weeks == 4 else 3)
    for what in before:
        assert after[what] == before[what], what


def _again_weeks_later(folder: Path, *, weeks: int) -> list[dict[str, object]]:
    standing: list[dict[str, object]] = []

    def afterwards(attempt: Attempt) -> None:
        attempt.account.clock.now += timedelta(weeks=weeks)
        attempt.run()
        standing.append(_standing(attempt))
        _deliver_again(attempt)
        standing.append(_standing(attempt))

    with trial_account(folder) as account:
        tried(account, (), name="again", afterwards=afterwards)
    return standing


def _deliver_again(attempt: Attempt) -> None:
    account, earlier = attempt.account, attempt.account.server.bus
    account.server.bus = one_partition_each()
    attempt.executor.sender = TopicSender(account.server.bus)
    for topic in (*topics.ORCHESTRATION, topics.AUDIT_RECORDS):
        records = earlier.records(topic)
        assert records
        account.server.bus.publish([Message(topic, record.key.decode(), record.value) for record in records])
    attempt.waiting = [replace(ask, once=None) for ask in asks()]
    attempt.run()


def _standing(attempt: Attempt) -> dict[str, object]:
    account = attempt.account
    write_chain(attempt.composed, account.server.bus)
    names = account.settings.names()
    items = boto3.client("dynamodb").scan(TableName=names.orchestration_table)["Items"]
    objects = boto3.client("s3").list_objects_v2(Bucket=names.bucket("artifacts"))["Contents"]
    return {
        "rows": sorted(map(str, items)),
        "objects": [(item["Key"], item["ETag"], item["LastModified"]) for item in objects],
        "cleared": sum(map(partial(_is_cleared, attempt), RUNS)),
        "began": sum(attempt.executor.began.values()),
        "chain": Counter(record.kind for record in chain(attempt.composed)),
    }


def _is_cleared(attempt: Attempt, run: RunKey) -> bool:
    (row,) = attempt.composed.rows.load([submission_key(run)])
    assert isinstance(row, Submission)
    assert row.cleared_ms is None or not attempt.composed.objects.keys(f"workspaces/{run}/")
    return row.cleared_ms is not None

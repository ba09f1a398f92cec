"""Many processes against one budget, killed at random: `python -m tests.support.budget_race ENDPOINT FOLDER SEED`.

Eight workers submit two hundred runs to a DynamoDB at ENDPOINT, some of them the same ones, dispatch whatever is there,
and act as the executor that ends attempts. Workers are killed by SIGKILL and replaced until all has been submitted and
enough were killed. Then one process finishes what was left, and what was seen is printed as JSON.
"""

import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from quantos.contracts.audit import AuditRecord
from quantos.orchestration.adapters.dynamo_rows import DynamoRows
from quantos.orchestration.evidence.balances import balances, movement
from quantos.orchestration.evidence.transitions import moved
from quantos.orchestration.ledger.accounts import Account
from quantos.orchestration.ledger.amounts import NOTHING, Amount
from quantos.orchestration.protocol import observing, submitting
from quantos.orchestration.protocol.dispatching import dispatch
from quantos.orchestration.protocol.effects import Write
from quantos.orchestration.protocol.rows import (
    AccountRow,
    Finished,
    Identity,
    Message,
    Node,
    Recorded,
    Row,
    RunKey,
    Started,
    Submission,
    account_key,
    identity_key,
    submission_key,
)
from quantos.orchestration.protocol.running import Surroundings
from quantos.orchestration.protocol.steps import Now
from quantos.orchestration.sweeping import Sweep
from sandbox.execution.attempts import Attempt, Attempts
from tests.support.runs import node, rules, submission

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TEAM, DAY, CHAIN = "alpha", "2026-11-20", "race"
SUBMISSIONS, WORKERS, SHARED = 200, 8, 40
ESTIMATE, BUDGET, SPENT = 100, 8_000, 4_000
KILLS = 40
NOW = Now(DAY, 1_795_176_000_000)
TABLE = "orchestration"
OPENED = Account(team=TEAM, day=DAY, budget=Amount(cpu_ms=BUDGET), settled=Amount(cpu_ms=SPENT))
RULES = rules(lambda team, day: OPENED if day == DAY else Account(team=team, day=day, budget=Amount(cpu_ms=BUDGET)))


@dataclass
class CountedRows:
    """Rows whose refused commits are counted in a file."""

    rows: DynamoRows
    tally: Path

    def load(self, keys: Sequence[str]) -> tuple[Row | None, ...]:
        return self.rows.load(keys)

    def load_nodes(self, run: RunKey, digest: str) -> tuple[Node, ...]:
        return self.rows.load_nodes(run, digest)

    def put_nodes(self, nodes: Sequence[Node]) -> None:
        self.rows.put_nodes(nodes)

    def commit(self, writes: Sequence[Write], removes: Sequence[Row]) -> bool:
        written = self.rows.commit(writes, removes)
        if writes:
            note(self.tally, "committed" if written else "refused")
        return written


@dataclass
class Folder:
    """What outlives workers: records that were sent, and tallies; bus, switch and witness of the race."""

    path: Path

    def send(self, message: Message) -> None:
        if isinstance(message, Recorded):
            note(self.path / "records.jsonl", message.record.to_json().decode())

    def paused(self) -> bool:
        return False

    def tell(self, message: object, submission: Submission) -> None:
        """Nobody listens."""

    def clear(self, submission: Submission, attempts: object) -> bool:
        raise AssertionError(submission.run)


@dataclass
class Worker:
    """One process of the race."""

    endpoint: str
    folder: Path

    def __post_init__(self) -> None:
        self.rows = DynamoRows(client=client(self.endpoint), table=TABLE)
        self.attempts = Attempts(self.folder / "attempts.sqlite")
        counted, outside = CountedRows(self.rows, self.folder / "commits.txt"), Folder(self.folder)
        self.surroundings = Surroundings(
            rows=counted,
            executor=self.attempts,
            bus=outside,
            switch=outside,
            witness=outside,
            cleaner=outside,
            recorder=lambda commit: moved(commit, actor="dispatch", at=datetime.now(UTC), chain=CHAIN),
        )

    def submit(self, number: int) -> None:
        """Submit a run until it is answered."""
        run = RunKey(TEAM, f"run-{number}")
        amount = Amount(cpu_ms=ESTIMATE)
        asked = submission(run=run, digest=f"digest-{number}", estimate=amount, cap=Amount(cpu_ms=2 * ESTIMATE))
        nodes = (node("a", run=run, digest=asked.digest, expected_ms=ESTIMATE, max_attempts=2),)
        answer: submitting.Answer = submitting.Contended()
        while isinstance(answer, submitting.Contended):
            answer = self.surroundings.run(submitting.submit(asked, nodes, day=DAY, rules=RULES))
            note(self.folder / "answers.txt", type(answer).__name__)

    def dispatch(self, number: int) -> None:
        """Do for a run what can be done."""
        self.surroundings.run(dispatch(RunKey(TEAM, f"run-{number}"), now=NOW, rules=RULES))

    def finish(self, attempt: Attempt, rng: Random) -> None:
        """End an attempt where it runs, and have its end taken in: some use less than they drew, some more."""
        if attempt.finished is None and attempt.order is not None:
            self.surroundings.run(observing.started(Started(attempt.key, NOW.milliseconds)))
            used = Amount(cpu_ms=rng.randrange(ESTIMATE // 2, ESTIMATE * 5 // 4))
            end = "failure" if rng.random() < 0.2 else "succeeded"
            self.attempts.ended(attempt, Finished(attempt.key, end, used=((DAY, used),), ended_ms=NOW.milliseconds))
            return
        if attempt.state == "acknowledged" and rng.random() < 0.5:
            self.attempts.cleaned(attempt)
        elif attempt.finished is not None:
            step = observing.finished(attempt.finished, now_ms=NOW.milliseconds, opened=RULES.opened)
            note(self.folder / "answers.txt", "settled" if self.surroundings.run(step) else "to come again")

    def race(self, numbers: Sequence[int], *, seed: str) -> None:
        """Submit the runs of some numbers, and in between whatever else there is to do."""
        rng = Random(seed)
        order = rng.sample(numbers, len(numbers))
        for number in order:
            self.submit(number)
            self.dispatch(rng.choice(order))
            waiting = self.attempts.open()
            for attempt in rng.sample(waiting, min(2, len(waiting))):
                self.finish(attempt, rng)

    def settle(self) -> None:
        """Finish everything that can be finished."""
        rng = Random("settle")
        while True:
            sweep = Sweep(
                rows=self.rows,
                index=self.rows,
                surroundings=self.surroundings,
                rules=RULES,
                now=lambda: replace(NOW, milliseconds=NOW.milliseconds + 3_600_000),
                left_seconds=lambda: 60.0,
            )
            sweep.run()
            waiting = self.attempts.open()
            if not any(attempt.state != "acknowledged" for attempt in waiting):
                return
            for attempt in waiting:
                self.finish(attempt, rng)


def note(file: Path, line: str) -> None:
    """Append a line in one write, which whoever is killed has written or not."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


def client(endpoint: str) -> "DynamoDBClient":
    """A client of the race's table."""
    return boto3.client(
        "dynamodb",
        "us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "max_attempts": 3}, read_timeout=30),
    )


def numbers_of(worker: int) -> list[int]:
    """The runs that a worker submits: its own, and those that everybody submits."""
    return [number for number in range(SUBMISSIONS) if number < SHARED or number % WORKERS == worker]


def raced(endpoint: str, folder: Path, *, seed: int) -> int:
    """Start workers, kill and replace them, and return how many were killed."""
    rng, context = Random(seed), get_context("fork")
    kills, lives = 0, Counter[int]()

    def start(worker: int) -> BaseProcess:
        lives[worker] += 1
        started = context.Process(target=_work, args=(endpoint, folder, worker, f"{seed}/{worker}/{lives[worker]}"))
        started.start()
        return started

    workers = {worker: start(worker) for worker in range(WORKERS)}
    while workers:
        time.sleep(rng.uniform(0.02, 0.3))
        for worker in [each for each, process in workers.items() if process.exitcode is not None]:
            process = workers.pop(worker)
            if process.exitcode != 0:
                workers[worker] = start(worker)
        if workers and kills < KILLS:
            process = workers[rng.choice(sorted(workers))]
            if process.exitcode is None and process.pid is not None:
                os.kill(process.pid, signal.SIGKILL)
                process.join()
                kills += 1
    return kills


def _work(endpoint: str, folder: Path, worker: int, seed: str) -> None:
    Worker(endpoint, folder).race(numbers_of(worker), seed=seed)


def faults(worker: Worker) -> Iterator[str]:
    """What does not hold at the end."""
    lines = (worker.folder / "records.jsonl").read_text().splitlines()
    records = [AuditRecord.model_validate_json(line) for line in lines]
    recorded = balances(records)
    yield from recorded.faults
    for record in records:
        change = movement(record)
        for row in () if change is None else change.accounts:
            account = row.account
            if not (account.held + account.drawn + account.settled + account.owed).within(
                account.budget + account.debt
            ):
                yield f"version {row.version} of {account.team}/{account.day} is overdrawn: {account}"
    for (team, day), account in recorded.accounts.items():
        (row,) = worker.rows.load([account_key(team, day)])
        if not isinstance(row, AccountRow) or row.account != account:
            yield f"{team}/{day} is {row}, and records tell {account}"
    yield from (f"a message waits: {row.id}" for row in worker.rows.outgoing())
    yield from _run_faults(worker, recorded.accounts[TEAM, DAY])


def _run_faults(worker: Worker, account: Account) -> Iterator[str]:
    runs = [RunKey(TEAM, f"run-{number}") for number in range(SUBMISSIONS)]
    rows = worker.rows.load([submission_key(run) for run in runs])
    submissions = [row for row in rows if isinstance(row, Submission)]
    identities = worker.rows.load([identity_key(TEAM, run.submission_id) for run in runs])
    if len(submissions) != SUBMISSIONS or not all(isinstance(row, Identity) for row in identities):
        yield f"{len(submissions)} of {SUBMISSIONS} submissions are there"
    listed = worker.rows.runs_of(TEAM, before="", most=10 * SUBMISSIONS)
    if sorted(str(run) for run, _ in listed) != sorted(map(str, runs)):
        yield f"{len(listed)} runs are listed"
    still_open = {row.run for row in submissions if row.ended is None}
    if set(worker.rows.open_runs()) != still_open:
        yield "the open runs are not those that have not ended"
    held = sum((row.hold.left for row in submissions if row.hold is not None), NOTHING)
    used = sum((row.used for row in submissions), NOTHING)
    if account.held != held or account.drawn != NOTHING:
        yield f"the account holds {account.held} and has drawn {account.drawn}, the runs hold {held}"
    if account.settled != used + Amount(cpu_ms=SPENT):
        yield f"{account.settled} is settled, and {used} was used"


def main(endpoint: str, folder: str, seed: str) -> None:
    """Race, finish, look."""
    started = time.monotonic()
    client(endpoint).create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    kills = raced(endpoint, Path(folder), seed=int(seed))
    seconds = time.monotonic() - started
    worker = Worker(endpoint, Path(folder))
    worker.settle()
    tallies = Counter((Path(folder) / "commits.txt").read_text().split("\n")[:-1])
    answers = Counter((Path(folder) / "answers.txt").read_text().split("\n")[:-1])
    ended = Counter(
        "waits" if row.ended is None else row.ended
        for row in worker.rows.load([submission_key(RunKey(TEAM, f"run-{each}")) for each in range(SUBMISSIONS)])
        if isinstance(row, Submission)
    )
    (account,) = worker.rows.load([account_key(TEAM, DAY)])
    seen = {"kills": kills, "commits": tallies, "answers": answers, "runs": ended, "seconds": round(seconds, 1)}
    stated = asdict(account.account) if isinstance(account, AccountRow) else None
    sys.stdout.write(json.dumps({**seen, "account": stated, "faults": list(faults(worker))}))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Random histories of the protocol: handlers asked in any order, some cut off, and every commit that was made."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from quantos.contracts.audit import AuditRecord
from quantos.contracts.dag.spec import Requests
from quantos.orchestration.evidence.transitions import moved
from quantos.orchestration.ledger.accounts import Account
from quantos.orchestration.ledger.amounts import Amount
from quantos.orchestration.protocol import clearing, dispatching, observing, submitting
from quantos.orchestration.protocol import effects as fx
from quantos.orchestration.protocol.rows import (
    DAY_MS,
    AccountRow,
    AttemptKey,
    Finished,
    Node,
    RunKey,
    Started,
    Submission,
)
from quantos.orchestration.protocol.steps import Now
from tests.support.exploration import World, done
from tests.support.runs import rules, terms

DAYS = ("2026-11-29", "2026-11-30", "2026-12-01")
START = datetime(2026, 11, 29, 12, tzinfo=UTC)
NAMES = ("x", "y", "z")
ENDS = ("succeeded", "failure", "preempted", "infrastructure", "unknown")


def opened(team: str, day: str) -> Account:
    return Account(team=team, day=day, budget=Amount(cpu_ms=20, gpu_ms=3, io_bytes=5))


RULES = rules(opened)


@dataclass
class History:
    """A world, and the record of each commit that was made in it."""

    world: World = field(default_factory=World)
    records: list[AuditRecord] = field(default_factory=list)

    def accounts(self) -> dict[tuple[str, str], Account]:
        rows = [row.account for _, row in self.world.rows if isinstance(row, AccountRow)]
        return {(account.team, account.day): account for account in rows}

    def run(self, steps: fx.Steps[object], *, most: int, now: Now) -> None:
        """Do a handler's effects, `most` of them; then it is gone."""
        answer: object = None
        for _ in range(most):
            try:
                effect = steps.send(answer)
            except StopIteration:
                return
            if isinstance(effect, fx.Send | fx.AskPaused):
                answer = False
                continue
            answer, self.world = done(self.world, effect) if not self._unread(effect) else (False, self.world)
            if isinstance(effect, fx.Commit) and answer:
                at = START + timedelta(milliseconds=now.milliseconds)
                record = moved(effect, actor="dispatch", at=at, chain="dev")
                self.records += [record] if record is not None else []

    def _unread(self, effect: fx.Effect) -> bool:
        """Whether it only takes a message off that was sent, which a world keeps nowhere."""
        return isinstance(effect, fx.Commit) and not effect.writes


def submission(name: str) -> tuple[Submission, tuple[Node, ...]]:
    run = RunKey("beta" if name == "z" else "alpha", name)
    requests = Requests(cpu="1", mem="1Gi", gpu=0)
    nodes = tuple(
        Node(run=run, digest=name, id=node, upstream=before, requests=requests, expected_ms=4, max_attempts=2)
        for node, before in (("a", ()), ("b", ("a",)))
    )
    row = Submission(
        run=run,
        digest=name,
        terms=terms(pipeline_id=f"p{name}"),
        estimate=Amount(cpu_ms=8),
        cap=Amount(cpu_ms=12),
    )
    return row, nodes


def _ends(history: History, attempt: AttemptKey, *, end: str, use: Amount, now: Now) -> fx.Steps[object]:
    history.world = history.world.with_job(attempt, end)
    message = Finished(attempt, end, ((now.day, use),), started_ms=0, ended_ms=now.milliseconds)
    return observing.finished(message, now_ms=now.milliseconds, opened=opened)


def _handler(draw: st.DrawFn, history: History, now: Now) -> fx.Steps[object] | None:
    runs = sorted({row.run for _, row in history.world.rows if isinstance(row, Submission)})
    running = sorted(attempt for attempt, job in history.world.jobs if job == "running")
    action = draw(st.sampled_from(["submit", "work", "work", "work", "started", "end", "end", "cancel", "clear"]))
    if action == "submit":
        row, nodes = submission(draw(st.sampled_from(NAMES)))
        return submitting.submit(row, nodes, day=now.day, rules=RULES)
    if action == "work" and runs:
        return dispatching.dispatch(draw(st.sampled_from(runs)), now=now, rules=RULES)
    if action == "clear" and runs:
        return clearing.clear(draw(st.sampled_from(runs)), now_ms=now.milliseconds + 40 * DAY_MS)
    if action == "cancel" and runs:
        return submitting.ask_to_end(draw(st.sampled_from(runs)), "cancelled")
    if action == "started" and running:
        return observing.started(Started(draw(st.sampled_from(running))))
    if action == "end" and running:
        use = draw(st.builds(Amount, cpu_ms=st.integers(0, 30), gpu_ms=st.integers(0, 4), io_bytes=st.integers(0, 9)))
        end = draw(st.sampled_from(ENDS))
        return _ends(history, draw(st.sampled_from(running)), end=end, use=use, now=now)
    return None


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Up to forty handlers over three days, one in four of them cut off somewhere."""
    history = History()
    for number, day in _moments(draw):
        now = Now(day, number * 3_600_000)
        handler = _handler(draw, history, now)
        if handler is not None:
            most = draw(st.one_of(st.just(10_000), st.just(10_000), st.just(10_000), st.integers(0, 12)))
            history.run(handler, most=most, now=now)
    return history


def _moments(draw: st.DrawFn) -> Iterator[tuple[int, str]]:
    count = draw(st.integers(1, 40))
    for number in range(count):
        yield number, DAYS[number * len(DAYS) // count]

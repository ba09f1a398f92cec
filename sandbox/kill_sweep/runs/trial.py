"""One trial: the story, one call of it killed at a moment, and the time after it until everything is at rest."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Final

from lambdas import runtime
from lambdas.dispatch import handler as dispatch
from lambdas.orchestration import Composed, compose
from lambdas.runs import handler as runs
from lambdas.submit import handler as submit
from lambdas.sweep import handler as sweep
from quantos.contracts import topics
from quantos.environment.functions import DISPATCH, RUNS, SUBMIT, SWEEP, function_table
from quantos.environment.settings.functions import FunctionName
from quantos.messaging.adapters.record import StoredRecord
from quantos.orchestration.adapters.topics import TopicSender
from quantos.orchestration.lineage.delivery import Undelivered
from quantos.orchestration.protocol.effects import Write
from quantos.orchestration.protocol.rows import AttemptKey, Outgoing, RunKey, Submission, Work, submission_key
from sandbox.api.gateway import Gateway
from sandbox.api.requests import HttpRequest
from sandbox.api.tokens import open_issuer
from sandbox.errors import SandboxError
from sandbox.events.events import Account, Event, local_context, msk_event
from sandbox.events.loop import load_functions
from sandbox.kill_sweep.account_gate import GROUP
from sandbox.kill_sweep.moments import Effect, Moment
from sandbox.kill_sweep.runs.account import TrialAccount
from sandbox.kill_sweep.runs.agreement import Facts, differences, facts, untrue
from sandbox.kill_sweep.runs.calls import Calls
from sandbox.kill_sweep.runs.executor import StoryExecutor
from sandbox.kill_sweep.runs.story import RUNS as STORY_RUNS
from sandbox.kill_sweep.runs.story import SUBJECT, TEAM, Ask, asks

MOST_ROUNDS: Final = 120
"""Within so many rounds everything has to be at rest."""

MOST_ASKED: Final = 5
SCOPES: Final = ("orch:submit", "orch:read", "orch:approve")
HANDLERS: Final = {DISPATCH: dispatch.handler, RUNS: runs.handler, SWEEP: sweep.handler}
STREAMS: Final[dict[str, FunctionName]] = {topics.ORCH_JOBS: DISPATCH, topics.ORCH_EVENTS: RUNS}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How a trial went.

    Attributes:
        effects: all that passed where nobody was to be killed.
        hit: the moments that came, in order.
        facts: how everything stood at rest.
        problems: what was not as it has to be.
    """

    effects: tuple[Effect, ...]
    hit: tuple[Moment, ...]
    facts: Facts
    problems: tuple[str, ...]
    seconds: float

    def faults(self, standing: "Trial") -> Iterator[str]:
        """What is untrue, and what stands otherwise than in the story that nobody killed."""
        yield from self.problems
        yield from differences(standing.facts, self.facts)


@dataclass
class Attempt:
    """A trial under way."""

    account: TrialAccount
    calls: Calls
    composed: Composed
    executor: StoryExecutor
    gateway: Gateway
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    waiting: list[Ask] = field(default_factory=lambda: list(asks()))
    asked: int = 0

    def run(self) -> None:
        """Go on until everything is at rest. Raises SandboxError where it never is."""
        for _ in range(MOST_ROUNDS):
            if not self._round():
                self.account.clock.now += timedelta(minutes=1)
                self._call_sweep()
                if self._at_rest():
                    return
        raise SandboxError(f"not at rest after {MOST_ROUNDS} rounds", remedy="see what it waits for")

    def _round(self) -> bool:
        """Let people ask, the functions take what is on the bus and the executor step; False where nobody asked and
        nothing was taken.
        """
        asked = self._ask()
        taken = [self._deliver(topic) for topic in STREAMS]
        ordered = self._order()
        self.account.clock.now += timedelta(seconds=10)
        self.executor.step(now_ms=self.account.clock.milliseconds)
        return asked or ordered or any(taken)

    def _ask(self) -> bool:
        if not self.waiting or not (self.asked or self._due(self.waiting[0])):
            return False
        ask = self.waiting[0]
        answer = self.calls.call(SUBMIT, lambda: self.answer("POST", ask.target, ask.body))
        self.asked += 1
        if answer is not None and answer[0] == HTTPStatus.CONFLICT:
            answer = self.answer("GET", f"/api/orch/status/{ask.submission_id}")
        if answer is None and self.asked < MOST_ASKED:
            return True
        if answer is None or answer[0] not in {HTTPStatus.OK, HTTPStatus.ACCEPTED}:
            raise SandboxError(f"{ask.target} is answered {answer}", remedy="see the trial's log")
        self.answers.append(answer)
        del self.waiting[0]
        self.asked = 0
        return True

    def answer(self, method: str, target: str, body: bytes = b"") -> tuple[int, bytes]:
        """What the API answers to a person of the team."""
        token = self.gateway.issuer.token(TEAM, SUBJECT, scopes=SCOPES)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        request = HttpRequest(method=method, target=target, headers=headers, body=body, source="127.0.0.1")
        answer = self.gateway.answer(request)
        return answer.status, answer.body

    def _due(self, ask: Ask) -> bool:
        if isinstance(ask.once, AttemptKey):
            return self.executor.runs(ask.once)
        return ask.once is None or self.ended(ask.once)

    def ended(self, run: RunKey) -> bool:
        """Whether a run has ended."""
        (row,) = self.composed.rows.load([submission_key(run)])
        return isinstance(row, Submission) and row.ended is not None

    def _deliver(self, topic: str) -> bool:
        records = self._pending(topic)
        if not records:
            return False
        event = msk_event(records, account=self.gateway.account, bootstrap_servers="memory:0")
        if self._call(STREAMS[topic], event) is not None:
            self._commit(records)
        return True

    def _order(self) -> bool:
        records = self._pending(topics.ORCH_ATTEMPTS)
        for record in records:
            self.executor.take(record.value, now_ms=self.account.clock.milliseconds)
        self._commit(records)
        return bool(records)

    def _call_sweep(self) -> None:
        self._call(SWEEP, {})

    def _call(self, function: FunctionName, event: Event) -> tuple[int, bytes] | None:
        context = local_context(function, account=self.gateway.account, invocation=1, timeout_seconds=60)

        def work() -> tuple[int, bytes]:
            HANDLERS[function](event, context.as_lambda_context())
            return 0, b""

        return self.calls.call(function, work)

    def _pending(self, topic: str) -> Sequence[StoredRecord]:
        bus = self.account.server.bus
        return bus.read(topic, 0, offset=bus.committed(GROUP, topic, partition=0), limit=100)

    def _commit(self, records: Sequence[StoredRecord]) -> None:
        if records:
            self.account.server.bus.commit(GROUP, records[-1].topic, partition=0, offset=records[-1].offset + 1)

    def _at_rest(self) -> bool:
        pending = any(self._pending(topic) for topic in topics.ORCHESTRATION)
        rows = self.composed.rows
        return not (self.waiting or pending or any(rows.open_runs()) or any(rows.outgoing())) and self.executor.idle


def begun(account: TrialAccount, moments: Sequence[Moment], *, folder: Path) -> Attempt:
    """A trial of the emptied account, about to begin; a message waits that somebody left."""
    account.empty()
    folder.mkdir(parents=True)
    composed = compose(runtime.current(), function=SWEEP, report=_unheard)
    where = Account(environment="dev", account_id=account.settings.account_id, region=account.settings.region)
    (function,) = load_functions(spec for spec in function_table(account.settings) if spec.name == SUBMIT)
    gateway = Gateway(
        functions={SUBMIT: function},
        issuer=open_issuer(account.folder, account.settings.api),
        account=where,
        clock=account.clock,
    )
    for module in (submit, dispatch, runs, sweep):
        module.service()
    executor = StoryExecutor(composed.objects, TopicSender(account.server.bus))
    composed.rows.commit([Write(Outgoing(id="left", message=Work(STORY_RUNS[0])), new=True)], ())
    return Attempt(account, Calls(account.server, moments, folder=folder), composed, executor, gateway)


def tried(
    account: TrialAccount,
    moments: Sequence[Moment],
    *,
    name: str,
    afterwards: Callable[[Attempt], None] | None = None,
) -> Trial:
    """Tell the story and kill at each moment; `afterwards` goes on with what is at rest. Raises SandboxError."""
    started = time.monotonic()
    attempt = begun(account, moments, folder=account.folder / name)
    attempt.run()
    if afterwards is not None:
        afterwards(attempt)
    standing = facts(attempt.composed, attempt.executor, bus=account.server.bus, answers=attempt.answers)
    return Trial(
        effects=attempt.calls.effects,
        hit=tuple(attempt.calls.hit),
        facts=standing,
        problems=tuple(untrue(attempt.composed, attempt.executor, standing)),
        seconds=time.monotonic() - started,
    )


def _unheard(undelivered: Undelivered) -> None:
    raise SandboxError(f"lineage was not delivered: {undelivered}", remedy="the trial has no transports")

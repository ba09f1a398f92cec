"""Runs a machine's attempts, each at most once, and tells what becomes of them until that is acknowledged.

One process at a time steps. It may be killed between any two of its effects: whoever steps next finds in the attempts'
file and folders what there is left to do.
"""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from quantos.deployment.holders import ProcessTable
from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.messages import encode
from quantos.orchestration.attempt.folder import AttemptFolder, Claim, Exit, folder_of
from quantos.orchestration.execution.classify import End, ExitFacts, classify
from quantos.orchestration.execution.usage import used_by_day
from quantos.orchestration.execution.words import bounded
from quantos.orchestration.protocol.effects import Acknowledge, Create, Stop
from quantos.orchestration.protocol.ports import Sender
from quantos.orchestration.protocol.rows import Finished, Order, Started
from sandbox.execution.attempts import Attempt, Attempts
from sandbox.execution.machine import Machine, room_of
from sandbox.execution.workers import Workers, end_session

RESEND_MS: Final = 5_000
STOP_GRACE_MS: Final = 20_000
"""How long a worker has to end its program, and to keep its log, before all of it is killed."""

MOST_TRIES: Final = 3
_LOGGER: Final = logging.getLogger(__name__)


class Archive(Protocol):
    """Where logs of attempts are kept."""

    def finish_log(self, name: str, *, log: Path, end: End) -> None:
        """Keep what is not yet kept of a log, and how its attempt ended. Key: the attempt."""
        ...


class Leftovers(Protocol):
    """What an attempt may leave on an engine that runs on without its worker."""

    def end(self, name: str) -> None:
        """End all of it, where there is any. Key: the attempt."""
        ...


@dataclass(frozen=True, kw_only=True)
class Supervisor:
    """One machine's.

    Attributes:
        state: the executor's folder.
    """

    attempts: Attempts
    state: Path
    machine: Machine
    workers: Workers
    processes: ProcessTable
    sender: Sender
    archive: Archive
    leftovers: Leftovers
    _seen_ms: dict[str, int] = field(default_factory=dict)
    """When the worker of an attempt was last seen alive, by the attempt's name: its program can write no lower."""

    def take(self, message: Create | Stop | Acknowledge) -> None:
        """Keep what is asked of an attempt. Key: the attempt, whose name is remembered for good."""
        match message:
            case Create(order):
                self.attempts.create(order)
            case Stop(attempt):
                self.attempts.stop(attempt)
            case Acknowledge(attempt):
                self.attempts.acknowledge(attempt)

    def holds(self) -> bool:
        """Never: what was taken is in the attempts' file."""
        return False

    def step(self, *, now_ms: int) -> None:
        """Do what can be done now: see what has ended, start what there is room for, tell what is to be told.

        An attempt with which one cannot go on now, such as for a bucket that does not answer, holds up no other.
        """
        for attempt in self.attempts.open():
            if attempt.order is not None and attempt.state in {"starting", "running", "acknowledged"}:
                try:
                    self._go_on(attempt, attempt.order, now_ms=now_ms)
                except OrchestrationError as error:
                    _LOGGER.warning("%s is gone on with later: %s", attempt.name, error.what)
        self._start_waiting(now_ms=now_ms)
        for attempt in self.attempts.open():
            self._send(attempt, now_ms=now_ms)

    def end_all(self) -> None:
        """Kill every worker with all that it started: the machine is taken down."""
        for attempt in self.attempts.open():
            self._kill(attempt)

    def _go_on(self, attempt: Attempt, order: Order, *, now_ms: int) -> None:
        folder = folder_of(self.state, attempt.name)
        if attempt.stop and attempt.state != "acknowledged" and folder.path.exists():
            folder.ask_to_stop(now_ms=now_ms)
        if attempt.state == "starting":
            self._start(attempt, folder, order, now_ms=now_ms)
        elif attempt.state == "running":
            self._watch(attempt, folder, order, now_ms=now_ms)
        else:
            self._clean(attempt, folder)

    def _start_waiting(self, *, now_ms: int) -> None:
        open_attempts = self.attempts.open()
        taken = [room_of(each.order.node.requests) for each in open_attempts if each.order and _takes_room(each)]
        for attempt in open_attempts:
            if attempt.state != "waiting" or attempt.order is None:
                continue
            wanted = room_of(attempt.order.node.requests)
            if not wanted.within(self.machine.room):
                self._never(attempt, f"asks for more than this machine has: {wanted}")
            elif not self.machine.has_room(wanted, taken=taken):
                return
            elif self.attempts.starting(attempt):
                taken.append(wanted)
                self._start(attempt, folder_of(self.state, attempt.name), attempt.order, now_ms=now_ms)

    def _start(self, attempt: Attempt, folder: AttemptFolder, order: Order, *, now_ms: int) -> None:
        """See to it that one worker has it. One that comes late, of an earlier supervisor, finds it claimed."""
        folder.prepare(encode(Create(order)).value)
        if folder.claimed() is not None:
            self.attempts.running(attempt)
        elif not self.workers.on_the_way(folder):
            if self.workers.tries(folder) < MOST_TRIES:
                self.workers.start(folder)
            elif folder.claim(Claim(process=None, at_ms=now_ms)):
                self._never(attempt, f"its worker did not start: {_last_line(folder.log)}")

    def _watch(self, attempt: Attempt, folder: AttemptFolder, order: Order, *, now_ms: int) -> None:
        claim = folder.claimed()
        if claim is None or claim.process is None:
            self._never(attempt, "its folder is gone")
            return
        gone = self.processes.gone(claim.process)
        if not gone:
            self._seen_ms[attempt.name] = now_ms
        outcome = folder.exited() or (self._vanished(attempt, folder, claim, now_ms=now_ms) if gone else None)
        asked_ms = folder.stop_asked_ms()
        if outcome is not None:
            self._kill(attempt)
            self.archive.finish_log(attempt.name, log=folder.log, end=outcome.end)
            self.attempts.ended(attempt, _finished(attempt, order, outcome))
        elif asked_ms is not None and now_ms - asked_ms > STOP_GRACE_MS:
            self._kill(attempt)

    def _vanished(self, attempt: Attempt, folder: AttemptFolder, claim: Claim, *, now_ms: int) -> Exit:
        """How an attempt ended whose worker is gone without a word.

        Its last beat is believed between when it was seen here and now: a program can set the time of any file.
        """
        facts = ExitFacts(lost="the process that ran it is gone", stopped=attempt.stop)
        end, detail = classify(facts)
        seen_ms = self._seen_ms.get(attempt.name, claim.at_ms)
        until_ms = max(claim.at_ms, min(now_ms, max(seen_ms, folder.last_beat_ms())))
        return Exit(end=end, detail=detail, evidence="", started_ms=claim.at_ms, ended_ms=until_ms)

    def _never(self, attempt: Attempt, why: str) -> None:
        """It did not run, and never will."""
        self.attempts.ended(attempt, Finished(attempt.key, "infrastructure", detail=bounded(why)))

    def _kill(self, attempt: Attempt) -> None:
        folder = folder_of(self.state, attempt.name)
        claim = folder.claimed()
        if claim is not None and claim.process is not None:
            try:
                self.leftovers.end(attempt.name)
            finally:
                end_session(claim.process, folder)

    def _clean(self, attempt: Attempt, folder: AttemptFolder) -> None:
        self.workers.forget(folder)
        self._seen_ms.pop(attempt.name, None)
        folder.remove()
        self.attempts.cleaned(attempt)

    def _send(self, attempt: Attempt, *, now_ms: int) -> None:
        claim = folder_of(self.state, attempt.name).claimed() if attempt.state == "running" else None
        if claim is not None and not attempt.heard_start:
            self.sender.send(Started(attempt.key, claim.at_ms))
            self.attempts.sent_start(attempt)
        due = attempt.sent_ms is None or now_ms - attempt.sent_ms >= RESEND_MS
        if attempt.state == "ended" and attempt.finished is not None and due:
            self.sender.send(attempt.finished)
            self.attempts.sent_end(attempt, now_ms=now_ms)


def _takes_room(attempt: Attempt) -> bool:
    return attempt.state in {"starting", "running"}


def _finished(attempt: Attempt, order: Order, outcome: Exit) -> Finished:
    times = {"started_ms": outcome.started_ms, "ended_ms": outcome.ended_ms}
    return Finished(
        attempt.key,
        outcome.end,
        used=used_by_day(order.node.requests, **times, io_bytes=outcome.io_bytes),
        started_ms=outcome.started_ms,
        ended_ms=outcome.ended_ms,
        detail=bounded(outcome.detail),
        evidence=bounded(outcome.evidence),
    )


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing"

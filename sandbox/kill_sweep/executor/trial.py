"""One trial: the story told to a real executor, processes killed at moments, until everything is at rest."""

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import recv_handle
from pathlib import Path
from typing import Final

from quantos.contracts import topics
from quantos.deployment.adapters.processes import descendants
from quantos.orchestration.adapters.messages import decode, encode
from quantos.orchestration.adapters.s3_logs import part_key
from quantos.orchestration.attempt.folder import AttemptFolder, folder_of
from quantos.orchestration.protocol.effects import Acknowledge, Create, Stop
from quantos.orchestration.protocol.rows import Finished, Started
from sandbox.errors import SandboxError
from sandbox.execution.place import Place
from sandbox.kill_sweep.account_gate import GROUP
from sandbox.kill_sweep.engine_gate import has_ended
from sandbox.kill_sweep.executor.account import BUCKET, Requests, StoryAccount
from sandbox.kill_sweep.executor.agreement import untrue
from sandbox.kill_sweep.executor.process import Post, serve
from sandbox.kill_sweep.executor.steps import BEAT
from sandbox.kill_sweep.executor.story import (
    FAILS,
    GO,
    KEYS,
    LONG,
    MACHINE,
    NEVER,
    NODES,
    OK,
    PROGRAMS,
    WAITS,
    first_orders,
)
from sandbox.kill_sweep.executor.watch import EXECUTOR, Watch, kill_process
from sandbox.kill_sweep.moments import Effect, Moment
from sandbox.kill_sweep.stories.gate import MomentsGate

MOST_SECONDS: Final = 120.0
PAUSE_SECONDS: Final = 0.05
QUIET_LOOKS: Final = 3
"""So often the executor has to look for orders with nothing left to do."""

FIRST: Final = 1


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How a trial went.

    Attributes:
        effects: all that passed.
        hit: the moments that came.
        problems: what was not as it has to be.
    """

    effects: tuple[Effect, ...]
    hit: tuple[Moment, ...]
    problems: tuple[str, ...]
    seconds: float

    def faults(self, _standing: "Trial") -> Iterator[str]:
        """What is untrue."""
        yield from self.problems


@dataclass
class Telling:
    """A trial under way."""

    account: StoryAccount
    folder: Path
    moments: list[Moment]
    gates: list[MomentsGate] = field(default_factory=list)
    heard: list[Started | Finished] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)
    _executor: BaseProcess | None = None
    _offset: int = 0
    _quiet_since: int = 0
    _done: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        folders = {folder_of(self.state, name).path.name: node for name, node in NODES.items()}
        self.watch = Watch(self.state, folders, self._open_gate)
        self.requests = Requests(self.state, self.watch)

    @property
    def state(self) -> Path:
        """The executor's folder."""
        return self.folder / "state"

    @property
    def hit(self) -> tuple[Moment, ...]:
        """The moments that have come."""
        return tuple(gate.hit for gate in self.gates if gate.hit is not None and gate.struck)

    @property
    def ended(self) -> set[str]:
        """Nodes of attempts whose end was told."""
        return {message.attempt.node for message in self.heard if isinstance(message, Finished)}

    def begin(self, digest: str) -> None:
        """Ask for what is asked at first."""
        for order in first_orders(digest):
            self._ask(order)

    def run(self) -> None:
        """Go on until everything is at rest. Raises SandboxError where it never is."""
        self.account.server.gate_of = self.requests.gate_of
        deadline = time.monotonic() + MOST_SECONDS
        try:
            while not self._at_rest():
                if time.monotonic() > deadline:
                    raise SandboxError(f"not at rest: {self._state_of_things()}", remedy="see what it waits for")
                self._have_executor()
                self._hear()
                self._tell()
                time.sleep(PAUSE_SECONDS)
        finally:
            self._end_executor()

    def left(self) -> dict[int, str]:
        """Processes of the trial that run, but for the executor; those that have ended are waited for."""
        executor = self._executor.pid if self._executor is not None else None
        running = {}
        for pid in descendants(os.getpid()):
            if pid == executor:
                continue
            if not has_ended(Path(f"/proc/{pid}")):
                with suppress(OSError):
                    running[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                continue
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        return running

    def _have_executor(self) -> None:
        if self._executor is not None:
            if self._executor.exitcode is None:
                return
            gate = self.watch.gates[self.requests.executor]
            if gate.hit is None:
                raise SandboxError("the executor ended by itself", remedy=f"read {self.folder / 'executor.log'}")
            gate.close()
        self._begin_executor()

    def _begin_executor(self) -> None:
        place = Place(state=self.state, bucket=BUCKET, machine=MACHINE, images=self.account.images)
        log, url = self.folder / "executor.log", self.account.server.url
        post = Post(place=place, url=url, environ=self.account.environ(), log=log)
        context = get_context("fork")
        channel, far = context.Pipe(duplex=True)
        process = context.Process(target=serve, args=(far, post))
        process.start()
        far.close()
        pid = process.pid or 0
        self.watch.add(EXECUTOR, pid)
        self.requests.executor = pid
        self.watch.listen(recv_handle(channel))
        channel.close()
        self._executor = process

    def _end_executor(self) -> None:
        if self._executor is not None and self._executor.pid is not None:
            kill_process(self._executor.pid)
            self._executor.join()
        while running := self.left():
            for pid in running:
                kill_process(pid)
        self.account.server.gate_of = lambda _environ: None

    def _open_gate(self, who: str, pid: int) -> MomentsGate:
        mark = self.folder / f"mark-{len(self.gates)}.json"
        open_moments = [moment for moment in self.moments if moment not in self.hit]
        gate = MomentsGate(partial(kill_process, pid), open_moments, mark=mark, seen=self._seen, who=who)
        self.gates.append(gate)
        return gate

    def _hear(self) -> None:
        """Take what the executor tells; an end is acknowledged as often as it is told."""
        bus = self.account.bus
        for record in bus.read(topics.ORCH_EVENTS, 0, offset=self._offset, limit=100):
            self._offset = record.offset + 1
            message = decode(record.value)
            if isinstance(message, Started | Finished):
                self.heard.append(message)
            if isinstance(message, Finished):
                self._ask(Acknowledge(message.attempt))

    def _tell(self) -> None:
        """Do what comes next in the story, once what was asked is taken: so everything has its order in every trial."""
        if not self._taken():
            return
        if NEVER in self.ended and self._once("stop what waits"):
            self._ask(Stop(KEYS[WAITS]))
        for before, node in pairwise((WAITS, *PROGRAMS)):
            if self._is_over(before) and self._said(node) and self._once(f"end {node}"):
                self._end_program(node)
        if self._is_over(LONG) and self._once("again"):
            again = self.account.bus.records(topics.ORCH_ATTEMPTS)
            self.account.bus.publish([encode(decode(record.value)) for record in again])

    def _is_over(self, node: str) -> bool:
        return node in self.ended and not self._folder(node).path.exists()

    def _taken(self) -> bool:
        bus = self.account.bus
        return bus.committed(GROUP, topics.ORCH_ATTEMPTS, partition=0) == bus.end(topics.ORCH_ATTEMPTS, 0)

    def _end_program(self, node: str) -> None:
        if node == LONG:
            self._ask(Stop(KEYS[node]))
        folder = self._folder(node)
        if node in {OK, FAILS} and folder.workspace.is_dir():
            (folder.workspace / GO).touch()

    def _said(self, node: str) -> bool:
        """Whether a program's first words are kept, or will never be."""
        return node in self.ended or bool(self.account.keys(part_key(KEYS[node], 0)))

    def _once(self, what: str) -> bool:
        first = what not in self._done
        self._done.add(what)
        return first

    def _ask(self, order: Create | Stop | Acknowledge) -> None:
        self.account.bus.publish([encode(order)])

    def _folder(self, node: str) -> AttemptFolder:
        return folder_of(self.state, str(KEYS[node]))

    def _folders(self) -> list[str]:
        return [path.name for path in (self.state / "attempts").glob("*")]

    def _at_rest(self) -> bool:
        bus = self.account.bus
        heard = self._offset == bus.end(topics.ORCH_EVENTS, 0)
        if not (self._taken() and heard and "again" in self._done and not self._folders() and not self.left()):
            self._quiet_since = self.requests.asked
            return False
        return self.requests.asked - self._quiet_since >= QUIET_LOOKS

    def _state_of_things(self) -> str:
        bus = self.account.bus
        taken, asked = bus.committed(GROUP, topics.ORCH_ATTEMPTS, partition=0), bus.end(topics.ORCH_ATTEMPTS, 0)
        running = sorted(self.left().values())
        return f"told {sorted(self.ended)}; folders {self._folders()}; runs {running}; took {taken} of {asked} orders"


def tried(account: StoryAccount, moments: Sequence[Moment], *, folder: Path) -> Trial:
    """Tell the story in a new folder and kill at each moment. Raises SandboxError."""
    started = time.monotonic()
    folder.mkdir(parents=True)
    telling = Telling(account, folder, list(moments))
    telling.begin(account.empty())
    telling.run()
    killed = {moment.effect.name.partition(":")[0].removeprefix("worker ") for moment in telling.hit}
    return Trial(
        effects=tuple(_lasting(effect for gate in telling.gates for effect in gate.effects)),
        hit=telling.hit,
        problems=tuple(untrue(account, telling.heard, state=telling.state, killed=killed)),
        seconds=time.monotonic() - started,
    )


def _lasting(effects: Iterator[Effect]) -> Iterator[Effect]:
    """Without what comes by the clock."""
    yield from (effect for effect in effects if not effect.name.endswith(BEAT) or effect.occurrence == FIRST)

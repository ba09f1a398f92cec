"""A guarded resize of the demo's capacity stack beside a bare `pulumi up` of the same stack, in turns in one run."""

import os
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from benchmarks.measurement import Figure, Report, median_figure, now
from quantos.contracts.plan import PoolSize, ResizeOutcome
from quantos.errors import EngineError
from tests.support.environments import make_settings
from tests.support.own_sandbox import small_environment
from tests.support.plan_cases import NOW
from tests.support.small_environment import SmallEnvironment

BENCHMARK = "resize"
BARE_COMMAND = ("pulumi", "up", "--stack", "dev-capacity", "--yes", "--non-interactive", "--color", "never")
PATIENCE_SECONDS = 600
FLOORS = (4, 8)
Tell = Callable[[str], None]


@dataclass
class Contest:
    """The same change made in three ways, in turns: the floor of one pool goes up and down by four nodes.

    guarded: the whole transaction; refresh, preview and update under the packs, read back, pointer moved.
    bare: a plain CLI with its language host, which refreshes, previews and updates; no pack. The pointer was moved.
    bare inline: refresh and update of the program in this process, as the robot runs it; no preview, no pack. It is the
    least that any update costs.
    """

    environment: SmallEnvironment
    changes: int = 0
    guarded_seconds: list[float] = field(default_factory=list)
    bare_seconds: list[float] = field(default_factory=list)
    inline_seconds: list[float] = field(default_factory=list)
    step_seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def guarded(self) -> None:
        """One guarded resize. Raises EngineError when it is not applied."""
        floor = self._next_floor()
        at = NOW + timedelta(days=self.changes)
        plan = self.environment.plan({"cpu": floor}, at=at)
        resizer = self.environment.resizer(clock=lambda: at + timedelta(seconds=20), wall_clock=now)
        started = time.perf_counter()
        outcome = resizer.resize(plan, holder=f"benchmark/{os.getpid()}")
        self.guarded_seconds.append(time.perf_counter() - started)
        self._check(floor, outcome)
        for timing in outcome.timings:
            self.step_seconds[timing.step].append(timing.seconds)

    def bare(self) -> None:
        """One bare `pulumi up`. Raises EngineError when it fails."""
        floor = self._moved_pointer()
        started = time.perf_counter()
        done = subprocess.run(
            BARE_COMMAND,
            cwd=self.environment.stacks.project_dir,
            env={name: value for name, value in os.environ.items() if not name.startswith("PULUMI_OPTION_")},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        self.bare_seconds.append(time.perf_counter() - started)
        if done.returncode != 0:
            raise EngineError(f"the bare update failed: {done.stdout[-600:]}", remedy="run `quantos doctor`")
        self._check(floor, None)

    def bare_inline(self) -> None:
        """One update of the inline program. Raises EngineError when it fails."""
        floor = self._moved_pointer()
        stacks = replace(self.environment.stacks, packs=[])
        started = time.perf_counter()
        stacks.up(self.environment.stack, progress=lambda _name, _done: None)
        self.inline_seconds.append(time.perf_counter() - started)
        self._check(floor, None)

    def _moved_pointer(self) -> int:
        """The next floor, to which the pointer is moved as if by hand."""
        floor = self._next_floor()
        entry = self.environment.ledger.current()
        sizes = {**entry.document.sizes, "cpu": PoolSize(floor=floor, ceiling=entry.document.sizes["cpu"].ceiling)}
        moved = entry.document.model_copy(update={"sizes": sizes, "previous": entry.document.sizes})
        self.environment.ledger.replace(moved, expected_version=entry.version)
        return floor

    def _next_floor(self) -> int:
        self.changes += 1
        return FLOORS[self.changes % 2]

    def _check(self, floor: int, outcome: ResizeOutcome | None) -> None:
        minimum = self.environment.groups()["cpu"].minimum
        if (outcome is not None and outcome.status != "applied") or minimum != floor:
            reason = "the node group was not changed" if outcome is None else f"{outcome.status}: {outcome.reason}"
            raise EngineError(f"a change to be timed was not made: {reason}", remedy="run the engine tests first")


def measure(*, rounds: int, tell: Tell, command: str) -> Report:
    """Time `rounds` rounds after one that warms up and is not counted. Takes half a minute a round.

    The order within a round rotates; with three ways and two sizes none makes the change up every time.
    """
    with tempfile.TemporaryDirectory(prefix="quantos-bench-") as folder:
        tell("bringing the capacity stack up in a sandbox of its own")
        with small_environment(make_settings(), state_dir=Path(folder)) as environment:
            contest = Contest(environment)
            for number in range(rounds + 1):
                tell(f"round {number} of {rounds}" if number else "warming up")
                ways = (contest.guarded, contest.bare, contest.bare_inline)
                for place in range(len(ways)):
                    ways[(place + number) % len(ways)]()
    return Report(BENCHMARK, command, _subject(rounds), _figures(contest), now())


def _figures(contest: Contest) -> tuple[Figure, ...]:
    guarded, bare, inline = contest.guarded_seconds[1:], contest.bare_seconds[1:], contest.inline_seconds[1:]
    steps = [
        Figure(f"guarded: {step}", statistics.median(seconds[1:]), "s, median")
        for step, seconds in contest.step_seconds.items()
    ]
    return (
        median_figure("guarded_seconds", guarded, unit="s, median"),
        median_figure("bare_seconds", bare, unit="s, median"),
        median_figure("bare_inline_seconds", inline, unit="s, median"),
        median_figure("guarded_over_bare", _ratios(guarded, bare), unit="ratio, median of rounds"),
        median_figure("guarded_over_bare_inline", _ratios(guarded, inline), unit="ratio, median of rounds"),
        *steps,
    )


def _ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    return [own / other for own, other in zip(ours, theirs, strict=True)]


def _subject(rounds: int) -> str:
    return f"guarded resize beside `{' '.join(BARE_COMMAND[:5])}`, {rounds} rounds"

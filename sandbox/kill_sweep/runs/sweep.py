"""The sweep of runs: one story recorded, then a trial at each moment chosen, some at once."""

import gc
import math
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, fields
from multiprocessing import get_context
from pathlib import Path
from typing import Final, Self

from quantos.errors import QuantosError
from sandbox.errors import SandboxError
from sandbox.kill_sweep.moments import Moment, Point
from sandbox.kill_sweep.runs.account import TrialAccount, trial_account
from sandbox.kill_sweep.runs.agreement import Facts
from sandbox.kill_sweep.runs.trial import Trial, tried

_open: Final[list[tuple[ExitStack, TrialAccount]]] = []


@dataclass(frozen=True)
class Verdict:
    """What became of a point in a trial of so many kills; none of its `failures` is good."""

    point: Point
    failures: tuple[str, ...]
    kills: int


class RunsSweep:
    """Trials in processes that have an account each; to be used as a context."""

    def __init__(self, folder: Path, *, jobs: int) -> None:
        self._folder = folder
        self._pool = ProcessPoolExecutor(jobs, get_context("fork"))

    def __enter__(self) -> Self:
        """The sweep itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End its processes."""
        self._pool.shutdown(cancel_futures=True)

    def recorded(self) -> Trial:
        """The story as it goes when nobody is killed. Raises SandboxError where it is not good."""
        trial = self._pool.submit(_trial, self._folder, (), name="recorded").result()
        if isinstance(trial, str) or trial.problems:
            raise SandboxError(f"the story is not good: {trial}", remedy="make it pass without any kill first")
        return trial

    def verdicts(self, points: Sequence[Point], recorded: Trial, *, kills: int = 1) -> Iterator[Verdict]:
        """Try points, and hold each trial against the story that nobody killed; in the order in which they end.

        A trial has at most so many kills, far from each other. Where it is not good each of its points is tried alone;
        so is a moment that did not come, since after another kill somebody else may have done what there was to do.
        """
        alone: list[tuple[Point, ...]] = []
        for group, trial in self._tried(spread(points, kills)):
            for point in group:
                verdict = judged(point, trial, standing=recorded.facts, kills=len(group))
                if verdict.failures and len(group) > 1:
                    alone.append((point,))
                else:
                    yield verdict
        for (point,), trial in self._tried(alone):
            yield judged(point, trial, standing=recorded.facts, kills=1)

    def _tried(self, groups: Sequence[tuple[Point, ...]]) -> Iterator[tuple[tuple[Point, ...], Trial | str]]:
        started: dict[Future[Trial | str], tuple[Point, ...]] = {}
        for group in groups:
            moments = tuple(point.first for point in group)
            name = f"points-{'-'.join(str(point.number) for point in group)}"
            started[self._pool.submit(_trial, self._folder, moments, name=name)] = group
        for future in as_completed(started):
            yield started[future], future.result()


def spread(points: Sequence[Point], most: int) -> list[tuple[Point, ...]]:
    """Groups of at most so many points, neighbours in different ones."""
    count = math.ceil(len(points) / most)
    return [tuple(points[start::count]) for start in range(count)]


def judged(point: Point, trial: Trial | str, *, standing: Facts, kills: int) -> Verdict:
    """Hold a trial against a point: the moment came, nothing is untrue, and all stands as if nobody was killed."""
    if isinstance(trial, str):
        return Verdict(point, (trial,), kills)
    missed = () if point.first in trial.hit else ("the moment did not come",)
    return Verdict(point, (*missed, *trial.problems, *differences(standing, trial.facts)), kills)


def differences(standing: Facts, facts: Facts) -> Iterator[str]:
    """What stands otherwise than it should."""
    for field in fields(Facts):
        should, does = getattr(standing, field.name), getattr(facts, field.name)
        if should != does:
            yield f"{field.name}: missing {sorted(set(should) - set(does))}, too many {sorted(set(does) - set(should))}"


def _trial(folder: Path, moments: Sequence[Moment], *, name: str) -> Trial | str:
    try:
        trial = tried(_account(folder), moments, name=name)
    except QuantosError as exc:
        return f"{exc.what} ({folder / name})"
    if not trial.problems:
        shutil.rmtree(folder / name)
    return trial


def _account(folder: Path) -> TrialAccount:
    """This process's account; what its server says of clients that died goes to a log."""
    if not _open:
        log = os.open(folder / f"server-{os.getpid()}.log", os.O_WRONLY | os.O_CREAT)
        os.dup2(log, 2)
        stack = ExitStack()
        _open.append((stack, stack.enter_context(trial_account(folder))))
        gc.freeze()
    return _open[0][1]

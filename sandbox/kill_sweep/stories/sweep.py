"""A sweep of one story: it is recorded, then there is a trial for the moments chosen, some at once."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Generic, Protocol, Self, TypeAlias, TypeVar

from quantos.errors import QuantosError
from sandbox.errors import SandboxError
from sandbox.kill_sweep.moments import Effect, Moment, Point, recurring


class Told(Protocol):
    """How the story went once."""

    @property
    def effects(self) -> tuple[Effect, ...]:
        """All that passed where nobody was to be killed."""
        ...

    @property
    def hit(self) -> tuple[Moment, ...]:
        """The moments that came, in order."""
        ...

    @property
    def seconds(self) -> float:
        """How long it took."""
        ...

    def faults(self, standing: Self, /) -> Iterator[str]:
        """What is not as it has to be, beside the story that nobody killed."""
        ...


TrialT = TypeVar("TrialT", bound=Told)
Tell: TypeAlias = Callable[[Path, Sequence[Moment]], TrialT]
"""Tells the story in a new folder and kills at moments. Raises QuantosError."""


@dataclass(frozen=True)
class Recording(Generic[TrialT]):
    """The story as it goes when nobody is killed, and the effects that it has each time."""

    trial: TrialT
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class Broken:
    """A trial of several kills that was not good, whatever its points are alone."""

    points: tuple[Point, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What became of a point in a trial of so many kills; none of its `failures` is good."""

    point: Point
    failures: tuple[str, ...]
    kills: int


class StorySweep(Generic[TrialT]):
    """Trials in processes of their own, so many at once; to be used as a context.

    Args:
        recordings: of the story; an effect that is not in each of them is left out.
        once: how they are named of whom nobody comes after a kill; a trial kills each of them at most once.

    Attributes:
        broken: trials of several kills that were not good.
    """

    def __init__(
        self, tell: Tell[TrialT], folder: Path, *, jobs: int, recordings: int = 1, once: tuple[str, ...] = ()
    ) -> None:
        self._tell = tell
        self._folder = folder
        self._recordings = recordings
        self._once = once
        self.broken: list[Broken] = []
        self._pool = ProcessPoolExecutor(jobs, get_context("fork"))

    def __enter__(self) -> Self:
        """The sweep itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End its processes."""
        self._pool.shutdown(cancel_futures=True)

    def recorded(self) -> Recording[TrialT]:
        """The story that nobody kills. Raises SandboxError where it is not good."""
        started = [
            self._pool.submit(_trial_or_error, self._tell, self._folder / f"recorded-{number}", ())
            for number in range(self._recordings)
        ]
        trials = [future.result() for future in started]
        for trial in trials:
            faults = (trial,) if isinstance(trial, str) else tuple(trial.faults(trial))
            if faults:
                raise SandboxError(f"the story is not good: {faults}", remedy="make it pass without any kill first")
        good = [trial for trial in trials if not isinstance(trial, str)]
        effects = good[0].effects
        for trial in good[1:]:
            effects = recurring(effects, trial.effects)
        return Recording(good[0], effects)

    def verdicts(self, points: Sequence[Point], recorded: Recording[TrialT], *, kills: int = 1) -> Iterator[Verdict]:
        """Try points, and hold each trial against the story that nobody killed; in the order in which they end.

        A trial has at most so many kills, far from each other. Where it is not good each of its points is tried alone;
        so is a moment that did not come, since after another kill somebody else may have done what there was to do.
        """
        alone: list[tuple[Point, ...]] = []
        for group, trial in self._tried(spread(points, kills, once=self._once)):
            faults = faults_of(trial, recorded.trial)
            if faults and len(group) > 1:
                self.broken.append(Broken(group, faults))
            for point in group:
                verdict = judged(point, trial, standing=recorded.trial, kills=len(group))
                if verdict.failures and len(group) > 1:
                    alone.append((point,))
                else:
                    yield verdict
        for (point,), trial in self._tried(alone):
            yield judged(point, trial, standing=recorded.trial, kills=1)

    def _tried(self, groups: Sequence[tuple[Point, ...]]) -> Iterator[tuple[tuple[Point, ...], TrialT | str]]:
        started: dict[Future[TrialT | str], tuple[Point, ...]] = {}
        for group in groups:
            moments = tuple(point.first for point in group)
            folder = self._folder / f"points-{'-'.join(str(point.number) for point in group)}"
            started[self._pool.submit(_trial_or_error, self._tell, folder, moments)] = group
        for future in as_completed(started):
            yield started[future], future.result()


def spread(points: Sequence[Point], most: int, *, once: tuple[str, ...] = ()) -> list[tuple[Point, ...]]:
    """Groups of about so many points, neighbours in different ones; of each of `once` at most one in a group.

    With `most` 1 every point is alone.
    """
    if most == 1:
        return [(point,) for point in points]
    mortal: dict[str, list[Point]] = {}
    others: list[Point] = []
    for point in points:
        who = who_dies(point)
        (mortal.setdefault(who, []) if who.startswith(once) else others).append(point)
    count = max([math.ceil(len(points) / most), *map(len, mortal.values())])
    return [
        tuple(point for members in (others, *mortal.values()) for point in members[start::count])
        for start in range(count)
    ]


def who_dies(point: Point) -> str:
    """Who is killed at a point."""
    return point.first.effect.name.partition(":")[0]


def judged(point: Point, trial: TrialT | str, *, standing: TrialT, kills: int) -> Verdict:
    """Hold a trial against a point: the moment came, nothing is untrue, and all stands as if nobody was killed."""
    missed = () if isinstance(trial, str) or point.first in trial.hit else ("the moment did not come",)
    return Verdict(point, (*missed, *faults_of(trial, standing)), kills)


def faults_of(trial: TrialT | str, standing: TrialT) -> tuple[str, ...]:
    """What is not as it has to be in a trial."""
    return (trial,) if isinstance(trial, str) else tuple(trial.faults(standing))


def _trial_or_error(tell: Tell[TrialT], folder: Path, moments: Sequence[Moment]) -> TrialT | str:
    try:
        return tell(folder, moments)
    except QuantosError as exc:
        return f"{exc.what} ({folder})"

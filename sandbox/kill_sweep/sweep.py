"""The sweep: one good resize recorded, then a trial at each moment chosen, some at once, each in a fork."""

import os
import shutil
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from random import Random
from typing import Final

from sandbox.errors import SandboxError
from sandbox.kill_sweep.moments import Effect, Moment, Point, recurring
from sandbox.kill_sweep.stage import Stage
from sandbox.kill_sweep.trial import Run, Trial, attempt

REDRAWS: Final = 3


@dataclass(frozen=True)
class Verdict:
    """What became of a point; none of its `failures` is good."""

    point: Point
    trial: Trial | None
    failures: tuple[str, ...]


def recorded_effects(stage: Stage) -> tuple[Effect, ...]:
    """The effects of one good resize, recorded twice at once. Raises SandboxError where it is not good."""
    recordings = dict(_in_forks(stage, {"first": (), "second": ()}, jobs=2))
    return recurring(_good(recordings["first"]).effects, _good(recordings["second"]).effects)


def _good(trial: Trial | str) -> Run:
    if isinstance(trial, str):
        raise SandboxError(f"the resize to record failed: {trial}", remedy="make it pass without any kill first")
    if trial.problems or trial.runs[0].statuses != ("applied",):
        raise SandboxError(
            f"the resize to record ended {', '.join(trial.runs[0].statuses)}: {'; '.join(trial.problems)}",
            remedy="make it pass without any kill first",
        )
    return trial.runs[0]


def tried(stage: Stage, points: Sequence[Point], *, jobs: int, seed: int) -> Iterator[Verdict]:
    """Try points, `jobs` at once, in the order in which they end.

    The engine updates node groups side by side, so a recovery may lack what another one of the same kill did. A pair
    whose second moment never came for that is tried again, at most `REDRAWS` times, at one of what this recovery did.
    """
    waiting = list(points)
    for turn in range(REDRAWS + 1):
        again: list[Point] = []
        for result in _tried_once(stage, waiting, jobs=jobs):
            other = redrawn(result, rng=Random(f"{seed}/{turn}/{result.point.number}"))  # noqa: S311  no secret
            if other is None or turn == REDRAWS:
                yield result
            else:
                shutil.rmtree(stage.folder.with_name(f"point-{result.point.number}"))
                again.append(other)
        waiting = again


def redrawn(result: Verdict, *, rng: Random) -> Point | None:
    """A pair whose recovery did all but what the second kill waited for, with another second moment; else None."""
    point, trial = result.point, result.trial
    if point.second is None or trial is None or trial.problems or len(trial.runs) < 2:
        return None
    first, recovery = trial.runs[:2]
    if first.mark != str(point.first) or recovery.mark or point.second.effect in recovery.effects:
        return None
    if not recovery.effects:
        return None
    return Point(point.number, point.first, Moment(rng.choice(sorted(recovery.effects)), point.second.phase))


def _tried_once(stage: Stage, points: Sequence[Point], *, jobs: int) -> Iterator[Verdict]:
    by_name = {f"point-{point.number}": point for point in points}
    moments = {name: _moments(point) for name, point in by_name.items()}
    for name, trial in _in_forks(stage, moments, jobs=jobs):
        result = verdict(by_name[name], trial)
        if not result.failures:
            shutil.rmtree(stage.folder.with_name(name))
        yield result


def verdict(point: Point, trial: Trial | str) -> Verdict:
    """Hold a trial against its point: every moment hit, and nothing in disagreement."""
    if isinstance(trial, str):
        return Verdict(point, None, (trial,))
    marks = [run.mark for run in trial.runs]
    missed = tuple(
        f"not hit: {moment}" for moment, mark in zip(_moments(point), marks, strict=False) if mark != str(moment)
    )
    return Verdict(point, trial, missed + trial.problems)


def recoveries(verdicts: Sequence[Verdict]) -> dict[int, Sequence[Effect]]:
    """The effects of the first run after the kill, by the number of the point."""
    return {
        result.point.number: result.trial.runs[1].effects
        for result in verdicts
        if result.trial is not None and len(result.trial.runs) > 1
    }


def _moments(point: Point) -> tuple[Moment, ...]:
    return (point.first,) if point.second is None else (point.first, point.second)


def _in_forks(stage: Stage, moments: Mapping[str, Sequence[Moment]], *, jobs: int) -> Iterator[tuple[str, Trial | str]]:
    """Trials by name as they end, each in a fork of this process; a trial that broke is what it said."""
    context = get_context("fork")
    waiting = list(moments.items())
    running: dict[Connection, tuple[str, BaseProcess]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            name, wanted = waiting.pop(0)
            channel, far = context.Pipe(duplex=False)
            process = context.Process(target=_forked, args=(stage, name, wanted), kwargs={"channel": far})
            process.start()
            far.close()
            running[channel] = (name, process)
        ready = wait(list(running))
        for channel in [connection for connection in running if connection in ready]:
            name, process = running.pop(channel)
            try:
                trial = channel.recv()
            except EOFError:
                trial = "the trial's process died"
            process.join()
            channel.close()
            yield name, trial


def _forked(stage: Stage, name: str, moments: Sequence[Moment], *, channel: Connection) -> None:
    copy = stage.copied(name)
    log = os.open(copy.folder / "logs" / "trial.log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        trial: Trial | str = attempt(copy, moments)
    except Exception as exc:  # told by the sweep, which goes on with the next point
        traceback.print_exc()
        trial = f"{exc} ({copy.folder / 'logs'})"
    channel.send(trial)

"""`python -m sandbox.kill_sweep`: every point, or some; exit code 0 when every one was hit and none failed."""

import argparse
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from quantos.errors import QuantosError
from sandbox.kill_sweep.moments import Point, one_an_effect, paired_points, sampled, single_points
from sandbox.kill_sweep.report import summary_lines, verdict_lines
from sandbox.kill_sweep.stage import Stage, open_stage
from sandbox.kill_sweep.sweep import Verdict, recorded_effects, recoveries, tried


def main(arguments: Sequence[str] | None = None) -> int:
    """Sweep as the command line says; 0 all good, 1 a failure, 2 wrong usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="quantos-sweep-"))
    try:
        failures = _sweep(options, folder)
    except KeyboardInterrupt:
        _say(f"Interrupted; what there is so far lies in {folder}")
        return 130
    except QuantosError as exc:
        _say(f"Error: {exc.what}\n{exc.remedy}")
        return 1
    if failures:
        _say(f"What the failed trials left is in {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if failures else 0


def _sweep(options: argparse.Namespace, folder: Path) -> int:
    """The number of points that failed."""
    started = time.monotonic()
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    rng = Random(seed)  # noqa: S311  it draws moments, no secrets
    _say(f"seed {seed}")
    stage = open_stage(folder / "stage")
    effects = recorded_effects(stage)
    points = single_points(effects)
    _say(f"environment up and a resize recorded after {time.monotonic() - started:.0f} s: {len(effects)} effects")
    if options.list:
        for point in points:
            _say(f"{point.number:4} {point.first}")
        return 0
    singles = _chosen(points, options, rng)
    verdicts = list(_shown(stage, singles, options, seed=seed))
    pairs = _pairs(singles, verdicts, options, rng=rng, after=len(points))
    verdicts += _shown(stage, pairs, options, seed=seed)
    for line in summary_lines(effects, verdicts, pairs=len(pairs), seconds=time.monotonic() - started):
        _say(line)
    return sum(bool(verdict.failures) for verdict in verdicts)


def _shown(stage: Stage, points: Sequence[Point], options: argparse.Namespace, *, seed: int) -> Iterator[Verdict]:
    for verdict in tried(stage, points, jobs=options.jobs, seed=seed):
        for line in verdict_lines(verdict):
            _say(line)
        yield verdict


def _chosen(points: Sequence[Point], options: argparse.Namespace, rng: Random) -> tuple[Point, ...]:
    first, last = options.points or (1, len(points))
    inside = [point for point in points if first <= point.number <= last and options.only in str(point.first)]
    return tuple(inside) if options.sample is None else sampled(inside, options.sample, rng=rng)


def _pairs(
    singles: Sequence[Point], verdicts: Sequence[Verdict], options: argparse.Namespace, *, rng: Random, after: int
) -> tuple[Point, ...]:
    """As many as asked for, of the points tried; one an effect, where every point was tried."""
    effects = recoveries(verdicts)
    able = [point for point in singles if effects.get(point.number)]
    if options.pairs is not None:
        return paired_points(sampled(able, options.pairs, rng=rng), effects, rng=rng, after=after)
    return paired_points(one_an_effect(singles), effects, rng=rng, after=after)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.kill_sweep", description=__doc__)
    parser.add_argument(
        "--seed", type=int, help="of the sample and of the moments of second kills; else drawn, and told"
    )
    parser.add_argument("--sample", type=int, metavar="N", help="try N points of all kinds instead of every one")
    parser.add_argument("--points", type=_range, metavar="A-B", help="only points of these numbers, as --list has them")
    parser.add_argument("--only", default="", metavar="TEXT", help="only points in whose words TEXT is")
    parser.add_argument("--pairs", type=int, metavar="N", help="try N pairs instead of one an effect")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="trials at once")
    parser.add_argument("--list", action="store_true", help="record, list the points and try none")
    return parser


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

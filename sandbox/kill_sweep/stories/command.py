"""The command of a sweep: every point, or some; exit code 0 when every one was hit and none failed."""

import argparse
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Protocol

from quantos.errors import QuantosError
from sandbox.kill_sweep.moments import Effect, first_word, sampled, single_points
from sandbox.kill_sweep.stories.sweep import StorySweep, Told
from sandbox.kill_sweep.stories.table import header, line, short, sums


class Opens(Protocol):
    """Opens a sweep in a folder."""

    def __call__(self, folder: Path, *, jobs: int) -> StorySweep[Told]:
        """So many trials at once."""
        ...


def command(name: str, opens: Opens, *, kind: Callable[[Effect], str] = first_word) -> int:
    """Sweep as the command line says; 0 all good, 1 a failure, 2 wrong usage.

    Args:
        name: the package's.
        opens: opens its sweep.
        kind: of an effect; a sample has of every kind.
    """
    options = _parser(name).parse_args()
    folder = Path(tempfile.mkdtemp(prefix=f"quantos-{name}-"))
    try:
        failures = _sweep(options, opens, folder, kind=kind)
    except QuantosError as exc:
        _say(f"Error: {exc.what}\n{exc.remedy}")
        return 1
    if failures:
        _say(f"What the failed trials left is in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def _sweep(options: argparse.Namespace, opens: Opens, folder: Path, *, kind: Callable[[Effect], str]) -> int:
    started = time.monotonic()
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    with opens(folder, jobs=options.jobs) as sweep:
        recorded = sweep.recorded()
        points = single_points(recorded.effects)
        _say(f"seed {seed}; {len(recorded.effects)} effects; a story takes {recorded.trial.seconds:.1f} s\n{header()}")
        chosen = [point for point in points if options.only in short(str(point.first))]
        if options.sample is not None:
            chosen = list(sampled(chosen, options.sample, rng=Random(seed), kind=kind))  # noqa: S311  no secret
        if options.list:
            for point in chosen:
                _say(f"{point.number:5}  {'':7}  {'':5}  {point.first.phase:6}  {short(str(point.first.effect))}")
            return 0
        verdicts = []
        for verdict in sweep.verdicts(chosen, recorded, kills=options.kills):
            verdicts.append(verdict)
            _say("\n".join(line(verdict)))
    _say("\n".join(sums(verdicts, sweep.broken, points=len(points), seconds=time.monotonic() - started)))
    return sum(bool(verdict.failures) for verdict in verdicts) + len(sweep.broken)


def _parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m sandbox.kill_sweep.{name}", description=__doc__)
    parser.add_argument("--seed", type=int, help="of the sample; else drawn, and told")
    parser.add_argument("--sample", type=int, metavar="N", help="try N points of all kinds instead of every one")
    parser.add_argument("--only", default="", metavar="TEXT", help="only points in whose words TEXT is")
    parser.add_argument("--kills", type=int, default=12, metavar="N", help="kills a trial; 1 tries each point alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="trials at once")
    parser.add_argument("--list", action="store_true", help="record, list the points and try none")
    return parser


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()

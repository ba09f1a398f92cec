"""What a sweep says: two lines a point, and the sums at the end. Pure."""

from collections.abc import Iterator, Sequence

from sandbox.kill_sweep.moments import PHASES, Effect
from sandbox.kill_sweep.sweep import Verdict


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """The point and whether it is good; how it went, with the mark of each kill; every failure."""
    point, trial = verdict.point, verdict.trial
    second = "" if point.second is None else f", then {point.second}"
    yield f"{point.number:4} {'FAILED' if verdict.failures else 'ok':6} {point.first}{second}"
    if trial is not None:
        runs = ", ".join("killed" if run.mark else "/".join(run.statuses) or "nothing told" for run in trial.runs)
        marks = "; ".join(run.mark for run in trial.runs if run.mark)
        yield f"            {trial.seconds:.1f} s; runs: {runs}; marks: {marks or 'none'}"
    yield from (f"            {failure}" for failure in verdict.failures)


def summary_lines(
    effects: Sequence[Effect], verdicts: Sequence[Verdict], *, pairs: int, seconds: float
) -> Iterator[str]:
    """Effects, points, kills and failures, counted."""
    whole, singles = len(PHASES) * len(effects), len(verdicts) - pairs
    failed = [str(verdict.point.number) for verdict in verdicts if verdict.failures]
    marks = sum(bool(run.mark) for verdict in verdicts if verdict.trial is not None for run in verdict.trial.runs)
    part = "" if singles == whole else f" ({singles} of them tried)"
    yield f"effects   {len(effects)}"
    yield f"points    {len(verdicts)}: {len(PHASES)} x {len(effects)} effects = {whole}{part}, and {pairs} pairs"
    yield f"marks     {marks} of {singles + 2 * pairs} kills"
    yield f"failures  {len(failed)}{': ' if failed else ''}{', '.join(failed)}"
    yield f"took      {seconds:.0f} s"

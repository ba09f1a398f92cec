"""What a sweep says: a line a point, and the sums by who was killed and when. Pure."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from sandbox.kill_sweep.moments import PHASES
from sandbox.kill_sweep.stories.sweep import Broken, Verdict, who_dies

_WORDS: Final = (
    (re.compile(r"dynamodb TransactWriteItems"), "commit"),
    (re.compile(r"Put \S+-orchestration "), "+"),
    (re.compile(r"Delete \S+-orchestration "), "-"),
    (re.compile(r"s3 PUT /[^/]+/"), "put "),
)
_MOST: Final = 150


def header() -> str:
    """What the columns are; `kills` is how many the point's trial had."""
    return f"{'point':>5}  {'verdict':7}  {'kills':>5}  {'moment':6}  who: effect #occurrence"


def line(verdict: Verdict) -> Iterator[str]:
    """A point, and every failure."""
    moment = verdict.point.first
    stands = "FAILED" if verdict.failures else "ok"
    yield f"{verdict.point.number:5}  {stands:7}  {verdict.kills:5}  {moment.phase:6}  {short(str(moment.effect))}"
    yield from (f"       {failure}" for failure in verdict.failures)


def short(effect: str) -> str:
    """An effect without what is the same in all of them."""
    for pattern, word in _WORDS:
        effect = pattern.sub(word, effect)
    words, _, occurrence = effect.rpartition(" #")
    return f"{words if len(words) <= _MOST else words[:_MOST] + '...'} #{occurrence}"


def sums(verdicts: Sequence[Verdict], broken: Sequence[Broken], *, points: int, seconds: float) -> Iterator[str]:
    """Points tried by who was killed and when, failures, and trials of several kills that were not good."""
    tried = Counter((who_dies(verdict.point), verdict.point.first.phase) for verdict in verdicts)
    for who in sorted({who for who, _ in tried}):
        yield f"{who:12}  " + ", ".join(f"{tried[who, phase]} {phase}" for phase in PHASES)
    failed = sorted(verdict.point.number for verdict in verdicts if verdict.failures)
    yield f"points        {len(verdicts)} of {points}"
    yield f"failures      {len(failed)}{': ' if failed else ''}{', '.join(map(str, failed))}"
    yield f"broken        {len(broken)} trials of several kills"
    for trial in broken:
        yield f"       {', '.join(str(point.number) for point in trial.points)}: {'; '.join(trial.faults)}"
    yield f"took          {seconds:.0f} s"

"""Goes over everything that is open, so that nothing stays where somebody died, and over what is kept no longer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from quantos.errors import QuantosError
from quantos.orchestration.protocol.clearing import clear
from quantos.orchestration.protocol.dispatching import dispatch
from quantos.orchestration.protocol.ports import RowStore, RunIndex
from quantos.orchestration.protocol.rows import RunKey, Submission, submission_key
from quantos.orchestration.protocol.rules import Rules
from quantos.orchestration.protocol.running import Surroundings
from quantos.orchestration.protocol.steps import Now

_URGENCY: Final = {"high": 0, "normal": 1, "low": 2}


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What was done: `left` runs were not reached in time, and are the next sweep's; `failed` raised an error."""

    runs: int
    sent: int
    left: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """One sweep: messages that wait first, then open runs, urgent ones first, then those that were submitted first."""

    rows: RowStore
    index: RunIndex
    surroundings: Surroundings
    rules: Rules
    now: Callable[[], Now]
    left_seconds: Callable[[], float]

    def run(self) -> Swept:
        """Sweep as far as the time reaches. What fails is counted, and keeps nothing from the others."""
        sent = failed = 0
        for outgoing in self.index.outgoing():
            if self.left_seconds() <= 0:
                break
            try:
                self.surroundings.resend(outgoing)
                sent += 1
            except QuantosError:
                failed += 1
        submissions = self._open()
        done = 0
        for submission in submissions:
            if self.left_seconds() <= 0:
                break
            done += 1
            try:
                self.surroundings.run(dispatch(submission.run, now=self.now(), rules=self.rules))
            except QuantosError:
                failed += 1
        return Swept(runs=done, sent=sent, left=len(submissions) - done, failed=failed)

    def _open(self) -> list[Submission]:
        keys = [submission_key(run) for run in self.index.open_runs()]
        rows = [row for row in self.rows.load(keys) if isinstance(row, Submission)] if keys else []
        return sorted(rows, key=lambda row: (_URGENCY[row.terms.priority], row.terms.submitted_ms, row.key))


@dataclass(frozen=True, kw_only=True)
class Cleared:
    """What was done: so many `runs` are cleared; of those in `failures` something is left, with why."""

    runs: int
    failures: tuple[tuple[RunKey, QuantosError], ...]


@dataclass(frozen=True, kw_only=True)
class Clearing:
    """Removes what runs left whose ttl is over, those first for which it was over first."""

    index: RunIndex
    surroundings: Surroundings
    now: Callable[[], Now]
    left_seconds: Callable[[], float]

    def run(self) -> Cleared:
        """Clear as far as the time reaches. What fails is told, and keeps nothing from the others."""
        now_ms = self.now().milliseconds
        runs, failures = 0, list[tuple[RunKey, QuantosError]]()
        for run in self.index.due_runs(now_ms):
            if self.left_seconds() <= 0:
                break
            try:
                runs += self._clear(run, now_ms)
            except QuantosError as exc:
                failures.append((run, exc))
        return Cleared(runs=runs, failures=tuple(failures))

    def _clear(self, run: RunKey, now_ms: int) -> bool:
        """Clear one run, part by part; False where time was over before."""
        while self.left_seconds() > 0:
            if self.surroundings.run(clear(run, now_ms=now_ms)):
                return True
        return False

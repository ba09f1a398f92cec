"""When in a resize its process is killed: so many seconds into it, or when something of it is seen from outside."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from quantos.capacity.adapters.stores import compose_groups, compose_plan_ledger
from quantos.environment.names import PROJECT
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import SettingsError

LONGEST_SECONDS: Final = 60.0
HALF_WAY: Final = "half-way"


@dataclass(frozen=True)
class KillMoment:
    """`seconds` after the function began its work, or, where that is None, when what `name` says is seen."""

    name: str
    seconds: float | None = None


@dataclass
class ResizeWatch:
    """What is seen of one resize of the capacity stack from outside, each a question asked again and again."""

    settings: EnvironmentSettings
    backend: Path
    pool: str
    began: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._before = (self._minimum(), self._saved(), self._pointer())
        self._was_locked = False

    def reached(self, moment: KillMoment) -> bool:
        """Whether the moment has come; never before the function has begun."""
        if self.began is None:
            return False
        if moment.seconds is not None:
            return time.monotonic() - self.began >= moment.seconds
        return SIGHTS[moment.name](self)

    def moved(self) -> bool:
        """The pool's minimum is another."""
        return self._minimum() != self._before[0]

    def locked(self) -> bool:
        """The engine holds the stack, or is writing that it does."""
        locks = self.backend / ".pulumi" / "locks" / "organization" / PROJECT / self._stack
        held = any(locks.glob("*"))
        self._was_locked = self._was_locked or held
        return held

    def saving(self) -> bool:
        """The engine is writing the stack's state, or has."""
        return self._saved() != self._before[1]

    def unlocked(self) -> bool:
        """The engine held the stack, and does no longer."""
        return not self.locked() and self._was_locked

    def pointed(self) -> bool:
        """The plan pointer has moved."""
        return self._pointer() != self._before[2]

    @property
    def _stack(self) -> str:
        return self.settings.names().stack("capacity")

    def _minimum(self) -> int:
        return compose_groups(self.settings).sizes()[self.pool].minimum

    def _saved(self) -> set[tuple[str, int]]:
        folder = self.backend / ".pulumi" / "stacks" / PROJECT
        seen = set[tuple[str, int]]()
        for path in folder.glob(f"{self._stack}.json*"):
            try:
                seen.add((path.name, path.stat().st_mtime_ns))
            except FileNotFoundError:  # a file of another name by now
                seen.add((path.name, 0))
        return seen

    def _pointer(self) -> str:
        return compose_plan_ledger(self.settings).current().document.plan_id


SIGHTS: Final[Mapping[str, Callable[[ResizeWatch], bool]]] = {
    "begun": lambda _watch: True,
    "locked": ResizeWatch.locked,
    "saving": ResizeWatch.saving,
    HALF_WAY: ResizeWatch.moved,
    "unlocked": ResizeWatch.unlocked,
    "pointer-moved": ResizeWatch.pointed,
}
"""What may be waited for, in the order in which it comes."""


def kill_moment(text: str) -> KillMoment:
    """The moment that a person names: one of `SIGHTS`, or seconds after the function began its work.

    Raises:
        SettingsError: neither, or more seconds than a resize takes.
    """
    if text in SIGHTS:
        return KillMoment(text)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_SECONDS:
        raise SettingsError(
            f"no resize can be killed at {text!r}",
            remedy=f"take seconds from 0 to {LONGEST_SECONDS:.0f}, or one of {', '.join(SIGHTS)}",
        )
    return KillMoment(text, seconds)

"""The gate of a process that dies at the first that comes of some moments."""

from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path

from sandbox.kill_sweep.gate import Gate
from sandbox.kill_sweep.moments import Effect, Moment, Phase


class MomentsGate(Gate):
    """A gate until somebody is killed.

    Args:
        seen: how often each effect was there under earlier gates; it is counted on.

    Attributes:
        who: whose effects they are, which each of them names.
    """

    def __init__(
        self, kill: Callable[[], None], moments: Collection[Moment], *, mark: Path, seen: Counter[str], who: str = ""
    ) -> None:
        super().__init__(kill, mark=mark, moment=None)
        self.who = who
        self._moments = {moment.effect: moment for moment in reversed(tuple(moments))}
        self._seen = seen

    @property
    def hit(self) -> Moment | None:
        """The moment that has come: the process that runs is dead, or as good as dead."""
        return self._moment

    def enter(self, name: str) -> Phase | None:
        """Let an effect begin."""
        name = f"{self.who}: {name}"
        with self._guard:
            if not self._closed:
                self._moment = self._moments.get(Effect(name, self._seen[name] + 1))
        return super().enter(name)

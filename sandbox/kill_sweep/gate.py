"""Where every effect of a run passes: it is taken down, and at the moment chosen the run is killed."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sandbox.errors import SandboxError
from sandbox.kill_sweep.moments import Effect, Moment, Phase

PATIENCE_SECONDS: Final = 30.0


class KilledError(SandboxError):
    """The run is dead: what it asked for does not come about."""

    code = "sandbox.killed"


class Gate:
    """The effects of one run, in the order in which they began.

    From the effect of the chosen moment on no other effect begins, so that what is there at the kill is exact.

    Args:
        kill: ends every process of the run, and returns when none is left.
        mark: written the moment before the kill, with the effect and the phase; it proves that the moment came.
        moment: when to kill; never, when None.
    """

    def __init__(self, kill: Callable[[], None], *, mark: Path, moment: Moment | None) -> None:
        self._kill = kill
        self._mark = mark
        self._moment = moment
        self._seen: Counter[str] = Counter()
        self._effects: list[Effect] = []
        self._closed = False
        self._guard = threading.Lock()
        self._struck = threading.Event()

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What has passed so far; the effect at which the run was killed is the last."""
        return tuple(self._effects)

    @property
    def struck(self) -> bool:
        """Whether the run has been killed."""
        return self._struck.is_set()

    def enter(self, name: str) -> Phase | None:
        """Let an effect begin; what is returned is the phase of it in which the caller has to `strike`.

        Raises:
            KilledError: the run is dead, or was killed before this.
        """
        with self._guard:
            late = self._closed
            phase = None if late else self._passed(name)
        if late:
            self._struck.wait()
        elif phase == "before":
            self.strike()
        else:
            return phase
        raise KilledError(f"the run was killed before {name}", remedy="nothing: the sweep goes on with the next plan")

    def strike(self) -> None:
        """Mark the moment and kill the run."""
        body = {"moment": str(self._moment), "monotonic_seconds": time.monotonic()}
        self._mark.write_text(json.dumps(body), encoding="utf-8")
        self._kill()
        self._struck.set()

    def close(self) -> None:
        """Let nothing in any more: the run has ended, and a kill that is under way is over."""
        with self._guard:
            begun, self._closed = self._closed, True
        if begun:
            self._struck.wait(PATIENCE_SECONDS)
        self._struck.set()

    def _passed(self, name: str) -> Phase | None:
        self._seen[name] += 1
        effect = Effect(name, self._seen[name])
        self._effects.append(effect)
        if self._moment is None or effect != self._moment.effect:
            return None
        self._closed = True
        return self._moment.phase

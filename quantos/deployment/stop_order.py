"""What a running engine is told by whoever may stop it: end well, or end at once."""

import threading
import time
from dataclasses import dataclass, field


@dataclass
class StopOrder:
    """One for all that may stop an engine: the function's time, the lease, the kill switch.

    `interrupt_at_seconds` is on the monotonic clock; None never. The first reason stays.
    """

    interrupt_at_seconds: float | None = None
    _reason: str | None = field(default=None, init=False)
    _killed: threading.Event = field(default_factory=threading.Event, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def restart(self, *, interrupt_at_seconds: float | None) -> None:
        """Begin anew for another invocation."""
        self.interrupt_at_seconds = interrupt_at_seconds
        self.clear()

    def clear(self) -> None:
        """Forget what was told; the time stays."""
        with self._lock:
            self._reason = None
            self._killed.clear()

    def interrupt(self, reason: str) -> None:
        """End well: finish the steps under way, write the state, release the lock."""
        with self._lock:
            self._reason = self._reason or reason

    def kill(self, reason: str) -> None:
        """End at once, with every child."""
        self.interrupt(reason)
        self._killed.set()

    @property
    def killed(self) -> bool:
        """Whether it is to end at once."""
        return self._killed.is_set()

    @property
    def reason(self) -> str | None:
        """Why it is to end; None while it may go on."""
        end = self.interrupt_at_seconds
        if self._reason is None and end is not None and time.monotonic() >= end:
            self.interrupt("the time left was only enough to end well")
        return self._reason

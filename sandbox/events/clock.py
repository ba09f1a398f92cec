"""Event time in the sandbox: only the replay moves it, so a trading day passes as fast as the work is done."""

from datetime import UTC, datetime

from sandbox.errors import SandboxError


class ReplayClock:
    """A Clock that only moves when told to, and never backwards.

    Args:
        start: the first moment, aware.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def __call__(self) -> datetime:
        """The present moment of the replay, in UTC."""
        return self._now

    def move_to(self, moment: datetime) -> None:
        """Make `moment` (aware) the present. Raises SandboxError when it lies in the past."""
        if moment < self._now:
            raise SandboxError(
                f"the replay clock stands at {self._now.isoformat()} and was asked back to {moment.isoformat()}",
                remedy="Replay events in the order of their time.",
            )
        self._now = moment.astimezone(UTC)

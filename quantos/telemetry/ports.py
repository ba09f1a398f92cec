"""The histories of demand and of signals as the domain sees them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from quantos.contracts.demand import DemandSample, SignalSample


class DemandHistory(Protocol):
    """Samples by (series, time, source). Adding is idempotent and commutative, also for conflicting values."""

    def add(self, samples: Sequence[DemandSample]) -> None:
        """Add samples. Raises TelemetryError when the store cannot take them; adding all again is safe."""
        ...

    def samples(
        self, series: Collection[str], *, start: datetime, end: datetime
    ) -> dict[str, tuple[DemandSample, ...]]:
        """Samples with start <= time < end of every series asked for.

        In order of (time, source); of conflicting values the greatest. Raises TelemetryError.
        """
        ...


class SignalHistory(Protocol):
    """Samples by (series, time, source, known_at). Adding is idempotent and commutative, as that of demand.

    What could have been known at a moment is what became known up to it, whatever was added since.
    """

    def add(self, samples: Sequence[SignalSample]) -> None:
        """Add samples. Raises TelemetryError when the store cannot take them; adding all again is safe."""
        ...

    def became_known(
        self, series: Collection[str], *, start: datetime, end: datetime
    ) -> dict[str, tuple[SignalSample, ...]]:
        """Samples with start <= known_at < end of every series asked for.

        In order of (known_at, time, source); of conflicting ones that of the greatest value, then the longest hold.
        Raises TelemetryError.
        """
        ...


class WindowStore(Protocol):
    """Binned demand as it was read last, kept so that a new process need not read weeks. Key: series and bin size.

    Losing it loses nothing: the histories hold everything.
    """

    def get(self, key: str, /) -> bytes | None:
        """What was kept last, or None. Raises QuantosError when the store cannot be read."""
        ...

    def put(self, key: str, content: bytes, /) -> None:
        """Keep it, whatever is there. Raises QuantosError."""
        ...

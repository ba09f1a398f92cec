"""The histories of demand and of signals as the domain sees them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from quantos.contracts.demand import DemandSample, SignalSample


def corrections_of(series: str) -> str:
    """The series under which a history tells what was corrected of another: see `DemandHistory`."""
    return f"{series}!corrected"


class DemandHistory(Protocol):
    """Samples by (series, time, source), and all their corrections. Adding is idempotent and commutative.

    What says from when it was known is told a second time, so that who keeps bins need not read weeks to find it: as a
    sample of `corrections_of(series)` at that moment, whose source and value are the hour of its time, epoch seconds.
    """

    def add(self, samples: Sequence[DemandSample]) -> tuple[DemandSample, ...]:
        """Add samples, and return those of hours that are full: no more of these will ever be taken.

        Raises TelemetryError when the store cannot take samples now; adding all again is safe.
        """
        ...

    def samples(
        self, series: Collection[str], *, start: datetime, end: datetime, known_by: datetime | None = None
    ) -> dict[str, tuple[DemandSample, ...]]:
        """Samples with start <= time < end of every series asked for, goodbyes among them.

        In order of (time, source), a goodbye last. Of corrections that were known by `known_by`, all by default, the
        last counts; of what contradicts itself the greatest value. Raises TelemetryError.
        """
        ...


class SignalHistory(Protocol):
    """Samples by (series, time, source, known_at). Adding is idempotent and commutative, as that of demand.

    What could have been known at a moment is what became known up to it, whatever was added since.
    """

    def add(self, samples: Sequence[SignalSample]) -> tuple[SignalSample, ...]:
        """Add samples, and return those of hours that are full: no more of these will ever be taken.

        Raises TelemetryError when the store cannot take samples now; adding all again is safe.
        """
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

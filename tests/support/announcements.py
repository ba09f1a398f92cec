"""Three weeks of demand that announcements drive: known the day before, each makes it threefold for an hour."""

from datetime import datetime, timedelta

import numpy as np

from quantos.contracts.demand import DemandSample, SignalSample
from tests.support.decision_desk import MONDAY, SESSION, session_samples
from tests.support.demand_cases import make_strategy

NEWS = "signal/announcements"
INFORMED = make_strategy(session=SESSION, signals=(NEWS,))
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def starts() -> list[datetime]:
    """When announcements came: three weeks, every day at random; on the last at 11:00."""
    rng = np.random.default_rng(5)
    days = [MONDAY + number * DAY for number in range(-21, 0)]
    hours = [rng.choice(np.arange(8, 17, 1.5), size=3, replace=False).tolist() for _ in days]
    return [*(day + hour * HOUR for day, some in zip(days, hours, strict=True) for hour in some), MONDAY + 11 * HOUR]


STARTS = starts()


def told(start: datetime) -> list[SignalSample]:
    """An announcement and its end, known at the midnight of the day before."""
    known_at = start.replace(hour=0, minute=0) - DAY
    return [
        SignalSample(
            series=NEWS, time=time, known_at=known_at, source="calendar", value=value, holds_seconds=3 * 86_400
        )
        for time, value in ((start, 1.0), (start + HOUR, 0.0))
    ]


SIGNALS = [sample for start in STARTS for sample in told(start)]


def busy(sample: DemandSample) -> DemandSample:
    heard = any(start <= sample.time < start + HOUR for start in STARTS)
    return sample.model_copy(update={"value": 3 * sample.value}) if heard else sample


BUSY = [busy(sample) for sample in session_samples(MONDAY - 21 * DAY, MONDAY + DAY)]

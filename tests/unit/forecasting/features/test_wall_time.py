from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quantos.forecasting.features.wall_time import Clocked, seen_from, spans, together
from quantos.telemetry.bins import Grid
from quantos.telemetry.sessions.clocks import clock_offsets

BIN = 900
DAY = 96


def clocked(first: datetime, days: int, zone: str) -> Clocked:
    """Demand that tells its own local quarter of the hour of the day."""
    grid = Grid(int(first.timestamp()), BIN, (days + 1) * DAY)
    offsets = clock_offsets(zone, grid)
    local = (grid.start + np.arange(grid.count) * BIN + offsets) % 86_400 // BIN
    return Clocked(values=local[: days * DAY].astype(np.float64), offsets=offsets)


@given(
    zone=st.sampled_from(["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Tokyo", "UTC"]),
    start=st.integers(0, 364),
    days=st.integers(2, 400),
    data=st.data(),
)
def test_a_day_ago_is_the_same_local_time_wherever_clocks_were_changed(
    zone: str, start: int, days: int, data: st.DataObject
):
    part = clocked(datetime.fromtimestamp(1_767_225_600 + start * 86_400, UTC), days, zone)
    origin = data.draw(st.integers(DAY, days * DAY - 1))

    seen = seen_from(part, origin, bin_seconds=BIN)

    assert seen.values[origin] == part.values[origin]
    back = np.arange(origin % DAY, origin, DAY)
    same = seen.values[back] == part.values[origin]
    assert same[1:].mean() > 0.95 if len(same) > 20 else (~same[1:]).sum() <= 1


@given(start=st.integers(0, 364), days=st.integers(1, 300))
def test_spans_cover_all_origins_and_no_clock_changes_within_one(start: int, days: int):
    first = datetime.fromtimestamp(1_767_225_600 + start * 86_400, UTC)
    parts = [clocked(first, days, zone) for zone in ("America/New_York", "Europe/London")]

    found = list(spans(parts, first=3, end=days * DAY))

    assert [begin for begin, _ in found] == [3, *(end for _, end in found[:-1])]
    assert found[-1][1] == days * DAY
    assert all(len(set(part.offsets[begin:end].tolist())) == 1 for part in parts for begin, end in found)
    assert len(found) <= 5


def test_what_an_origin_sees_holds_nothing_from_after_it():
    part = clocked(datetime(2026, 10, 28, tzinfo=UTC), 10, "America/New_York")
    changed = 4 * DAY + 24

    for origin in (changed - 1, changed, changed + 7):
        cut = part.until(origin + 1)
        assert np.array_equal(
            seen_from(part, origin, bin_seconds=BIN).values[: origin + 1],
            seen_from(cut, origin, bin_seconds=BIN).values,
        )


def test_parts_add_up_and_are_unknown_where_one_is():
    part = clocked(datetime(2026, 6, 1, tzinfo=UTC), 1, "UTC")
    other = Clocked(values=np.where(part.values > 50, np.nan, 1.0), offsets=part.offsets)

    values, opened = together([part, other])

    assert opened is None
    assert np.array_equal(np.isnan(values), part.values > 50)
    assert np.array_equal(values[:50], part.values[:50] + 1)

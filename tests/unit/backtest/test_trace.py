from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from quantos.backtest.replay import series_of
from quantos.backtest.trace import Gaps, carried, read_trace
from quantos.errors import SettingsError


def write(path: Path, *rows: str, header: str = "time,demand") -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_absent_bins_are_zero_or_the_last_known_value(tmp_path: Path):
    file = write(tmp_path / "t.csv", "2026-01-01T00:00:00Z,4", "2026-01-01T00:05:00Z,6", "2026-01-01T00:20:00Z,8")

    assert read_trace(file, gaps="zero").values.tolist() == [4, 6, 0, 0, 8]
    held = read_trace(file, gaps="hold")
    assert held.values.tolist() == [4, 6, 6, 6, 8]
    assert (held.bin_seconds, held.repaired, held.first) == (300, 2, datetime(2026, 1, 1, tzinfo=UTC))


def test_values_that_are_no_demand_are_unknown_and_counted(tmp_path: Path):
    times = [f"2026-01-01T00:0{minute}:00+00:00" for minute in range(6)]
    file = write(
        tmp_path / "t.csv", *(f"{t},{v}" for t, v in zip(times, ("5", "nan", "-3", "inf", "", "7"), strict=True))
    )

    trace = read_trace(file, gaps="zero")

    assert trace.values.tolist() == [5, 5, 5, 5, 5, 7]
    assert trace.repaired == 4


def test_times_without_a_zone_are_utc_and_others_are_converted(tmp_path: Path):
    file = write(tmp_path / "t.csv", "2026-01-01 01:00:00+01:00,1", "2026-01-01T00:30:00,2")

    assert read_trace(file, gaps="zero").first == datetime(2026, 1, 1, tzinfo=UTC)


def test_nothing_is_known_before_the_first_value():
    assert carried(np.array([np.nan, np.nan, 3.0, np.nan])).tolist() == [0, 0, 3, 3]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param(["2026-01-01T00:00:00Z,1"], "1 rows", id="one-row"),
        pytest.param(["2026-01-01T00:05:00Z,1", "2026-01-01T00:00:00Z,1"], "row 2 is not after", id="unsorted"),
        pytest.param(["2026-01-01T00:00:00Z,1"] * 2, "row 2 is not after", id="repeated"),
        pytest.param(
            ["2026-01-01T00:00:00Z,1", "2026-01-01T00:05:00Z,1", "2026-01-01T00:12:00Z,1"], "off the grid", id="uneven"
        ),
        pytest.param(["2026-01-01T00:00:00Z,1", "2026-01-02T00:00:00Z,1"], "bins of 86400 s", id="daily"),
        pytest.param(["2026-01-01T00:00:00Z,1", "2026-01-01T00:00:30Z,1"], "bins of 30 s", id="half-minutes"),
        pytest.param(["yesterday,1", "today,1"], "is no trace", id="no-time"),
        pytest.param(["2026-01-01T00:00:00Z,much", "2026-01-01T00:05:00Z,1"], "is no trace", id="no-number"),
    ],
)
def test_what_is_no_trace_is_refused_with_the_reason(tmp_path: Path, rows: list[str], said: str):
    with pytest.raises(SettingsError, match=said):
        read_trace(write(tmp_path / "t.csv", *rows), gaps="zero")


def test_a_file_without_the_columns_is_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match="is no trace"):
        read_trace(write(tmp_path / "t.csv", "1,2", "2,3", header="a,b"), gaps="zero")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match="is no trace"):
        read_trace(tmp_path / "none.csv", gaps="zero")


def by_source(*, silent_from: int | None = None, bins: int = 3 * 288) -> list[str]:
    """Two sources that tell 10 and 30 a bin, the second until it falls silent."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    return [
        f"{(start + timedelta(minutes=5 * index)).isoformat()},{source},{value}"
        for index in range(bins)
        for source, value in (("a", 10), ("b", 30))
        if source == "a" or silent_from is None or index < silent_from
    ]


def test_the_sources_of_a_bin_add_up(tmp_path: Path):
    trace = read_trace(write(tmp_path / "t.csv", *by_source(), header="time,source,demand"), gaps="zero")

    assert set(trace.values.tolist()) == {40.0}
    assert trace.complete is not None
    assert trace.complete.all()
    assert trace.repaired == 0


@pytest.mark.parametrize("gaps", ["zero", "hold"])
def test_the_share_of_a_silent_source_is_held_as_in_decisions(tmp_path: Path, gaps: Gaps):
    file = write(tmp_path / "t.csv", *by_source(silent_from=700), header="time,source,demand")

    trace = read_trace(file, gaps=gaps)

    assert trace.values == pytest.approx(np.full(3 * 288, 40.0))
    assert trace.complete is not None
    assert np.flatnonzero(~trace.complete).tolist() == list(range(700, 3 * 288))
    assert series_of(trace).complete is trace.complete


def test_a_source_that_tells_nothing_usable_is_silent(tmp_path: Path):
    rows = [row.replace("b,30", "b,nan") if index > 1600 else row for index, row in enumerate(by_source())]

    trace = read_trace(write(tmp_path / "t.csv", *rows, header="time,source,demand"), gaps="hold")

    assert trace.values == pytest.approx(np.full(3 * 288, 40.0))

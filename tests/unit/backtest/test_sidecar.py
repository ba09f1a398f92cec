import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from quantos.backtest.judge import judge
from quantos.backtest.replay import replay, terms_of
from quantos.backtest.sidecar import Known, Sidecar, Signal, known, open_in_calendar, read_sidecar
from quantos.backtest.trace import Trace, read_trace
from quantos.errors import SettingsError


def trace(start: datetime, *, bins: int, bin_seconds: int = 1800) -> Trace:
    return Trace(name="t", first=start, bin_seconds=bin_seconds, values=np.ones(bins), repaired=0)


def hours(opened: np.ndarray, day: int, *, bins: int = 48) -> float:
    return float(opened[day * bins : (day + 1) * bins].sum()) / 2


def test_a_calendar_knows_holidays_half_days_and_the_change_of_the_clock():
    thanksgiving = trace(datetime(2024, 11, 27, tzinfo=UTC), bins=48 * 4)
    opened, clock = open_in_calendar(thanksgiving, "XNYS")

    assert len(opened) == 48 * 5
    assert [hours(opened, day) for day in range(4)] == [6.5, 0, 3.5, 0]
    assert int(np.argmax(opened)) == 29
    assert clock == "America/New_York"
    summer, _ = open_in_calendar(trace(datetime(2024, 7, 1, tzinfo=UTC), bins=48), "XNYS")
    assert int(np.argmax(summer)) == 27


def test_a_signal_counts_from_when_it_was_known_and_not_before(tmp_path: Path):
    file = tmp_path / "t.csv"
    file.write_text(
        "time,demand,news,seen\n"
        "2026-01-01T00:00:00Z,1,10,2026-01-01T01:30:00Z\n"
        "2026-01-01T00:30:00Z,1,,\n"
        "2026-01-01T01:00:00Z,1,20,2026-01-01T01:40:00Z\n"
        "2026-01-01T01:30:00Z,1,30,2026-01-02T00:00:00Z\n",
        encoding="utf-8",
    )
    shown = read_trace(file, gaps="zero")

    def column(signal: Signal) -> list[float]:
        return (
            np.expm1(known(shown, Sidecar(signals=(signal,)), path=file, ahead_seconds=600).covariates["news"][:, 0])
            .round(6)
            .tolist()
        )

    assert column(Signal(column="news", known_at="seen")) == [0, 0, 10, 20]
    assert column(Signal(column="news", known_after_seconds=0)) == [10, 20, 30, 30]
    assert column(Signal(column="news")) == [10, 10, 20, 30]
    assert column(Signal(column="news", known_after_seconds=3600)) == [0, 10, 10, 20]


def test_a_signal_may_be_revised_scheduled_or_over_and_unknown_is_told_from_zero(tmp_path: Path):
    file = tmp_path / "t.csv"
    file.write_text(
        "time,demand,news,seen\n"
        "2026-01-01T00:00:00Z,1,0,2026-01-01T01:00:00Z\n"
        "2026-01-01T00:30:00Z,1,9,2026-01-01T02:30:00Z\n"
        "2026-01-01T01:00:00Z,1,5,2026-01-01T02:00:00Z\n"
        "2026-01-01T03:00:00Z,1,7,2026-01-01T00:00:00Z\n",
        encoding="utf-8",
    )
    signal = Signal(column="news", known_at="seen", holds_seconds=5400)
    shown = read_trace(file, gaps="zero")

    found = known(shown, Sidecar(signals=(signal,)), path=file, ahead_seconds=1800).covariates["news"]

    values = [
        round(value, 6) if heard else None for value, heard in zip(np.expm1(found[:, 0]), found[:, 1], strict=True)
    ]
    assert values == [None, 0, 0, 5, 7, 7, 7]


def test_times_of_day_go_by_the_zone_that_is_stated_else_by_the_calendars(tmp_path: Path):
    shown, path = trace(datetime(2026, 10, 31, tzinfo=UTC), bins=48 * 2), tmp_path / "none.csv"

    stated = known(shown, Sidecar(time_zone="America/New_York"), path=path, ahead_seconds=600).offsets
    calendars = known(shown, Sidecar(calendar="XLON"), path=path, ahead_seconds=600).offsets

    assert stated is not None
    assert calendars is not None
    assert (stated[:60] == -4 * 3600).all()
    assert (stated[60:] == -5 * 3600).all()
    assert len(stated) == 48 * 3
    assert not calendars.any()
    assert known(shown, Sidecar(), path=path, ahead_seconds=600).offsets is None


def test_a_trace_without_a_sidecar_has_none_and_a_wrong_one_is_refused(tmp_path: Path):
    file = tmp_path / "t.csv"
    assert read_sidecar(file) is None
    (tmp_path / "t.meta.json").write_text(json.dumps({"calender": "XNYS"}), encoding="utf-8")
    with pytest.raises(SettingsError, match="calender"):
        read_sidecar(file)


@pytest.mark.parametrize(
    ("sidecar", "said"),
    [
        (Sidecar(calendar="NOWHERE"), "NOWHERE"),
        (Sidecar(time_zone="Mars/Olympus"), "Mars/Olympus"),
        (Sidecar(signals=(Signal(column="rumours"),)), "rumours"),
    ],
)
def test_what_a_sidecar_names_must_exist(tmp_path: Path, sidecar: Sidecar, said: str):
    file = tmp_path / "t.csv"
    file.write_text("time,demand\n2026-01-01T00:00:00Z,1\n2026-01-01T00:30:00Z,1\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        known(read_trace(file, gaps="zero"), sidecar, path=file, ahead_seconds=600)


def test_a_signal_known_ahead_makes_decisions_cheaper_and_later_signals_change_nothing():
    rng = np.random.default_rng(12)
    count = 24 * 48
    burst = rng.random(count) < 0.05
    values = 50 + rng.normal(0, 2, count) + 60 * burst
    shown = Trace(name="t", first=datetime(2026, 1, 5, tzinfo=UTC), bin_seconds=1800, values=values, repaired=0)
    terms = terms_of(shown, lead_seconds=600, hold_seconds=600, miss_cost=66)
    told = np.r_[burst[2:], [False, False]].astype(np.float64)[:, None]
    cut = 20 * 48

    without = replay(shown, terms).targets
    informed = replay(shown, terms, known=Known(covariates={"told": told}, opened=None)).targets
    changed = told.copy()
    changed[cut:] = 1 - changed[cut:]
    other = replay(shown, terms, known=Known(covariates={"told": changed}, opened=None)).targets

    assert judge(shown, informed, terms).ratio < 0.9 * judge(shown, without, terms).ratio
    known_bins = cut - shown.tested_from
    assert informed[:known_bins].tobytes() == other[:known_bins].tobytes()

"""What candidates may look at: each origin as numbers by its own scale, so that a trace's unit and growth drop out."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from quantos.arrays import BoolArray, FloatArray
from quantos.forecasting.features.learnt_sessions import LOOKED_BACK_DAYS, session_reference
from quantos.forecasting.features.lookback import Lookback
from quantos.forecasting.features.target_window import Aim
from quantos.units import DAY_SECONDS

HOUR_SECONDS: Final = 3600
MAX_DAYS: Final = 7
MAX_WEEKS: Final = 4
LEVEL_BOUNDS: Final = (0.25, 4.0)
_LEAST_SHARE: Final = 0.02
_HARMONICS: Final = 2

_LINEAR: Final = frozenset({
    "now", "lag1", "lag2", "mean3", "mean12", "faded8", "faded32", "slope3", "max12", "max_day", "steps12",
    "day", "day_level", "day_step", "day_max1", "week", "week_level", "week_step",
    "session", "session_level", "open_share", "days_mean", "days_level", "weeks_mean", "weeks_level", "hours_mean",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Which features there are: it depends on the bins, on the aim, and on how much history there was at the fit.

    Attributes:
        days, weeks: how many earlier days and weeks are looked back on; zero where history is shorter.
        least: the smallest demand worth telling from none, above zero.
        sessions: whether it is known when there can be demand.
        covariates: names of what else is looked at, in order.
        local: whether times of day are those of the demand's own clocks; else UTC.
    """

    bin_seconds: int
    aim: Aim
    days: int
    weeks: int
    least: float
    sessions: bool = False
    covariates: tuple[str, ...] = ()
    local: bool = False

    @property
    def day_bins(self) -> int:
        """Bins in a day, to the nearest."""
        return round(DAY_SECONDS / self.bin_seconds)

    @property
    def hour_bins(self) -> int:
        """Bins in an hour, one at least."""
        return max(HOUR_SECONDS // self.bin_seconds, 1)

    @property
    def level_bins(self) -> int:
        """Bins over which the present level is taken: half an hour, one at least."""
        return max(round(self.day_bins / 48), 1)

    @property
    def context_bins(self) -> int:
        """Bins before an origin that its features are made of."""
        back = LOOKED_BACK_DAYS if self.sessions else MAX_DAYS
        return max(self.weeks * 7, self.days, back) * self.day_bins + 4 * self.level_bins + 1


def layout_of(
    *,
    bin_seconds: int,
    aim: Aim,
    history_bins: int,
    least: float,
    sessions: bool,
    covariates: tuple[str, ...] = (),
    local: bool = False,
) -> Layout:
    """The layout that a history allows: a season is looked back on once it has been seen one and a half times."""
    day_bins = round(DAY_SECONDS / bin_seconds)
    seen_days = history_bins // day_bins
    days = min(MAX_DAYS, seen_days // 2 if seen_days < 4 else seen_days - 2)
    weeks = min(MAX_WEEKS, seen_days // 7 if seen_days >= 11 else 0)
    return Layout(
        bin_seconds=bin_seconds,
        aim=aim,
        days=max(days, 0),
        weeks=weeks,
        least=least,
        sessions=sessions,
        covariates=covariates,
        local=local,
    )


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What is known at m consecutive origins.

    Attributes:
        scale: shape (m,), the size of demand lately, above zero, in its unit.
        columns: shape (m, k), by `scale` where they have its unit.
        linear: indices of the columns that linear models use.
        clock_bin: bins from the epoch to the first bin of the series by its clock, so that seasons do not depend on
            where it starts.
        session: shape (m,), demand expected from the last open day, with the present level; None without sessions.
    """

    look: Lookback
    layout: Layout
    scale: FloatArray
    columns: FloatArray
    linear: tuple[int, ...]
    clock_bin: int
    session: FloatArray | None


def frame_of(look: Lookback, layout: Layout, *, start: int, covariates: FloatArray, opened: BoolArray | None) -> Frame:
    """The features of some origins.

    Args:
        start: when the first bin of the series starts, epoch seconds.
        covariates: shape (n, c), what else is known at each origin of the whole series; c may be 0.
        opened: shape (n + last bin of the aim,), when there can be demand; None where the layout has no sessions.
    """
    day = layout.day_bins
    scale = np.maximum(look.mean(day), np.maximum(_LEAST_SHARE * look.maximum(7 * day), layout.least))
    demand = _recent(look, layout) | _seasonal(look, layout)
    clock = _clock(look, layout, start=start)
    session = None
    if layout.sessions and opened is not None:
        in_session = _session(look, layout, opened=opened)
        session = in_session["session_level"]
        demand |= in_session
        clock |= _phase(look, layout, opened=opened)
    names = [*demand, *clock]
    columns = np.column_stack(
        [
            *(values / scale for values in demand.values()),
            *clock.values(),
            covariates[look.first : look.end],
        ]
    )
    linear = tuple(
        index for index, name in enumerate(names) if name in _LINEAR or name.startswith(("sine", "cosine"))
    ) + tuple(range(len(names), columns.shape[1]))
    clock_bin = start // layout.bin_seconds
    return Frame(
        look=look,
        layout=layout,
        scale=scale,
        columns=columns,
        linear=linear,
        clock_bin=clock_bin,
        session=session,
    )


def same_time_before(look: Lookback, layout: Layout, season_bins: int, *, around: int = 0) -> FloatArray:
    """Greatest demand a season before the aimed-at bins, and up to `around` bins beside them, shape (m,)."""
    aim = layout.aim
    lag = season_bins - aim.last_bins - around
    width = aim.last_bins - aim.first_bins + 1 + 2 * around
    return look.maximum(width, lag=max(lag, 0))


def level_ratio(look: Lookback, layout: Layout, season_bins: int, *, width: int) -> FloatArray:
    """How far demand lately runs above what it was at the same time a season before, bounded, shape (m,)."""
    before = np.maximum(look.mean(width, lag=season_bins), layout.least)
    return np.clip(look.mean(width) / before, *LEVEL_BOUNDS)


def _recent(look: Lookback, layout: Layout) -> dict[str, FloatArray]:
    steps = look.steps()
    now = look.at(0)
    features = {"now": now} | {f"lag{lag}": look.at(lag) for lag in (1, 2, 3)}
    for width in sorted({3, 6, 12, 24, layout.day_bins // 4}):
        features |= {f"mean{width}": look.mean(width), f"max{width}": look.maximum(width)}
    features["max_day"] = look.maximum(layout.day_bins)
    features |= {f"faded{half_life}": look.faded(half_life) for half_life in (2, 8, 32)}
    features |= {"steps12": steps.mean(12), "steps_day": steps.mean(layout.day_bins)}
    features |= {"slope3": now - look.at(3), "slope12": now - look.at(12)}
    hour, aim = layout.hour_bins, layout.aim
    if hour > aim.last_bins:
        hours = [same_time_before(look, layout, hour * count) for count in range(1, 7)]
        features |= {"hour": hours[0], "hours_max": np.max(hours, axis=0), "hours_mean": np.mean(hours, axis=0)}
    return features


def _seasonal(look: Lookback, layout: Layout) -> dict[str, FloatArray]:
    features: dict[str, FloatArray] = {}
    day = layout.day_bins
    if layout.days:
        features |= _season(look, layout, day, name="day")
        features |= _seasons(look, layout, [day * count for count in range(1, layout.days + 1)], name="days")
    if layout.weeks:
        features |= _season(look, layout, 7 * day, name="week")
        features |= _seasons(look, layout, [7 * day * count for count in range(1, layout.weeks + 1)], name="weeks")
    return features


def _season(look: Lookback, layout: Layout, season: int, *, name: str) -> dict[str, FloatArray]:
    """What one season before says about the aimed-at bins."""
    before = same_time_before(look, layout, season)
    return {
        name: before,
        f"{name}_max1": same_time_before(look, layout, season, around=1),
        f"{name}_max3": same_time_before(look, layout, season, around=3),
        f"{name}_level": before * level_ratio(look, layout, season, width=layout.level_bins),
        f"{name}_slow_level": before * level_ratio(look, layout, season, width=4 * layout.level_bins),
        f"{name}_step": before - look.at(season) + look.at(0),
        f"{name}_ratio": level_ratio(look, layout, season, width=layout.level_bins) * look.mean(layout.day_bins),
    }


def _seasons(look: Lookback, layout: Layout, lags: list[int], *, name: str) -> dict[str, FloatArray]:
    """What several seasons before say together."""
    before = [same_time_before(look, layout, lag) for lag in lags]
    beside = [same_time_before(look, layout, lag, around=1) for lag in lags]
    width = layout.level_bins
    levels = np.mean([look.mean(width, lag=lag) for lag in lags], axis=0)
    ratio = np.clip(look.mean(width) / np.maximum(levels, layout.least), *LEVEL_BOUNDS)
    mean = np.mean(before, axis=0)
    return {
        f"{name}_mean": mean,
        f"{name}_max": np.max(before, axis=0),
        f"{name}_level": mean * ratio,
        f"{name}_max1_mean": np.mean(beside, axis=0),
    }


def _session(look: Lookback, layout: Layout, *, opened: BoolArray) -> dict[str, FloatArray]:
    """What the last open day says about the aimed-at bins, as it was and with the present level."""
    reference = session_reference(look.values, opened, day_bins=layout.day_bins)
    ahead = sliding_window_view(reference, layout.aim.last_bins - layout.aim.first_bins + 1).max(axis=1)
    session = ahead[look.first + layout.aim.first_bins : look.end + layout.aim.first_bins]
    compared = np.where(reference[: len(look.values)] > 0, look.values, 0.0)
    width = 4 * layout.level_bins
    expected = Lookback(reference, look.first, look.end).mean(width)
    measured = Lookback(compared, look.first, look.end).mean(width)
    level = np.divide(measured, expected, out=np.ones(len(look)), where=expected > layout.least)
    return {"session": session, "session_level": session * np.clip(level, *LEVEL_BOUNDS)}


def _phase(look: Lookback, layout: Layout, *, opened: BoolArray) -> dict[str, FloatArray]:
    """Share of the aimed-at bins that are open, and how long the last of them has been in its session, in hours."""
    sums = np.concatenate([[0.0], np.cumsum(opened)])
    origins = np.arange(look.first, look.end)
    first, last = layout.aim.first_bins, layout.aim.last_bins
    share = (sums[origins + last + 1] - sums[origins + first]) / (last - first + 1)
    index = np.arange(len(opened))
    shut = np.maximum.accumulate(np.where(opened, -1, index))
    since = (index - shut)[origins + last] / layout.hour_bins
    return {"open_share": share, "hours_open": np.minimum(since, DAY_SECONDS / HOUR_SECONDS)}


def _clock(look: Lookback, layout: Layout, *, start: int) -> dict[str, FloatArray]:
    """Time of day, day of week and bin of the hour of the last aimed-at bin, by the clock of the series."""
    ahead = start + (look.origins + layout.aim.last_bins) * layout.bin_seconds
    day = ahead % DAY_SECONDS / DAY_SECONDS
    features = {"time_of_day": day, "weekday": ahead // DAY_SECONDS % 7}
    if layout.hour_bins > 1:
        features["bin_of_hour"] = ahead % HOUR_SECONDS // layout.bin_seconds
    for count in range(1, _HARMONICS + 1):
        angle = 2 * np.pi * count * day
        features |= {f"sine{count}": np.sin(angle), f"cosine{count}": np.cos(angle)}
    return features

"""SVG path data of series over time. A bin without a value is a gap, never a zero."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeAlias

from sandbox.demo.report.markup import number
from sandbox.demo.report.scale import Plot

Point: TypeAlias = tuple[datetime, float | None]
Known: TypeAlias = tuple[datetime, float]


def line(plot: Plot, series: Sequence[Point]) -> str:
    """A straight line from point to point; a point alone is a short dash."""
    return "".join(_polyline(plot, run) + ("h1" if len(run) == 1 else "") for run in _known_runs(series))


def steps(plot: Plot, series: Sequence[Point], *, width: timedelta) -> str:
    """A line that holds each value for the width of its bin."""
    return "".join(_stairs(plot, run, width) for run in _known_runs(series))


def step_area(plot: Plot, series: Sequence[Point], *, width: timedelta) -> str:
    """The area under such a line."""
    foot = number(plot.bottom)
    return "".join(f"{_stairs(plot, run, width)}V{foot}H{number(plot.x(run[0][0]))}Z" for run in _known_runs(series))


def band(plot: Plot, lower: Sequence[Known], upper: Sequence[Known]) -> str:
    """The area between two lines."""
    if not lower:
        return ""
    return _polyline(plot, upper) + "L" + _polyline(plot, list(reversed(lower)))[1:] + "Z"


def excess(plot: Plot, series: Sequence[Point], over: Sequence[float], *, width: timedelta) -> str:
    """One bar a bin, from the value in `over` up to the series, where the series is above it."""
    bars = (
        f"M{number(plot.x(time))} {number(plot.y(value))}H{number(plot.x(time + width))}"
        f"V{number(plot.y(least))}H{number(plot.x(time))}Z"
        for (time, value), least in zip(series, over, strict=True)
        if value is not None and value > least
    )
    return "".join(bars)


def _known_runs(series: Sequence[Point]) -> Iterator[list[Known]]:
    for known, run in groupby(series, key=lambda point: point[1] is not None):
        if known:
            yield [(time, value) for time, value in run if value is not None]


def _polyline(plot: Plot, points: Sequence[Known]) -> str:
    return "M" + "L".join(f"{number(plot.x(time))} {number(plot.y(value))}" for time, value in points)


def _stairs(plot: Plot, run: Sequence[Known], width: timedelta) -> str:
    (first, value), last = run[0], run[-1][0]
    path, held = f"M{number(plot.x(first))} {number(plot.y(value))}", value
    for time, value in run:
        if value != held:
            path += f"H{number(plot.x(time))}V{number(plot.y(value))}"
            held = value
    return path + f"H{number(plot.x(last + width))}"

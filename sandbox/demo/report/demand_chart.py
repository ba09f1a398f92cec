"""The main chart: demand, its forecast, the guaranteed floor and Ready capacity, with what was decided beneath."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final

from pydantic import JsonValue

from sandbox.demo.report.curves import Point, band, excess, line, step_area, steps
from sandbox.demo.report.marks import Lanes
from sandbox.demo.report.markup import Markup, element, embedded_json, joined, number
from sandbox.demo.report.scale import Plot, round_steps
from sandbox.demo.report.wording import clock, day_name
from sandbox.demo.result import BinRow, DemoResult


@dataclass(frozen=True, kw_only=True)
class ChartShape:
    """Size of a chart in SVG units; `tick_apart` is the least room for a time."""

    width: float
    plot_height: float
    tick_apart: float
    class_name: str


WIDE: Final = ChartShape(width=1240, plot_height=320, tick_apart=66, class_name="wide")
NARROW: Final = ChartShape(width=380, plot_height=210, tick_apart=48, class_name="narrow")
_LEFT: Final = 76.0
_RIGHT: Final = 8.0
_TOP: Final = 26.0
_AXIS: Final = 40.0
_LEGEND: Final = (
    ("demand", "demand"),
    ("gap", "demand unknown"),
    ("forecast", "forecast of the coming peak, expected to upper"),
    ("floor", "guaranteed floor"),
    ("ready", "Ready capacity"),
    ("short", "demand above Ready capacity"),
)
_SHADED: Final = ("closed", "opening", "closing")


def demand_figure(result: DemoResult) -> Markup:
    """The whole replay in one wide chart, and one chart a day for narrow screens."""
    if not result.bins:
        return element("p", "No bin was decided, so there is nothing to draw.", class_="empty")
    days = [
        element("div", element("h3", day_name(day)), _chart(result, rows, NARROW), class_="day")
        for day, rows in _by_day(result.bins)
    ]
    return element(
        "figure",
        _legend(),
        element("div", _chart(result, result.bins, WIDE), class_="only-wide scroll"),
        element("div", *days, class_="only-narrow"),
        element("figcaption", _caption(result)),
        embedded_json("bins", _readings(result)),
    )


def top_vcpu(rows: Sequence[BinRow]) -> list[float]:
    """Round steps of the vertical axis, up to one above everything drawn."""
    largest = max(max(row.demand_vcpu or 0.0, row.upper_vcpu, row.floor_vcpu, row.ready_vcpu) for row in rows)
    return round_steps(largest * 1.02, at_most=6)


def phase_bands(plot: Plot, rows: Sequence[BinRow], *, width: timedelta, named: bool) -> Markup:
    """The session's phases as shades behind the data, with their names where there is room."""
    return joined(
        _phase_band(plot, list(run), width=width, named=named) for _, run in groupby(rows, lambda row: row.phase)
    )


def _by_day(rows: Sequence[BinRow]) -> Iterator[tuple[datetime, list[BinRow]]]:
    for _, run in groupby(rows, key=lambda row: row.start.astimezone(UTC).date()):
        day = list(run)
        yield day[0].start.astimezone(UTC), day


def _chart(result: DemoResult, rows: Sequence[BinRow], shape: ChartShape) -> Markup:
    width = timedelta(seconds=result.bin_seconds)
    levels = top_vcpu(result.bins)
    plot = Plot(
        left=_LEFT,
        right=shape.width - _RIGHT,
        top=_TOP,
        bottom=_TOP + shape.plot_height,
        start=rows[0].start,
        end=rows[-1].start + width,
        top_vcpu=levels[-1],
    )
    decisions = tuple(row for row in result.decisions if plot.start <= row.time <= plot.end)
    lanes = Lanes(plot=plot, decisions=decisions, top=plot.bottom + _AXIS, bin_width=width)
    height = lanes.top + lanes.height + 6
    return element(
        "svg",
        element("title", f"Demand and capacity of pool {result.pool} in vCPU"),
        phase_bands(plot, rows, width=width, named=True),
        _grid(plot, levels),
        _curves(plot, rows, width),
        _time_axis(plot, shape.tick_apart),
        lanes.draw(),
        element("path", d=f"M0 {number(plot.top)}V{number(plot.bottom)}", class_="crosshair"),
        viewBox=f"0 0 {number(shape.width)} {number(height)}",
        class_=f"chart {shape.class_name}",
        role="img",
        data_left=plot.left,
        data_right=plot.right,
        data_width=shape.width,
        data_start=str(round(plot.start.timestamp())),
        data_end=str(round(plot.end.timestamp())),
    )


def _curves(plot: Plot, rows: Sequence[BinRow], width: timedelta) -> Markup:
    demand: list[Point] = [(row.start + width / 2, row.demand_vcpu) for row in rows]
    floor: list[Point] = [(row.start, row.floor_vcpu) for row in rows]
    ready: list[Point] = [(row.start, row.ready_vcpu) for row in rows]
    expected = [(row.start + width, row.expected_vcpu) for row in rows]
    upper = [(row.start + width, row.upper_vcpu) for row in rows]
    measured: list[Point] = [(row.start, row.demand_vcpu) for row in rows]
    unknown: list[Point] = [(row.start, 0.0 if row.demand_vcpu is None else None) for row in rows]
    drawn = (
        ("ready area", step_area(plot, ready, width=width)),
        ("ready edge", steps(plot, ready, width=width)),
        ("forecast area", band(plot, expected, upper)),
        ("forecast edge", line(plot, [*upper])),
        ("floor", steps(plot, floor, width=width)),
        ("short", excess(plot, measured, [row.ready_vcpu for row in rows], width=width)),
        ("gap", steps(plot, unknown, width=width)),
        ("demand", line(plot, demand)),
    )
    return joined(element("path", d=path, class_=name) for name, path in drawn if path)


def _grid(plot: Plot, levels: Sequence[float]) -> Markup:
    lines = [
        joined(
            (
                element(
                    "path",
                    d=f"M{number(plot.left)} {number(plot.y(level))}H{number(plot.right)}",
                    class_="grid" if level else "axis",
                ),
                element("text", f"{level:g}", x=plot.left - 8, y=plot.y(level) + 4, text_anchor="end"),
            )
        )
        for level in levels
    ]
    unit = element("text", "vCPU", x=plot.left - 8, y=plot.top - 12, text_anchor="end", class_="unit")
    return joined((*lines, unit))


def _time_axis(plot: Plot, apart: float) -> Markup:
    return joined(_tick(plot, time) for time in plot.ticks(apart=apart))


def _tick(plot: Plot, time: datetime) -> Markup:
    x, foot = plot.x(time), plot.bottom
    midnight = time.hour == 0
    mark = element("path", d=f"M{number(x)} {number(foot)}v5", class_="axis")
    if plot.right - x < 60 and midnight:
        return mark
    label = element("text", clock(time), x=x, y=foot + 18, text_anchor="middle")
    if not midnight:
        return joined((mark, label))
    day = element("text", f"{time:%a} {time.day} {time:%b}", x=max(x - 16, 0), y=foot + 33, class_="day-name")
    return joined((mark, label, day))


def _phase_band(plot: Plot, run: list[BinRow], *, width: timedelta, named: bool) -> Markup:
    phase = run[0].phase
    left, right = plot.x(run[0].start), plot.x(run[-1].start + width)
    shade = element(
        "rect",
        element("title", phase),
        x=left,
        y=plot.top,
        width=right - left,
        height=plot.bottom - plot.top,
        class_=f"phase {phase}",
    )
    if not named or right - left < 6.2 * len(phase):
        return shade
    middle = (left + right) / 2
    return joined((shade, element("text", phase, x=middle, y=plot.top - 7, text_anchor="middle", class_="phase-name")))


def _legend() -> Markup:
    items = [element("li", element("span", class_=f"key {key}"), text) for key, text in _LEGEND]
    shades = [element("li", element("span", class_=f"key phase {phase}"), phase) for phase in _SHADED]
    return element("ul", *items, *shades, class_="legend")


def _caption(result: DemoResult) -> str:
    demand = f"Pool {result.pool}, {result.bin_seconds // 60}-minute bins, all times UTC."
    return (
        f"{demand} The forecast at a time is of the largest demand within the horizon from then on, hence it leads. "
        "Ready capacity follows the floor and the autoscaler after the time that nodes take. "
        "Marks under the axis are decisions; unchanged ones have none."
    )


def _readings(result: DemoResult) -> JsonValue:
    """What the page's script shows of a bin under the pointer."""
    return [
        [
            round(row.start.timestamp()),
            row.phase,
            *(
                None if value is None else round(value, 1)
                for value in (
                    row.demand_vcpu, row.expected_vcpu, row.upper_vcpu, row.floor_vcpu, row.ready_vcpu,
                    row.static_vcpu, row.reactive_vcpu,
                )
            ),
        ]
        for row in result.bins
    ]  # fmt: skip

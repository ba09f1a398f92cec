"""The three ways of sizing side by side: what each cost and missed, and its capacity over the demand."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from sandbox.demo.report.curves import Point, excess, line, step_area, steps
from sandbox.demo.report.demand_chart import phase_bands
from sandbox.demo.report.findings import missing_share
from sandbox.demo.report.markup import Markup, element, joined, number
from sandbox.demo.report.scale import Plot, round_steps
from sandbox.demo.report.wording import clock, percent, usd
from sandbox.demo.result import BinRow, DemoResult, WayOfSizing

_CAPACITY: Final[dict[str, Callable[[BinRow], float]]] = {
    "quantos": lambda row: row.ready_vcpu,
    "static peak": lambda row: row.static_vcpu,
    "reactive": lambda row: row.reactive_vcpu,
}
_WIDTH: Final = 396.0
_HEIGHT: Final = 150.0


def comparison_table(result: DemoResult) -> Markup:
    """USD/hour and missing demand of each way, with bars on a common scale."""
    if not result.ways:
        return element("p", "The run compared no ways of sizing.", class_="empty")
    dearest = max(way.usd_per_hour for way in result.ways)
    worst = max(way.missing_vcpu_hours for way in result.ways)
    head = element(
        "tr",
        *(
            element("th", text, scope="col")
            for text in ("Sizing", "USD/hour", "Missing vCPU\u00b7h", "of demand", "Bins short", "Flaps")
        ),
    )
    rows = [
        element(
            "tr",
            element("th", way.name, scope="row"),
            _barred(usd(way.usd_per_hour), way.usd_per_hour, of=dearest, kind="cost"),
            _barred(f"{way.missing_vcpu_hours:,.2f}", way.missing_vcpu_hours, of=worst, kind="missing"),
            element("td", _share(result, way), class_="figure"),
            element("td", percent(way.short_share), class_="figure"),
            element("td", str(way.flaps), class_="figure", title="changes taken back within half an hour"),
        )
        for way in result.ways
    ]
    table = element("table", element("thead", head), element("tbody", *rows), class_="ways")
    return element("div", table, class_="scroll")


def capacity_multiples(result: DemoResult) -> Markup:
    """One small chart a way, all on the same scale."""
    if not result.bins:
        return Markup("")
    largest = max(
        max(row.demand_vcpu or 0.0, row.ready_vcpu, row.static_vcpu, row.reactive_vcpu) for row in result.bins
    )
    levels = round_steps(largest * 1.02, at_most=4)
    charts = [_multiple(result, name, capacity=capacity, levels=levels) for name, capacity in _CAPACITY.items()]
    return element("div", *charts, class_="multiples")


def _share(result: DemoResult, way: WayOfSizing) -> str:
    share = missing_share(result, way)
    return "no demand" if share is None else percent(share)


def _barred(text: str, value: float, *, of: float, kind: str) -> Markup:
    width = 100 * value / of if of > 0 else 0.0
    bar = element("span", element("span", class_=f"bar {kind}", style=f"width:{number(width)}%"), class_="track")
    return element("td", element("span", text, class_="figure"), bar, class_="barred")


def _multiple(result: DemoResult, name: str, *, capacity: Callable[[BinRow], float], levels: Sequence[float]) -> Markup:
    rows, width = result.bins, timedelta(seconds=result.bin_seconds)
    plot = Plot(
        left=34, right=_WIDTH - 6, top=8, bottom=_HEIGHT - 22,
        start=rows[0].start, end=rows[-1].start + width, top_vcpu=levels[-1],
    )  # fmt: skip
    held: list[Point] = [(row.start, capacity(row)) for row in rows]
    demand: list[Point] = [(row.start, row.demand_vcpu) for row in rows]
    drawn = (
        ("ready area", step_area(plot, held, width=width)),
        ("ready edge", steps(plot, held, width=width)),
        ("short", excess(plot, demand, [capacity(row) for row in rows], width=width)),
        ("demand", line(plot, demand)),
    )
    chart = element(
        "svg",
        element("title", f"Capacity of {name} over demand, vCPU"),
        phase_bands(plot, rows, width=width, named=False),
        _axes(plot, levels),
        *(element("path", d=path, class_=kind) for kind, path in drawn if path),
        viewBox=f"0 0 {number(_WIDTH)} {number(_HEIGHT)}",
        class_="chart small",
        role="img",
    )
    return element("figure", element("figcaption", element("strong", name), _price(result, name)), chart)


def _price(result: DemoResult, name: str) -> str:
    way = next((way for way in result.ways if way.name == name), None)
    return "" if way is None else f" {usd(way.usd_per_hour)} USD/hour, short in {percent(way.short_share)} of bins"


def _axes(plot: Plot, levels: Sequence[float]) -> Markup:
    across = [
        joined((
            element("path", d=f"M{number(plot.left)} {number(plot.y(level))}H{number(plot.right)}", class_="grid"),
            element("text", f"{level:g}", x=plot.left - 5, y=plot.y(level) + 4, text_anchor="end"),
        ))
        for level in levels[:: 2 if len(levels) > 3 else 1]
    ]  # fmt: skip
    times = [
        element("text", clock(time), x=plot.x(time), y=plot.bottom + 16, text_anchor="middle")
        for time in plot.ticks(apart=56)
        if plot.right - plot.x(time) > 12
    ]
    return joined((*across, *times))

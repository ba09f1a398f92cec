"""How a decision's status looks: a sign and a word always, a colour beside them."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Final

from sandbox.demo.report.markup import Markup, element, joined, number
from sandbox.demo.report.scale import Plot
from sandbox.demo.report.wording import DASH, TIMES, clock
from sandbox.demo.result import DecisionRow

QUIET: Final = frozenset({"unchanged", "paused", "busy", "observed", "stale"})
REFUSED: Final = frozenset({"blocked", "killed", "interrupted", "drift", "unreadable", "locked", "overtaken", "failed"})

_LANES: Final = (
    "applied", "blocked", "killed", "interrupted", "failed", "unreadable", "locked", "overtaken", "drift",
    "busy", "paused", "stale", "observed",
)  # fmt: skip
_SIGNS: Final = {
    "applied": "\u25cf",
    "unchanged": "\u00b7",
    "blocked": "\u2715",
    "killed": "\u2020",
    "interrupted": "\u21ba",
    "failed": "\u25c6",
    "unreadable": "\u25a0",
    "locked": "\u25a0",
    "overtaken": "\u25a0",
    "drift": "\u25c7",
    "busy": "\u25cb",
    "paused": "\u2016",
    "stale": "\u2026",
    "observed": "\u25e6",
}
LANE_HEIGHT: Final = 18.0


def badge(status: str, text: str = "") -> Markup:
    """Sign of a status with its word, or with another text that holds it."""
    sign = element("span", _SIGNS[status], class_="sign", aria_hidden="true")
    return element("span", sign, text or status, class_=f"badge {status}")


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """Rows of marks under a chart's time axis, one a status that occurs; unchanged plans have none."""

    plot: Plot
    decisions: tuple[DecisionRow, ...]
    top: float
    bin_width: timedelta

    @property
    def statuses(self) -> list[str]:
        """Statuses with a lane, from top to bottom."""
        present = {row.status for row in self.decisions}
        return [status for status in _LANES if status in present]

    @property
    def height(self) -> float:
        """Height of all lanes together."""
        return LANE_HEIGHT * len(self.statuses)

    def draw(self) -> Markup:
        """The lanes with their names, marks and guides up into the plot."""
        return joined(self._lane(status, index) for index, status in enumerate(self.statuses))

    def _lane(self, status: str, index: int) -> Markup:
        middle = self.top + (index + 0.5) * LANE_HEIGHT
        rows = [row for row in self.decisions if row.status == status]
        marks = self._spans(rows, middle) if status in QUIET else joined(self._mark(row, middle) for row in rows)
        name = element("text", status, x=self.plot.left - 8, y=middle + 4, text_anchor="end", class_="lane-name")
        rule = element("path", d=f"M{number(self.plot.left)} {number(middle)}H{number(self.plot.right)}", class_="rule")
        return element("g", rule, name, marks, class_=f"lane {status}")

    def _mark(self, row: DecisionRow, middle: float) -> Markup:
        x = self.plot.x(row.time)
        guide = Markup("")
        if row.status in REFUSED:
            guide = element("path", d=f"M{number(x)} {number(self.plot.top)}V{number(middle)}", class_="guide")
        title = element("title", f"{clock(row.time)} {row.status}. {row.sentence}")
        return joined([guide, element("g", title, *_shape(row.status, x, middle), class_="mark")])

    def _spans(self, rows: list[DecisionRow], middle: float) -> Markup:
        """Bars over neighbouring bins, since such marks come in long runs; each at least as wide as it is seen."""
        numbered = enumerate(rows)
        runs = [
            [row for _, row in run]
            for _, run in groupby(numbered, key=lambda pair: pair[1].time - pair[0] * self.bin_width)
        ]
        return joined(self._span(run, middle) for run in runs)

    def _span(self, run: list[DecisionRow], middle: float) -> Markup:
        left = self.plot.x(run[0].time - self.bin_width)
        width = max(self.plot.x(run[-1].time) - left, 3.0)
        times = clock(run[0].time) if len(run) == 1 else f"{clock(run[0].time)}{DASH}{clock(run[-1].time)}"
        title = element("title", f"{len(run)} {TIMES} {run[0].status}, {times}")
        return element("rect", title, x=left, y=middle - 4, width=width, height=8, rx=1, class_="span")


def _shape(status: str, x: float, y: float) -> tuple[Markup, ...]:
    if status == "applied":
        return (element("circle", cx=x, cy=y, r=4.2),)
    if status == "blocked":
        return (element("path", d=_cross(x, y, 4.0), class_="stroke"),)
    if status == "killed":
        dagger = f"M{number(x)} {number(y - 6)}v12M{number(x - 4)} {number(y - 2)}h8"
        return (element("path", d=dagger, class_="stroke"),)
    diamond = f"M{number(x)} {number(y - 5)}l5 5l-5 5l-5 -5Z"
    return (element("path", d=diamond, class_="stroke hollow" if status in {"drift", "interrupted"} else None),)


def _cross(x: float, y: float, reach: float) -> str:
    left, right, top, side = number(x - reach), number(x + reach), number(y - reach), number(2 * reach)
    return f"M{left} {top}l{side} {side}M{right} {top}l-{side} {side}"

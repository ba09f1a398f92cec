"""Demand, nodes and alternatives of a pool as bars on one scale, with what each costs and risks, in plain text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from quantos.capacity.planning.vocabulary import Unit
from quantos.contracts.plan import Alternative, PoolReasoning, PoolSize

_ORDER: Final = {
    "one-cheaper": "one node fewer",
    "this": "this plan",
    "one-more": "one node more",
    "reactive": "reactive: demand as measured",
    "static": "static: peak of the history",
}
_LABEL, _NODES, _VCPU, _USD, _RISK = 28, 7, 8, 10, 8
_INDENT: Final = "  "
_LEAST_BAR: Final = 10


@dataclass(frozen=True, kw_only=True)
class Glyphs:
    """What bars are drawn with: demand, what is above its median, nodes, and the upper value across the nodes."""

    demand: str
    unsure: str
    nodes: str
    mark: str


BLOCKS: Final = Glyphs(demand="\u2588", unsure="\u2592", nodes="\u2584", mark="\u2502")
ASCII: Final = Glyphs(demand="#", unsure=":", nodes="=", mark="|")


@dataclass(frozen=True, kw_only=True)
class ChartRow:
    """One line of the table: `nodes`, cost and risk are None where the line is demand."""

    label: str
    vcpu: float | None
    nodes: int | None = None
    usd_per_hour: float | None = None
    risk: float | None = None
    sure_vcpu: float | None = None


def demand_chart(
    item: PoolReasoning, size: PoolSize, *, usd_per_hour: float, columns: int, glyphs: Glyphs
) -> list[str]:
    """Lines of at most `columns`; without bars where there is no room, or the plan does not say how large a node is.

    Args:
        usd_per_hour: what the floor costs.
    """
    rows = list(_rows(item, size, usd_per_hour=usd_per_hour))
    width = columns - len(_INDENT) - _LABEL - _NODES - _VCPU - _USD - _RISK - 2
    top = max((row.vcpu for row in rows if row.vcpu is not None), default=0.0)
    if item.vcpu_per_node is None or width < _LEAST_BAR or top <= 0:
        width = 0
    unit = Unit.of(item.gpus_per_vcpu)
    bars = _Bars(width=width, top_vcpu=top, upper_vcpu=item.demand_upper_vcpu, glyphs=glyphs, unit=unit)
    lines = [_line("", ("nodes", unit.name, bars.axis(), "USD/hour", "risk"))]
    lines += [_line(row.label, (*_counts(row, unit), bars.bar(row), *_price(row))) for row in rows]
    if width:
        lines.append(f"{_INDENT}{bars.legend(level=item.level)}")
    return lines


@dataclass(frozen=True, kw_only=True)
class _Bars:
    width: int
    top_vcpu: float
    upper_vcpu: float
    glyphs: Glyphs
    unit: Unit

    def axis(self) -> str:
        """Zero and the greatest value at the ends."""
        return f"0{self.unit.count(self.top_vcpu):>{self.width - 1}}" if self.width else ""

    def bar(self, row: ChartRow) -> str:
        """Shape (width,): demand from zero, or nodes with the upper value marked."""
        if not self.width or row.vcpu is None:
            return " " * self.width
        length = self._cells(row.vcpu)
        if row.nodes is None:
            sure = length if row.sure_vcpu is None else min(self._cells(row.sure_vcpu), length)
            return (self.glyphs.demand * sure + self.glyphs.unsure * (length - sure)).ljust(self.width)
        drawn = (self.glyphs.nodes * length).ljust(self.width)
        place = self._cells(self.upper_vcpu)
        return drawn if place == 0 else drawn[: place - 1] + self.glyphs.mark + drawn[place:]

    def legend(self, *, level: float) -> str:
        """What the glyphs mean."""
        signs = self.glyphs
        return (
            f"{signs.demand} demand  {signs.unsure} from as likely as not to {level:.1%} sure  "
            f"{signs.nodes} nodes  {signs.mark} demand at {level:.1%}"
        )

    def _cells(self, vcpu: float) -> int:
        """Whole cells of a bar; what is not zero is seen."""
        if vcpu <= 0:
            return 0
        return min(max(round(vcpu / self.top_vcpu * self.width), 1), self.width)


def _rows(item: PoolReasoning, size: PoolSize, *, usd_per_hour: float) -> Iterator[ChartRow]:
    yield ChartRow(label="demand now", vcpu=item.demand_now_vcpu)
    yield ChartRow(
        label=f"demand ahead, {item.level:.1%} sure", vcpu=item.demand_upper_vcpu, sure_vcpu=item.demand_expected_vcpu
    )
    own = (size.floor, usd_per_hour, item.risk_of_shortage)
    alternatives: dict[str, tuple[int, float, float | None]] = {
        choice.name: _figures(choice) for choice in item.alternatives
    }
    for name, label in _ORDER.items():
        if name == "this" or name in alternatives:
            nodes, usd, risk = own if name == "this" else alternatives[name]
            vcpu = None if item.vcpu_per_node is None else nodes * item.vcpu_per_node
            yield ChartRow(label=label, vcpu=vcpu, nodes=nodes, usd_per_hour=usd, risk=risk)


def _figures(choice: Alternative) -> tuple[int, float, float | None]:
    return choice.nodes, choice.usd_per_hour, choice.risk_of_shortage


def _counts(row: ChartRow, unit: Unit) -> tuple[str, str]:
    return "" if row.nodes is None else str(row.nodes), "" if row.vcpu is None else unit.count(row.vcpu)


def _price(row: ChartRow) -> tuple[str, str]:
    usd = "" if row.usd_per_hour is None else f"{row.usd_per_hour:.2f}"
    return usd, "" if row.risk is None else _short_percent(row.risk)


def _line(label: str, cells: tuple[str, str, str, str, str]) -> str:
    nodes, vcpu, bar, usd, risk = cells
    drawn = f"  {bar}" if bar else ""
    text = f"{_INDENT}{label:<{_LABEL}}{nodes:>{_NODES}}{vcpu:>{_VCPU}}{drawn}{usd:>{_USD}}{risk:>{_RISK}}"
    return text.rstrip()


def _short_percent(probability: float) -> str:
    return "<0.1%" if probability < 0.001 else f"{probability:.1%}"

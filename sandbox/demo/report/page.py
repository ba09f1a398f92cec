"""The report page as a whole."""

from datetime import UTC
from pathlib import Path
from typing import Final

from sandbox.demo.report.comparison import capacity_multiples, comparison_table
from sandbox.demo.report.decision_list import decision_list
from sandbox.demo.report.demand_chart import demand_figure
from sandbox.demo.report.evidence import group_table, key_figures, run_tables, verdicts
from sandbox.demo.report.findings import closing_statement, headline, missing_share, outcome_counts, problems, way_named
from sandbox.demo.report.markup import Markup, element
from sandbox.demo.report.wording import counted, day_span, percent, usd
from sandbox.demo.result import DemoResult

FILE_NAME: Final = "report.html"
_HERE: Final = Path(__file__).parent


def render_report(result: DemoResult) -> str:
    """The page as HTML5; it refers to nothing outside itself."""
    body = element(
        "main",
        _head(result),
        _section("Demand and capacity", demand_figure(result)),
        _section("Against two other ways of sizing", comparison_table(result), capacity_multiples(result)),
        _section("What held at the end", element("div", verdicts(result), group_table(result), class_="checks")),
        _section("Decisions", _filter(), decision_list(result)),
        _section("The run", run_tables(result)),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"quantos demo: {result.trace}, {_days(result)}"),
        element("style", _asset("report.css")),
    )
    page = element("html", head, element("body", body, element("script", _asset("report.js"))), lang="en")
    return f"<!doctype html>\n{page.text}\n"


def write_report(result: DemoResult, folder: Path) -> Path:
    """Write the page as `report.html` into a folder, which is made where it is missing; its path is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    path.write_text(render_report(result), encoding="utf-8")
    return path


def _head(result: DemoResult) -> Markup:
    ran = (result.trace, _days(result), f"{counted(len(result.bins), 'decided bin')}", f"bus: {result.bus}")
    holds = not problems(result)
    return element(
        "header",
        element("p", element("b", "quantos demo"), *(element("span", part) for part in ran), class_="ran"),
        element("h1", headline(result)),
        element("p", closing_statement(result), class_="closing good" if holds else "closing bad"),
        key_figures(_figures(result)),
    )


def _figures(result: DemoResult) -> dict[str, str]:
    counts = outcome_counts(result)
    figures: dict[str, str] = {}
    own = way_named(result, "quantos")
    if own is not None:
        share = missing_share(result, own)
        figures["USD per hour"] = usd(own.usd_per_hour)
        figures["of demand missed"] = "no demand" if share is None else percent(share)
    figures["resizes applied"] = f"{counts.get('applied', 0):,}"
    figures["refused by policy"] = f"{counts.get('blocked', 0):,}"
    figures["killed"] = f"{counts.get('killed', 0):,}"
    figures["autoscaler moves"] = f"{result.autoscaler_moves:,}"
    return figures


def _days(result: DemoResult) -> str:
    return day_span(sorted({row.start.astimezone(UTC).date() for row in result.bins}))


def _section(title: str, *content: Markup) -> Markup:
    return element("section", element("h2", title), *content)


def _filter() -> Markup:
    """Hidden until the script shows it, since it does nothing without."""
    kinds = (("all", "all"), ("acted", "applied"), ("refused", "refused and failed"), ("quiet", "nothing done"))
    buttons = [
        element("button", text, type="button", data_show=kind, aria_pressed="true" if kind == "all" else "false")
        for kind, text in kinds
    ]
    return element("div", *buttons, class_="filter", hidden=True, role="group", aria_label="show decisions")


def _asset(name: str) -> Markup:
    return Markup((_HERE / name).read_text(encoding="utf-8"))

"""What was checked at the end, and what the run was made of."""

from collections.abc import Mapping

from sandbox.demo.report.findings import lead_time_figures, outcome_counts
from sandbox.demo.report.marks import badge
from sandbox.demo.report.markup import Markup, element, joined
from sandbox.demo.report.wording import counted, duration
from sandbox.demo.result import DemoResult, GroupRow


def verdicts(result: DemoResult) -> Markup:
    """One line a check: whether it held, and its figures."""
    differing = sum(not group.agrees for group in result.groups)
    lowered = result.lowered_desired or "none"
    lines = (
        _verdict(
            "Node groups",
            f"{counted(len(result.groups), 'group')} read back, {differing or 'none'} off the plan",
            holds=bool(result.groups) and not differing,
        ),
        _verdict(
            "Audit chain",
            result.audit_problem
            or (f"{counted(result.audit_links, 'link')}, every one verified" if result.audit_links else "no links"),
            holds=result.audit_links > 0 and not result.audit_problem,
        ),
        _verdict(
            "Drift",
            "; ".join(result.drift) or "a plain preview of the capacity stack changes nothing",
            holds=not result.drift,
        ),
        _verdict(
            "Autoscaler",
            f"{counted(result.autoscaler_moves, 'move')}; desired sizes lowered by a resize: {lowered}",
            holds=not result.lowered_desired,
        ),
    )
    return element("ul", *lines, class_="verdicts")


def group_table(result: DemoResult) -> Markup:
    """Bounds of every node group as planned and as read back."""
    if not result.groups:
        return element("p", "No node group was read back.", class_="empty")
    head = [
        element("th", text, scope="col")
        for text in ("Pool", "Planned min\u2013max", "Read back min\u2013max", "Desired", "")
    ]
    body = element("tbody", *(_group(group) for group in result.groups))
    table = element("table", element("thead", element("tr", *head)), body, class_="groups")
    return element("div", table, class_="scroll")


def run_tables(result: DemoResult) -> Markup:
    """Plans by outcome, forecast models, capacity by session phase, lead times, and seconds by stage."""
    outcomes: list[tuple[Markup | str, str]] = [
        (badge(status), f"{count:,}") for status, count in outcome_counts(result).items()
    ]
    models: list[tuple[Markup | str, str]] = [(name, counted(count, "plan")) for name, count in result.models.items()]
    phases: list[tuple[Markup | str, str]] = [
        (phase, f"{nodes:.1f} nodes, {nodes * result.vcpu_per_node:.0f} vCPU")
        for phase, nodes in result.phase_nodes.items()
    ]
    tables = (
        _pairs("Plans by outcome", outcomes),
        _pairs("Model that served", models),
        _pairs(f"Mean Ready capacity of {result.pool}", phases),
        _pairs("Order to Ready", [*lead_time_figures(result).items()]),
        _stages(result),
    )
    return element("div", *tables, class_="tables")


def _verdict(name: str, text: str, *, holds: bool) -> Markup:
    word = element("span", "\u2713 holds" if holds else "\u2715 fails", class_="word")
    return element("li", word, element("strong", name), element("span", text), class_="good" if holds else "bad")


def _group(group: GroupRow) -> Markup:
    word = "\u2713 agrees" if group.agrees else "\u2715 differs"
    return element(
        "tr",
        element("th", group.pool, scope="row"),
        element("td", f"{group.planned_minimum}\u2013{group.planned_maximum}", class_="figure"),
        element("td", f"{group.minimum}\u2013{group.maximum}", class_="figure"),
        element("td", str(group.desired), class_="figure"),
        element("td", word, class_="good" if group.agrees else "bad"),
    )


def _pairs(title: str, rows: list[tuple[Markup | str, str]]) -> Markup:
    if not rows:
        return _titled(title, element("p", "none", class_="empty"))
    lines = [
        element("tr", element("th", name, scope="row"), element("td", text, class_="figure")) for name, text in rows
    ]
    return _titled(title, element("table", element("tbody", *lines)))


def _stages(result: DemoResult) -> Markup:
    total = sum(stage.seconds for stage in result.stages)
    rows: list[tuple[Markup | str, str]] = [(stage.name, duration(stage.seconds)) for stage in result.stages]
    if rows:
        rows.append((element("strong", "all"), duration(total)))
    return _pairs("Time by stage", rows)


def _titled(title: str, content: Markup) -> Markup:
    return element("section", element("h3", title), content)


def key_figures(figures: Mapping[str, str]) -> Markup:
    """A strip of figures, each over its name."""
    pairs = [element("div", element("dd", value), element("dt", name)) for name, value in figures.items()]
    return element("dl", joined(pairs), class_="figures")

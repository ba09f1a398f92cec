"""The page of a run of the example: what was accepted, what ran where, what it took and gave, and what proves it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from quantos.orchestration.ledger.accounts import Account
from quantos.orchestration.lineage.drawing import picture_of
from quantos.orchestration.lineage.view import lineage_in
from quantos.orchestration.spec.drawing import svg
from sandbox.demo.report.markup import Markup, element, joined
from sandbox.demo.runs.result import RunsResult
from sandbox.tracing.tree import Branch, KeptSpan

FILE_NAME: Final = "orchestration.html"
_HERE: Final = Path(__file__).parent
_BAR_WIDTH: Final = 640.0
_ROW_HEIGHT: Final = 22.0
_LABEL_WIDTH: Final = 300.0
_MOST_METRICS: Final = 24
_ALWAYS_DEEP: Final = 2
_DEEPEST: Final = 4
_LEAST_SHARE: Final = 0.01
"""Of the trace; spans below the depth that is always shown are where they took as much, down to the deepest."""


def render(result: RunsResult) -> str:
    """The page as HTML5; it refers to nothing outside itself."""
    body = element(
        "main",
        _head(result),
        _section("Nodes", _nodes(result)),
        _section("Routing", _routing(result)),
        _section("Lineage", element("div", Markup(svg(picture_of(lineage_in(result.lineage)))), class_="drawing")),
        _section("One trace", _trace(result.trace)),
        _section("Published", _published(result), _metrics(result.metrics)),
        _section("Ledger", _ledger(result)),
        _section("The demo", _table(("stage", "seconds"), [(row.name, f"{row.seconds:.1f}") for row in result.stages])),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"quantos: {result.submitted.pipeline_id}"),
        element("style", Markup((_HERE / "page.css").read_text(encoding="utf-8"))),
    )
    return f"<!doctype html>\n{element('html', head, element('body', body), lang='en').text}\n"


def write_page(result: RunsResult, folder: Path) -> Path:
    """Write the page into a folder, which is made where it is missing; its path is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    path.write_text(render(result), encoding="utf-8")
    return path


def _head(result: RunsResult) -> Markup:
    status = result.status
    closing = "all of it holds" if result.holds else "; ".join(result.problems)
    figures = {
        "state": status.state,
        "ran": f"{status.ran_seconds:.1f} s",
        "cost": f"{status.spent_usd:.4f} USD",
        "expected at most": f"{status.expected_usd:.2f} USD",
        "links of the audit chain": f"{result.audit_links:,}",
        "spans in one trace": f"{sum(1 for _ in _walk(result.trace, 0)):,}",
    }
    return element(
        "header",
        element("p", "quantos ", element("b", "demo-orchestration"), class_="ran"),
        element("h1", f"{result.submitted.pipeline_id}: {status.submission_id} run {status.run} {status.state}"),
        element("p", f"Verified: {closing}.", class_="good" if result.holds else "bad"),
        element("dl", *(element("div", element("dt", name), element("dd", value)) for name, value in figures.items())),
    )


def _nodes(result: RunsResult) -> Markup:
    rows = [
        (
            node.id,
            node.kind,
            node.state,
            str(node.attempt),
            node.pool or "",
            "" if node.started_at is None or node.ended_at is None
            else f"{(node.ended_at - node.started_at).total_seconds():.1f}",
            f"{node.spent_usd:.5f}",
            node.evidence,
        )
        for node in result.status.nodes
    ]  # fmt: skip
    return _table(("node", "kind", "state", "attempts", "pool", "seconds", "USD", "ran on, by the engine's word"), rows)


def _routing(result: RunsResult) -> Markup:
    rows = [
        (
            route.node,
            f"{route.chosen.pool}{' (spot)' if route.chosen.spot else ''}",
            f"{route.chosen.expected_usd:.4f}",
            route.reason,
            "" if route.other is None else f"{route.other.pool}: {route.other.expected_usd:.4f}",
        )
        for route in result.submitted.routing
    ]
    return _table(("node", "pool", "USD expected", "because", "the other choice"), rows)


def _published(result: RunsResult) -> Markup:
    return _table(
        ("object", "bytes", "hash"), [(item.key, f"{item.size_bytes:,}", item.hash) for item in result.published]
    )


def _metrics(metrics: dict[str, JsonValue]) -> Markup:
    return _table(("metric", "value"), list(_plain(metrics))[:_MOST_METRICS])


def _plain(metrics: Mapping[str, JsonValue], within: str = "") -> Iterator[tuple[str, str]]:
    """Each value by its whole name; of a list of records its last, which is where it came to."""
    for name, value in metrics.items():
        match value:
            case dict():
                yield from _plain(value, f"{within}{name}.")
            case [*_, dict() as last]:
                yield from _plain(last, f"{within}{name}, last.")
            case list():
                yield f"{within}{name}", ", ".join(str(each) for each in value)
            case float():
                yield f"{within}{name}", f"{value:.6g}"
            case _:
                yield f"{within}{name}", str(value)


def _ledger(result: RunsResult) -> Markup:
    names = ("budget", "owed", "held", "drawn", "settled", "debt")
    rows: list[tuple[str, ...]] = []
    for check in result.ledger:
        for who, account in (("as it stands", check.kept), ("recomputed from the chain", check.recomputed)):
            cells = [""] * len(names) if account is None else [_amount(account, name) for name in names]
            rows.append((f"{check.kept.team} {check.kept.day}", who, *cells))
    return _table(("account", "", *names), rows)


def _amount(account: Account, name: str) -> str:
    amount = getattr(account, name)
    parts = [f"{field.name} {getattr(amount, field.name):,}" for field in fields(amount) if getattr(amount, field.name)]
    return ", ".join(parts) or "0"


def _trace(trace: Sequence[Branch]) -> Markup:
    """What took time, and all of it for whom opens it: Trino alone tells hundreds of spans of a moment each."""
    spans = list(_walk(trace, 0))
    if not spans:
        return element("p", "No spans came.", class_="bad")
    length = max(span.seconds for _, span in spans)
    least = length * _LEAST_SHARE
    shown = [
        (depth, span) for depth, span in spans if depth <= _ALWAYS_DEEP or (depth <= _DEEPEST and span.seconds >= least)
    ]
    every = element("details", element("summary", f"all {len(spans):,} spans"), _waterfall(spans))
    return element("div", _waterfall(shown), every) if len(shown) < len(spans) else _waterfall(spans)


def _waterfall(spans: Sequence[tuple[int, KeptSpan]]) -> Markup:
    start = min(span.start_ns for _, span in spans)
    length = max(1, max(span.end_ns for _, span in spans) - start)
    height = _ROW_HEIGHT * len(spans)
    rows = joined(_bar(span, depth, row, start=start, length=length) for row, (depth, span) in enumerate(spans))
    box = f"0 0 {_LABEL_WIDTH + _BAR_WIDTH + 60} {height}"
    return element("div", element("svg", rows, viewBox=box, class_="trace"))


def _bar(span: KeptSpan, depth: int, row: int, *, start: int, length: int) -> Markup:
    x = _LABEL_WIDTH + (span.start_ns - start) / length * _BAR_WIDTH
    width = max(1.5, (span.end_ns - span.start_ns) / length * _BAR_WIDTH)
    y = row * _ROW_HEIGHT
    service = str(span.resource.get("service.name", ""))
    title = element("title", f"{span.name}: {span.seconds:.3f} s, {service}, {span.scope}")
    engine = "own" if service == "quantos-orchestration" else "engine"
    return element(
        "g",
        title,
        element("text", f"{span.name[: 44 - 2 * depth]}", x=6 + 12 * depth, y=y + 15, class_="span-name"),
        element("rect", x=x, y=y + 4, width=width, height=_ROW_HEIGHT - 8, rx=2, class_=f"bar {engine}"),
        element("text", f"{span.seconds:.2f} s", x=x + width + 4, y=y + 15, class_="span-time"),
    )


def _walk(branches: Iterable[Branch], depth: int) -> Iterator[tuple[int, KeptSpan]]:
    for branch in branches:
        yield depth, branch.span
        yield from _walk(branch.within, depth + 1)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    header = element("thead", element("tr", *(element("th", name) for name in heads)))
    lines = [element("tr", *(element("td", cell) for cell in row)) for row in rows]
    return element("div", element("table", header, element("tbody", *lines)), class_="wide")


def _section(title: str, *content: Markup) -> Markup:
    return element("section", element("h2", title), *content)

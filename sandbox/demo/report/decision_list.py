"""Every decision with its sentence; long runs of quiet ones are one line that opens."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC
from itertools import groupby

from sandbox.demo.report.marks import QUIET, REFUSED, badge
from sandbox.demo.report.markup import Markup, element, joined, when
from sandbox.demo.report.wording import DASH, SPACE, TIMES, clock, day_name, duration, usd
from sandbox.demo.result import DecisionRow, DemoResult

_NUMBER = re.compile(r"\d+")


def decision_list(result: DemoResult) -> Markup:
    """All decisions in order, by day."""
    if not result.decisions:
        return element("p", "Nothing was decided.", class_="empty")
    days = groupby(result.decisions, key=lambda row: row.time.astimezone(UTC).date())
    return joined(
        element(
            "section",
            element("h3", day_name(day)),
            element("ol", *(_entry(run, result.pool) for run in decision_runs(tuple(rows))), class_="decisions"),
        )
        for day, rows in days
    )


def decision_runs(rows: Sequence[DecisionRow]) -> Iterator[tuple[DecisionRow, ...]]:
    """Neighbours with the same quiet status and note together, every other decision by itself."""
    for (status, _), run in groupby(rows, key=lambda row: (row.status, row.note)):
        if status in QUIET:
            yield tuple(run)
        else:
            yield from ((row,) for row in run)


def _entry(run: tuple[DecisionRow, ...], pool: str) -> Markup:
    row = run[0]
    kind = "quiet" if row.status in QUIET else "refused" if row.status in REFUSED else "acted"
    content = _run(run, pool) if len(run) > 1 else _single(row, pool)
    return element("li", content, class_=f"decision {row.status}", data_kind=kind)


def _single(row: DecisionRow, pool: str) -> Markup:
    return joined((
        element("div", _time(row), badge(row.status), class_="when"),
        element(
            "div",
            element("p", row.sentence, class_="sentence"),
            when(row.reason and row.reason != row.sentence, element("p", row.reason, class_="reason")),
            when(row.violations, _violations(row)),
            when(row.note, element("p", "In this run: ", row.note, class_="note")),
            element("p", _facts(row, pool), class_="facts"),
            class_="what",
        ),
    ))  # fmt: skip


def _run(run: tuple[DecisionRow, ...], pool: str) -> Markup:
    first, last = run[0], run[-1]
    reason = Counter(row.reason for row in run).most_common(1)[0][0]
    summary = element(
        "summary",
        element("span", f"{clock(first.time)}{DASH}{clock(last.time)}", class_="span-of-time"),
        badge(first.status, f"{len(run)} {TIMES} {first.status}"),
        when(reason, element("span", _reasons(run), class_="reason")),
        when(first.note, element("span", "In this run: ", first.note, class_="note")),
    )
    lines = [
        element(
            "li",
            _time(row),
            element(
                "div",
                row.sentence,
                when(row.reason != reason, " ", element("span", row.reason, class_="reason")),
                " ",
                element("span", _facts(row, pool), class_="facts"),
            ),
        )
        for row in run
    ]
    return element("details", summary, element("ol", *lines, class_="run"))


def _reasons(run: Sequence[DecisionRow]) -> str:
    """Each kind of reason by its most frequent wording, the commonest first, with how often; numbers make no kind."""
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in run:
        kinds[_NUMBER.sub("#", row.reason)][row.reason] += 1
    if len(kinds) == 1:
        return next(iter(kinds.values())).most_common(1)[0][0]
    ordered = sorted(kinds.values(), key=lambda wordings: -wordings.total())
    return " \u00b7 ".join(f"{wordings.most_common(1)[0][0]} ({wordings.total()})" for wordings in ordered)


def _time(row: DecisionRow) -> Markup:
    return element("time", clock(row.time), datetime=row.time.isoformat())


def _violations(row: DecisionRow) -> Markup:
    items = [element("li", element("code", f"{item.pack}/{item.rule}"), " ", item.message) for item in row.violations]
    return element("ul", *items, class_="violations")


def _facts(row: DecisionRow, pool: str) -> Markup:
    """Floors with the main pool first; pools at zero are not listed one by one."""
    floors = sorted(row.floors.items(), key=lambda item: (item[0] != pool, item[0]))
    above = ", ".join(f"{name}{SPACE}{nodes}" for name, nodes in floors if nodes) or "none"
    rest = ", others 0" if any(nodes == 0 for _, nodes in floors) and above != "none" else ""
    parts = [f"floors {above}{rest}", f"{usd(row.usd_per_hour)} USD/hour"]
    if row.seconds >= 0.1:
        parts.append(f"took {duration(row.seconds)}")
    return joined((" \u00b7 ".join(parts), " \u00b7 plan ", element("code", row.plan_id[:12])))

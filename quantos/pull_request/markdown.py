"""A finding as Markdown, for the comment under a pull request: the verdict first."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from quantos.pull_request.model import (
    EnvironmentFinding,
    Guard,
    GuardChange,
    LayerCost,
    LayerFinding,
    PullRequestFinding,
    ResourceChange,
    Revision,
)
from quantos.pull_request.places import STACK_TYPE
from quantos.pull_request.verdict import Objection, objections
from quantos.urn import Urn

OPERATIONS = ("create", "update", "replace", "delete")
SHORT_COMMIT = 9
LONGEST_MESSAGE = 600
MOST_LINES = 40
MOST_NAMES = 6
MOST_OF_RULE = 12


def comment(finding: PullRequestFinding) -> str:
    """The whole comment."""
    parts = [
        _verdict(finding),
        _objections([objection for objection in objections(finding) if objection.kind != "approval"]),
        _guards(finding),
        _table(finding),
        _called_out(finding),
        _cost(finding),
        _changes(finding),
        _notes(finding),
        _footer(finding),
    ]
    return "\n\n".join(part for part in parts if part)


def _verdict(finding: PullRequestFinding) -> str:
    if against := refused_by(finding):
        return f"## ❌ Refused: {against}"
    layers = [layer for environment in finding.environments for layer in environment.layers]
    advice = sum(objection.kind == "advice" for objection in objections(finding))
    return f"## {_condition(finding)}: {_judged(layers, advice=advice)}"


def refused_by(finding: PullRequestFinding) -> str:
    """How much of what refuses it, `3 violations, 1 failure`; empty where nothing does."""
    counted = Counter(objection.kind for objection in objections(finding) if objection.refuses)
    return ", ".join(_plural(counted[kind], word) for kind, word in _WORDS if counted[kind])


def _condition(finding: PullRequestFinding) -> str:
    approvers = sorted({approver for change in finding.guards for approver in change.approvers})
    return f"🔒 Passes once approved by {' and '.join(approvers)}" if approvers else "✅ Passed"


def _judged(layers: Sequence[LayerFinding], *, advice: int) -> str:
    if all(layer.status == "skipped" for layer in layers):
        return "the change touches no layer of any environment"
    counts = Counter(layer.status for layer in layers)
    clauses = [f"{_plural(counts['judged'], 'layer')} judged"]
    clauses += [f"{counts['same']} without a difference"] if counts["same"] else []
    clauses += [_plural(advice, "advice")] if advice else []
    return ", ".join(clauses)


_WORDS = (("violation", "violation"), ("unjudged", "rule not judged"), ("failure", "failure"))
_PLURALS = {"rule not judged": "rules not judged", "advice": "pieces of advice"}


def _objections(said: Sequence[Objection]) -> str:
    by_rule: dict[tuple[bool, str], list[Objection]] = {}
    for objection in said:
        by_rule.setdefault((not objection.refuses, objection.rule), []).append(objection)
    return "\n".join(line for _, group in sorted(by_rule.items(), key=_refusing_first) for line in _of_rule(group))


def _refusing_first(item: tuple[tuple[bool, str], list[Objection]]) -> bool:
    return item[0][0]


def _of_rule(said: Sequence[Objection]) -> Iterator[str]:
    """One rule with its remedy, and below it what it says; what several stacks are told alike is said once."""
    first = said[0]
    parts = [f"- {'🚫' if first.refuses else '💡'} **{first.rule}**"]
    parts += [first.remedy] if first.remedy else []
    parts += [f"([{first.control or first.url}]({first.url}))"] if first.url else []
    yield " ".join(parts)
    groups: dict[tuple[str, str, str], list[Objection]] = {}
    for objection in said:
        groups.setdefault((objection.layer, objection.message, _named(objection)), []).append(objection)
    lines = [_alike(group) for group in groups.values()]
    yield from lines[:MOST_OF_RULE]
    if len(lines) > MOST_OF_RULE:
        yield f"  - … and {len(lines) - MOST_OF_RULE} more in `report.json`"


def _alike(group: Sequence[Objection]) -> str:
    first = group[0]
    stacks = ", ".join(dict.fromkeys(f"`{objection.stack}`" for objection in group))
    of = f" `{_named(first)}`" if _named(first) else ""
    return f"  - {stacks}{of}: {_shortened(first.message)} (`{first.place.path}:{first.place.line}`)"


def _named(objection: Objection) -> str:
    """The resource; nothing where a stack as a whole is meant."""
    return "" if not objection.urn or STACK_TYPE in objection.urn else Urn.parse(objection.urn).name


def _shortened(message: str) -> str:
    """On one line, and not a page of it."""
    line = " ".join(message.split())
    return line if len(line) <= LONGEST_MESSAGE else f"{line[: LONGEST_MESSAGE - 1]}…"


def _guards(finding: PullRequestFinding) -> str:
    """What guards the project and is changed, by whom has to approve it."""
    by_approvers: dict[tuple[str, ...], list[GuardChange]] = {}
    for change in finding.guards:
        by_approvers.setdefault(change.approvers, []).append(change)
    parts = ["### 🔒 Changes of what guards the project"] if by_approvers else []
    for approvers, changes in by_approvers.items():
        whom = f"To approve by {' or '.join(approvers)}:" if approvers else "**To approve by nobody that is named:**"
        lines = [f"- {_GUARDS[each.guard]}: {each.what} (`{each.place.path}:{each.place.line}`)" for each in changes]
        parts.append("\n".join([whom, "", *_most(lines)]))
    return "\n\n".join(parts)


_GUARDS: dict[Guard, str] = {
    "rule": "rule",
    "exemption": "exemption",
    "limit": "limit",
    "packs": "policy packs",
    "prices": "prices",
    "check": "this check",
    "reading": "what is held when a file is read",
    "audit": "audit chain",
    "resizing": "what resizes pools",
    "workflow": "build and continuous integration",
    "tests": "tests of guards",
}


def _table(finding: PullRequestFinding) -> str:
    rows = [
        "| stack | " + " | ".join(OPERATIONS) + " | USD/month | refused | seconds |",
        "|---|" + "--:|" * (len(OPERATIONS) + 3),
    ]
    for environment in finding.environments:
        for layer in environment.layers:
            if layer.status == "skipped":
                continue
            counts = Counter(change.operation for change in layer.changes)
            cells = [str(counts[operation] or "·") for operation in OPERATIONS]
            refused = sum(objection.refuses for objection in _against(finding, environment, layer))
            rows.append(
                f"| `{environment.environment}-{layer.layer}`{_marked(layer)} | {' | '.join(cells)} "
                f"| {_before_after(layer.cost)} | {refused or '·'} | {sum(layer.seconds.values()):.0f} |"
            )
    return "\n".join(rows) if len(rows) > 2 else ""


def _against(finding: PullRequestFinding, environment: EnvironmentFinding, layer: LayerFinding) -> list[Objection]:
    return [
        objection
        for objection in objections(finding)
        if (objection.environment, objection.layer) == (environment.environment, layer.layer)
    ]


def _marked(layer: LayerFinding) -> str:
    marks = {"same": "no difference", "failed": "**failed**", "unreached": "**not reached**"}
    status_mark = [marks[layer.status]] if layer.status in marks else []
    return "".join(f", {mark}" for mark in (["new"] if layer.new else []) + status_mark)


def _before_after(cost: LayerCost | None) -> str:
    if cost is None:
        return "·"
    before, after = cost.usd_per_month_before, cost.usd_per_month_after
    return _usd(after) if round(before) == round(after) else f"{_usd(before)} → {_usd(after)}"


def _usd(amount: float) -> str:
    return f"{amount:,.0f}"


def _called_out(finding: PullRequestFinding) -> str:
    lines = [
        f"- `{environment.environment}-{layer.layer}`: {_called(change)}"
        for environment in finding.environments
        for layer in environment.layers
        for change in layer.changes
        if change.replaces or (change.deletes and change.protected)
    ]
    return "\n".join(["### ⚠️ Replacements and deletions of what is protected", "", *_most(lines)]) if lines else ""


def _called(change: ResourceChange) -> str:
    what = f"**{change.operation}** `{change.kind}` `{change.name}`"
    paths = f" ({', '.join(change.paths)})" if change.paths and change.replaces else ""
    return f"{what}{paths}{', which is protected from deletion' if change.protected else ''}"


def _cost(finding: PullRequestFinding) -> str:
    rows: list[str] = []
    unpriced: list[str] = []
    for environment in finding.environments:
        for layer in environment.layers:
            for component in layer.cost.components if layer.cost else ():
                before, after = component.usd_per_month_before or 0.0, component.usd_per_month_after or 0.0
                if round(before) != round(after):
                    amounts = f"{_usd(before)} | {_usd(after)} | {after - before:+,.0f}"
                    rows.append(f"| `{environment.environment}-{layer.layer}` | {component.component} | {amounts} |")
            unpriced += [
                f"- `{environment.environment}-{layer.layer}`: {said}"
                for said in (layer.cost.unpriced if layer.cost else ())
            ]
    head = ["### USD/month by component", "", "| stack | component | before | after | more |", "|---|---|--:|--:|--:|"]
    parts = ["\n".join([*head, *_most(rows)])] if rows else []
    if unpriced:
        parts.append("\n".join(["Not priced, and in no sum:", "", *_most(unpriced)]))
    return "\n\n".join(parts)


def _changes(finding: PullRequestFinding) -> str:
    every = [
        (f"{environment.environment}-{layer.layer}", change)
        for environment in finding.environments
        for layer in environment.layers
        for change in layer.changes
    ]
    if not every:
        return ""
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for stack, change in every:
        key = (stack, change.operation, change.kind, "" if change.deletes else ", ".join(change.paths))
        alike.setdefault(key, []).append(f"`{change.name}`")
    lines = [
        f"- `{stack}`: {operation} `{kind}` {_few(names)}{f' ({paths})' if paths else ''}"
        for (stack, operation, kind, paths), names in alike.items()
    ]
    title = f"<details><summary>{_plural(len(every), 'change')}</summary>"
    return "\n".join([title, "", *_most(lines), "", "</details>"])


def _few(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return f"{', '.join(names[:MOST_NAMES])} and {more} more" if more > 0 else ", ".join(names)


def _notes(finding: PullRequestFinding) -> str:
    lines = [f"- {note}" for note in finding.notes]
    lines += [
        f"- `{environment.environment}`: {note}" for environment in finding.environments for note in environment.notes
    ]
    return "\n".join([*lines, *_left_out(finding)])


def _left_out(finding: PullRequestFinding) -> Iterator[str]:
    """Layers that were not judged, those with one reason on one line."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for environment in finding.environments:
        for layer in environment.layers:
            if layer.status in _LEFT_OUT:
                stood_on = "; brought up as the base has it, for those above" if _stood_on(layer) else ""
                key = (_LEFT_OUT[layer.status], f"{layer.reason}{stood_on}")
                by_reason.setdefault(key, []).append(f"`{environment.environment}-{layer.layer}`")
    for (word, reason), stacks in by_reason.items():
        yield f"- {word} {', '.join(stacks)}: {reason}."


_LEFT_OUT = {"skipped": "Skipped", "same": "Skipped after its preview", "unreached": "Not reached"}


def _stood_on(layer: LayerFinding) -> bool:
    return layer.status == "skipped" and "base" in layer.seconds


def _footer(finding: PullRequestFinding) -> str:
    by_environment = ", ".join(
        f"{environment.environment} {environment.seconds:.0f} s"
        for environment in finding.environments
        if environment.seconds
    )
    took = f"{finding.seconds:.0f} s" + (f" ({by_environment})" if by_environment else "")
    return (
        f"Head {_revision(finding.head)} on base {_revision(finding.base)}, in {took}. "
        "Brought up offline, in throwaway sandboxes; `report.json` and `report.sarif` hold everything."
    )


def _revision(revision: Revision) -> str:
    commit = f"`{revision.commit[:SHORT_COMMIT]}`"
    if revision.uncommitted_files:
        files = _plural(revision.uncommitted_files, "uncommitted file")
        return f"{revision.label} at {commit} with {files}"
    return commit if revision.commit.startswith(revision.label) else f"{commit} ({revision.label})"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {_PLURALS.get(word, f'{word}s')}"


def _most(lines: Iterable[str]) -> list[str]:
    every = list(lines)
    more = len(every) - MOST_LINES
    return [*every[:MOST_LINES], f"- … and {more} more in `report.json`"] if more > 0 else every

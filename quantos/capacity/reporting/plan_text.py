"""A plan and what became of it as text for a trader, at most as wide as a terminal."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from quantos.allocation.lead_time import MIN_OBSERVATIONS
from quantos.capacity.planning.vocabulary import Unit, in_words, listed, model_name, node_count
from quantos.capacity.reporting.demand_chart import ASCII, BLOCKS, demand_chart
from quantos.contracts.demand import RejectedModel
from quantos.contracts.plan import ChoiceQuality, PoolReasoning, ResizeOutcome, ScalingPlan

MOST_COLUMNS: Final = 100
LEAST_COLUMNS: Final = 70
REJECTED_SHOWN: Final = 3
LEAST_SHOWN_VCPU: Final = 0.05
EXCESS_MISSES: Final = 1.5
"""From how many times the nominal misses on the text says that they are too many."""

_LABEL: Final = 13

_RISK: Final = "Risk is the probability that demand within the horizon exceeds the nodes"
_READ_OFF: Final = (
    ", read off the forecast's quantiles: in a straight line between them, falling off exponentially above the highest,"
    " at the slowest pace between any two."
)

_STATUS: Final = {
    "applied": "It was applied",
    "unchanged": "Nothing had to be done",
    "observed": "It was only observed, as this stack's mode is",
    "blocked": "It was refused",
    "stale": "It came too late or out of order and was not used",
    "paused": "It was not applied, because the kill switch is thrown",
    "busy": "It was not applied, because another run held the stack",
    "drift": "It was not applied, because the stack differs in more than sizes",
    "interrupted": "It was interrupted; the next run makes the stack whole",
    "unreadable": "It was not applied, because the state of the stack cannot be loaded",
    "locked": "It was not applied, because a lock that is none of ours holds the stack",
    "overtaken": "It was stopped, because something else changed the stack meanwhile",
    "failed": "It failed",
}


@dataclass(frozen=True, kw_only=True)
class Page:
    """Where text goes: `columns` is taken between 70 and 100; `encoding` as Python names it."""

    columns: int = MOST_COLUMNS
    encoding: str = "utf-8"

    @property
    def width(self) -> int:
        """Columns that are used."""
        return min(max(self.columns, LEAST_COLUMNS), MOST_COLUMNS)

    @property
    def draws_blocks(self) -> bool:
        """Whether block characters can be shown."""
        return self.encoding.lower().replace("-", "").replace("_", "").startswith("utf")

    def fitted(self, text: str) -> str:
        """The text with a question mark for what the encoding does not have."""
        return text.encode(self.encoding, errors="replace").decode(self.encoding)


def explain_text(plan: ScalingPlan, outcome: ResizeOutcome | None, page: Page | None = None) -> str:
    """Plan and outcome as short paragraphs and a chart for each pool; `outcome` is None while none is known."""
    sheet = page or Page()
    lines = [*_head(plan), "", *_pool_lines(plan, sheet), *_money_lines(plan), "", *_outcome_lines(plan, outcome)]
    return sheet.fitted("\n".join(part for line in lines for part in _wrapped(line, sheet.width)))


def _wrapped(line: str, width: int, *, label: int = 0) -> list[str]:
    """A line that is too long goes on under its own text; `label` columns of it are kept free."""
    if len(line) <= width:
        return [line]
    hang = len(line) - len(line.lstrip()) + label
    return textwrap.wrap(line, width, subsequent_indent=" " * hang, break_on_hyphens=False)


def _head(plan: ScalingPlan) -> list[str]:
    return [
        f"Plan {plan.plan_id[:12]} for {plan.stack}, decided at {plan.created_at:%Y-%m-%d %H:%M} UTC"
        + (", urgent." if plan.urgent else "."),
        plan.explanation.sentence,
    ]


def _pool_lines(plan: ScalingPlan, page: Page) -> Iterator[str]:
    for item in plan.explanation.pools:
        size, cost = plan.sizes[item.pool], plan.pool_costs[item.pool]
        most = "and no more" if size.ceiling == size.floor else f"to {size.ceiling}"
        yield f"Pool {item.pool}: {node_count(size.floor)} {most}, at {cost.usd_per_node_hour:.3f} USD/hour each."
        facts = {"For": listed(item.strategies) if item.strategies else "", "Set by": item.binding}
        facts |= {"Lead time": _lead_time(item), "Demand": _demand(item), "Of it runs": _runs(item)}
        facts |= {"Elsewhere": _elsewhere(item)}
        facts |= {"Coverage": _coverage(item), "Forecast": _model(item), "Rejected": _rejected(item.rejected)}
        facts |= {"Degraded": in_words(item.degraded or ""), "Sensitivity": item.sensitivity or ""}
        facts |= {"Out of reach": "; ".join(item.unmet)}
        for label, text in facts.items():
            if text:
                yield from _wrapped(f"  {label:<{_LABEL}}{text}.", page.width, label=_LABEL)
        yield ""
        yield from demand_chart(
            item,
            size,
            usd_per_hour=cost.floor_usd_per_hour,
            columns=page.width,
            glyphs=BLOCKS if page.draws_blocks else ASCII,
        )
        yield ""
    if plan.explanation.pools:
        has_quantiles = any(item.quantiles for item in plan.explanation.pools)
        yield _RISK + (_READ_OFF if has_quantiles else ".")
        yield ""


def _lead_time(item: PoolReasoning) -> str:
    time = item.lead_time
    if time is None or item.horizon_seconds is None:
        return ""
    ahead = f"; demand is looked at {item.horizon_seconds / 60:.0f} minutes ahead"
    if time.source == "measured":
        return f"{time.seconds:.0f} s, the 95th percentile of {time.observations} measured orders{ahead}"
    until = f"until {MIN_OBSERVATIONS} orders are measured ({time.observations} so far)"
    return f"{time.seconds:.0f} s, the environment's figure or the longest seen, {until}{ahead}"


def _demand(item: PoolReasoning) -> str:
    unit = Unit.of(item.gpus_per_vcpu)
    now = f"{unit.amount(item.demand_now_vcpu)} now"
    if item.demand_upper_vcpu <= 0:
        return f"{now}, and none is expected within the horizon"
    return (
        f"{now}; at its height within the horizon {unit.count(item.demand_expected_vcpu)} is as likely as not to be "
        f"exceeded, and {unit.count(item.demand_upper_vcpu)} should hold with {item.level:.1%}"
        + (f", since {item.level_reason}" if item.level_reason else "")
    )


def _runs(item: PoolReasoning) -> str:
    if item.scheduled_vcpu is None:
        return ""
    amount = Unit.of(item.gpus_per_vcpu).amount(item.scheduled_vcpu)
    return f"{amount} are known to be needed within the horizon, by runs that were submitted"


def _elsewhere(item: PoolReasoning) -> str:
    vcpu, unit = item.elsewhere_vcpu or 0.0, Unit.of(item.gpus_per_vcpu)
    if abs(vcpu) < LEAST_SHOWN_VCPU:
        return ""
    if vcpu < 0:
        return f"{unit.amount(-vcpu, decimals=1)} of the pool are filled by other strategies"
    return f"other pools have room for {unit.amount(vcpu, decimals=1)} of it"


def _coverage(item: PoolReasoning) -> str:
    coverage = item.coverage
    if coverage is None:
        return "not recorded when this plan was made"
    if coverage.reason is not None:
        return f"not known, since {coverage.reason}"
    value, nodes = (count / coverage.bins for count in (coverage.held_bins, coverage.node_held_bins))
    many = 1 - nodes > EXCESS_MISSES * (1 - item.level)
    return (
        f"over the last {coverage.days} whole days demand stayed under the upper value in {value:.1%} of "
        f"{coverage.bins:,} bins, and within the whole nodes for it in {nodes:.1%}; {item.level:.1%} was aimed at"
        + (", so take the risks below for too low" if many else "")
    )


def _model(item: PoolReasoning) -> str:
    score = "" if item.score is None else f"; loss {item.score:.2f} on days held out, in nodes a bin, misses weighted"
    signals = f"; with {listed(item.signals)}" if item.signals else ""
    return model_name(item.model) + signals + score


def _rejected(rejected: tuple[RejectedModel, ...]) -> str:
    """The best few by score, then those that have none, those with one reason together; how many more there are."""
    ranked = sorted(rejected, key=lambda rival: (rival.score is None, rival.score or 0.0))
    phrases = [
        f"{listed([_rival(rival) for rival in rivals])}: {reason}"
        for reason, rivals in groupby(ranked[:REJECTED_SHOWN], key=lambda rival: rival.reason)
    ]
    more = len(ranked) - REJECTED_SHOWN
    return "; ".join(phrases) + (f"; and {more} more" if more > 0 else "")


def _rival(rival: RejectedModel) -> str:
    return model_name(rival.model) + ("" if rival.score is None else f" ({rival.score:.2f})")


def _money_lines(plan: ScalingPlan) -> Iterator[str]:
    after, before = plan.usd_per_hour_after, plan.usd_per_hour_before
    yield f"All floors together cost {after:.2f} USD/hour; before it was {before:.2f}."
    for name, cost in sorted(plan.strategy_costs.items()):
        over = cost.usd_per_hour > cost.ceiling_usd_per_hour
        verdict = "more than" if over else "within"
        yield f"  {name} fills {cost.usd_per_hour:.2f} USD/hour of it, {verdict} its {cost.ceiling_usd_per_hour:.2f}."
    if (choice := plan.explanation.choice) is not None:
        yield f"  {choice.idle_usd_per_hour:.2f} USD/hour nobody fills: nodes come whole, and floors stand."
        yield _quality(choice)


def _quality(choice: ChoiceQuality) -> str:
    nearness = {
        "optimal": "No other sizes hold as much for less",
        "within-gap": f"No other sizes hold as much for more than {choice.mip_gap:.1%} less",
        "node-limit": f"The search was cut off; others may hold as much for up to {choice.mip_gap:.1%} less",
    }[choice.status]
    return f"{nearness}; if nodes came in parts, it would be {choice.lp_distance:.1%} less."


def _outcome_lines(plan: ScalingPlan, outcome: ResizeOutcome | None) -> Iterator[str]:
    if outcome is None:
        yield "No outcome is known yet." if plan.signature else "This is a look ahead: nothing is published or kept."
        yield from (f"  The cost policy is expected to refuse: {text}" for text in plan.explanation.expected_violations)
        return
    reason = "" if outcome.reason == plan.explanation.sentence else f": {outcome.reason.rstrip('.')}"
    yield f"{_STATUS[outcome.status]} ({outcome.finished_at:%Y-%m-%d %H:%M} UTC){reason}."
    yield from (f"  Rule {item.rule} of {item.pack}: {item.message}" for item in outcome.violations)
    yield from (f"  Differs: {item}" for item in outcome.drift)
    held = outcome.status == "applied" and outcome.sizes != plan.sizes
    if outcome.sizes and (held or outcome.status != "applied"):
        stands = listed([f"{pool} {node_count(size.floor)}" for pool, size in outcome.sizes.items()])
        why = "; floors planned lately are held for a while before they fall" if held else ""
        yield f"  The stack stands at {stands}{why}."

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.allocation.lead_time import LeadTime
from quantos.capacity.demand.pool_demand import PoolDemand
from quantos.capacity.planning.vocabulary import in_words, model_name
from quantos.capacity.reporting.plan_text import Page, explain_text
from quantos.contracts.demand import RejectedModel
from quantos.contracts.plan import Coverage, OutcomeStatus, PoolSize, ResizeOutcome, ScalingPlan, Violation
from tests.conftest import GOLDEN, Golden
from tests.support.demand_cases import BIN_END, make_demand, make_forecast, make_inputs, make_strategy, planned
from tests.support.environments import make_settings

BEFORE = {
    "cpu": PoolSize(floor=4, ceiling=32),
    "cpu-spot": PoolSize(floor=0, ceiling=10),
    "memory": PoolSize(floor=1, ceiling=20),
}
LOST = "greater decision loss on days held out"
REJECTED = (
    RejectedModel(model="decomposition", score=None, reason="model error: no convergence"),
    RejectedModel(model="static-peak", score=9.5, reason=LOST),
    RejectedModel(model="seasonal-naive-day", score=2.5, reason=LOST),
    RejectedModel(model="stl-arima", score=1.75, reason=LOST),
)
ASCII = Page(columns=100, encoding="ascii")


def outcome(plan: ScalingPlan, status: str, reason: str, **more: object) -> ResizeOutcome:
    return ResizeOutcome.model_validate(
        {
            "stack": plan.stack,
            "plan_id": plan.plan_id,
            "sequence": plan.sequence,
            "status": status,
            "reason": reason,
            "finished_at": BIN_END,
            **more,
        }
    )


def plan_of(demand: PoolDemand) -> ScalingPlan:
    return planned(make_inputs(demand, previous=BEFORE))


def chosen_demand() -> PoolDemand:
    """Demand forecast by a blend that four others lost against."""
    model = "blend of boosted-985 64%, quantile-regression 36%"
    return replace(make_demand(), forecast=replace(make_forecast(), model=model, rejected=REJECTED))


def test_the_signals_that_were_looked_at_are_named():
    forecast = replace(make_forecast(), signals=("signal/news-count", "signal/volume"))

    text = explain_text(plan_of(replace(make_demand(), forecast=forecast)), None, ASCII)

    assert "with signal/news-count and signal/volume" in " ".join(text.split())
    assert "signal/" not in explain_text(plan_of(make_demand()), None, ASCII)


def degraded_demand() -> PoolDemand:
    """A silent feed, and a history too short for any model."""
    forecast = replace(
        make_forecast(degraded="history too short: no demand has ever been known"),
        model="last-value",
        score=None,
    )
    known = Coverage(
        days=0, bins=0, held_bins=0, node_held_bins=0, reason="nothing could be learnt yet, and the last value serves"
    )
    return replace(make_demand(stale=True), forecast=forecast, coverage=known)


def test_an_applied_plan_reads_as_an_explanation(golden: Golden):
    plan = plan_of(chosen_demand())

    text = explain_text(plan, outcome(plan, "applied", "read back as planned"))

    golden("explain/applied.txt", text)
    assert "None" not in text
    assert "{" not in text


def test_a_refused_plan_names_the_rule_and_where_the_stack_stands(golden: Golden):
    demand = make_demand(make_strategy(ceiling_usd_per_hour=2.0, min_throughput_units=700))
    plan = planned(make_inputs(demand, previous=BEFORE), check=lambda _: ("over its ceiling",))
    violation = Violation(pack="cost", rule="strategy-ceiling", message="orders: 4.50 USD/hour exceeds 2.00")

    text = explain_text(
        plan, outcome(plan, "blocked", "the cost policy refused", violations=(violation,), sizes=BEFORE)
    )

    golden("explain/refused.txt", text)
    assert "Rule strategy-ceiling of cost: orders: 4.50 USD/hour exceeds 2.00" in text
    assert "The stack stands at cpu 4 nodes, cpu-spot 0 nodes and memory 1 node." in text


def test_a_degraded_plan_says_why_and_what_serves(golden: Golden):
    plan = plan_of(degraded_demand())

    text = explain_text(plan, outcome(plan, "applied", "read back as planned"))

    golden("explain/degraded.txt", text)
    assert "stale feed of orders; history too short" in text


def test_a_terminal_of_plain_ascii_gets_a_chart_of_it(golden: Golden):
    plan = plan_of(chosen_demand())

    text = explain_text(plan, outcome(plan, "applied", "zur\u00fcckgelesen"), ASCII)

    golden("explain/applied_ascii.txt", text)
    assert text.isascii()


def test_a_measured_lead_time_is_told_with_what_it_rests_on():
    measured = LeadTime(seconds=412.4, observations=48, source="measured")
    inputs = make_inputs(make_demand(), lead_times=dict.fromkeys(make_settings().pools, measured), previous=BEFORE)

    text = " ".join(explain_text(planned(inputs), None).split())

    assert "412 s, the 95th percentile of 48 measured orders; demand is looked at 90 minutes ahead" in text


def test_a_plan_of_an_earlier_release_is_told_without_what_it_does_not_carry(golden: Golden):
    plan = ScalingPlan.model_validate_json((GOLDEN / "explain/plan_before_coverage.json").read_bytes())

    golden("explain/plan_before_coverage.txt", explain_text(plan, None))


def test_a_plan_of_an_earlier_release_keeps_its_id_and_its_bytes():
    stored = (GOLDEN / "explain/plan_before_coverage.json").read_bytes().rstrip()

    plan = ScalingPlan.model_validate_json(stored)

    assert plan.content_digest() == plan.plan_id
    assert plan.to_json() == stored


def test_a_plan_survives_its_way_over_the_wire():
    plan = plan_of(chosen_demand())

    back = ScalingPlan.model_validate_json(plan.to_json())

    assert back == plan
    assert back.content_digest() == plan.plan_id


@pytest.mark.parametrize("status", get_args(OutcomeStatus))
def test_every_status_has_words(status: str):
    plan = plan_of(make_demand())

    assert ": why." in explain_text(plan, outcome(plan, status, "why", drift=("a node group",)))


def test_a_plan_without_outcome_says_so_and_what_to_expect():
    plan = planned(make_inputs(make_demand()), check=lambda _: ("over its ceiling",))

    text = explain_text(plan.model_copy(update={"signature": "mac"}), None)

    assert "No outcome is known yet." in text
    assert "This is a look ahead: nothing is published or kept." in explain_text(plan, None)
    assert "expected to refuse: over its ceiling" in text


@settings(deadline=None, max_examples=60)
@given(
    upper=st.floats(0, 1e5),
    recent=st.floats(0, 400),
    columns=st.integers(0, 300),
    encoding=st.sampled_from(["utf-8", "ascii", "latin-1", "cp1252"]),
)
def test_no_line_is_wider_than_the_terminal_or_a_hundred_columns(
    upper: float, recent: float, columns: int, encoding: str
):
    page = Page(columns=columns, encoding=encoding)

    text = explain_text(plan_of(make_demand(upper=upper, recent=recent)), None, page)

    assert max(len(line) for line in text.splitlines()) <= min(max(columns, 70), 100)
    assert text.encode(encoding).decode(encoding) == text


def test_an_outcome_does_not_repeat_the_sentence():
    plan = plan_of(make_demand())

    text = explain_text(plan, outcome(plan, "applied", plan.explanation.sentence))

    assert text.endswith("It was applied (2026-03-02 14:30 UTC).")


def test_an_applied_plan_whose_floor_was_held_says_where_the_stack_stands():
    plan = plan_of(make_demand())
    held = {pool: size.model_copy(update={"floor": size.floor + 1}) for pool, size in plan.sizes.items()}
    applied = outcome(plan, "applied", plan.explanation.sentence)

    text = explain_text(plan, applied.model_copy(update={"sizes": held}))

    assert f"The stack stands at cpu {held['cpu'].floor} nodes" in text
    assert "floors planned lately are held" in " ".join(text.split())
    assert "The stack stands" not in explain_text(plan, applied.model_copy(update={"sizes": plan.sizes}))


@pytest.mark.parametrize(("node_held_bins", "warned"), [(1164, False), (1163, True)])
def test_misses_well_above_the_nominal_are_warned_of(node_held_bins: int, warned: bool):
    coverage = Coverage(days=7, bins=1200, held_bins=1000, node_held_bins=node_held_bins)

    text = explain_text(plan_of(replace(make_demand(), coverage=coverage)), None)

    assert ("take the risks below for too low" in " ".join(text.split())) is warned


def test_models_have_names_that_a_trader_reads():
    assert model_name("blend of seasonal-naive-week 80%, something-new 20%") == (
        "blend of 80% same time a week ago, 20% something-new"
    )
    assert in_words("demoted to reactive-or-day, which did better, reactive or not") == (
        "demoted to the greater of now and yesterday, which did better, reactive or not"
    )

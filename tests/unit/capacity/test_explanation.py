from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quantos.capacity.explanation import explain_text, shortage_probability
from quantos.capacity.planning import make_plan
from quantos.contracts.plan import PoolSize, ResizeOutcome, ScalingPlan, Violation
from tests.support.demand_cases import BIN_END, make_demand, make_forecast, make_inputs, make_strategy

BEFORE = {
    "cpu": PoolSize(floor=4, ceiling=32),
    "cpu-spot": PoolSize(floor=0, ceiling=10),
    "memory": PoolSize(floor=1, ceiling=20),
}


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


def test_risk_is_read_off_the_quantiles():
    forecast = make_forecast(upper=100)

    risks = [shortage_probability(forecast, capacity_vcpu=capacity) for capacity in (0, 25, 50, 65, 80, 100)]

    assert risks == pytest.approx([1.0, 0.75, 0.5, 0.3, 0.1, 0.02])
    assert 0 < shortage_probability(forecast, capacity_vcpu=120) < 0.02


def test_nothing_expected_cannot_run_short():
    assert shortage_probability(make_forecast(upper=0), capacity_vcpu=0) == 0


@settings(deadline=None)
@given(small=st.floats(0, 500), great=st.floats(0, 500), upper=st.floats(0, 300))
@example(small=0.0, great=2.0, upper=7.664583583084465e-308)
def test_more_capacity_never_risks_more(small: float, great: float, upper: float):
    forecast = make_forecast(upper=upper)
    less, more = sorted((small, great))

    risk = shortage_probability(forecast, capacity_vcpu=less)

    assert 0 <= shortage_probability(forecast, capacity_vcpu=more) <= risk <= 1


def test_the_sentence_says_who_what_when_why_and_for_how_much():
    plan = make_plan(make_inputs(make_demand(), previous=BEFORE))

    assert plan.explanation.sentence == (
        "Pool cpu rises from 4 to 9 nodes: orders used 30 vCPU at 14:30 UTC and should stay under 70 until 16:00 UTC "
        "(98.0% sure); the floor is set by the forecast; the floors cost 5.00 USD/hour, 2.50 more than before; "
        "one node fewer would save 0.50 and run short with a probability of 5.4%."
    )


def test_the_sentence_of_a_quiet_bin_says_that_nothing_moves():
    previous = {**BEFORE, "cpu": PoolSize(floor=9, ceiling=32)}
    plan = make_plan(make_inputs(make_demand(), previous=previous))

    assert plan.explanation.sentence == (
        "Every pool keeps its floor (cpu 9, cpu-spot 0, memory 1 nodes); the floors cost 5.00 USD/hour."
    )


def test_a_held_floor_says_why_it_is_held():
    previous = {**BEFORE, "cpu": PoolSize(floor=12, ceiling=32)}
    plan = make_plan(make_inputs(make_demand(stale=True), previous=previous))

    assert "cpu is held by the floor before, held while telemetry is silent" in plan.explanation.sentence


def test_alternatives_are_priced_and_risked():
    (pool,) = make_plan(make_inputs(make_demand(), previous=BEFORE)).explanation.pools

    found = {choice.name: (choice.nodes, choice.usd_per_hour) for choice in pool.alternatives}
    risks = {choice.name: choice.risk_of_shortage for choice in pool.alternatives}

    assert found == {"reactive": (4, 2.0), "static": (13, 6.5), "one-cheaper": (8, 4.0)}
    assert risks["reactive"] > risks["one-cheaper"] > risks["static"]


def test_one_cheaper_is_no_choice_below_the_environment_floor():
    (pool,) = make_plan(make_inputs(make_demand(upper=0, recent=0))).explanation.pools

    assert [choice.name for choice in pool.alternatives] == ["reactive", "static"]


def test_an_applied_plan_reads_as_an_explanation():
    plan = make_plan(make_inputs(make_demand(), previous=BEFORE))

    text = explain_text(plan, outcome(plan, "applied", "read back as planned"))

    assert plan.explanation.sentence in text
    assert "It was applied (2026-03-02 14:30 UTC): read back as planned." in text
    assert "orders causes 4.50 USD/hour of it, within its 12.00" in text
    assert "Following measured demand only would be 4 nodes for 2.00 USD/hour and run short" in text
    assert "{" not in text
    assert "None" not in text


def test_a_refused_plan_names_the_rule_and_where_the_stack_stands():
    demand = make_demand(make_strategy(ceiling_usd_per_hour=2.0))
    plan = make_plan(replace(make_inputs(demand, previous=BEFORE), check=lambda _: ("over its ceiling",)))
    violation = Violation(pack="cost", rule="strategy-ceiling", message="orders: 4.50 USD/hour exceeds 2.00")

    text = explain_text(
        plan, outcome(plan, "blocked", "the cost policy refused", violations=(violation,), sizes=BEFORE)
    )

    assert "It was refused" in text
    assert "Rule strategy-ceiling of cost: orders: 4.50 USD/hour exceeds 2.00" in text
    assert "orders causes 4.50 USD/hour of it, more than its 2.00" in text
    assert "The stack stands at cpu 4 nodes, cpu-spot 0 nodes and memory 1 node." in text


@pytest.mark.parametrize(
    "status",
    ["applied", "unchanged", "observed", "blocked", "stale", "paused", "busy", "drift", "interrupted", "failed"],
)
def test_every_status_has_words(status: str):
    plan = make_plan(make_inputs(make_demand()))

    assert "because of this" in explain_text(plan, outcome(plan, status, "because of this", drift=("a node group",)))


def test_a_plan_without_outcome_says_so_and_what_to_expect():
    plan = make_plan(replace(make_inputs(make_demand()), check=lambda _: ("over its ceiling",)))

    text = explain_text(plan, None)

    assert "No outcome is known yet." in text
    assert "expected to refuse: over its ceiling" in text

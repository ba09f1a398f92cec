"""What the report says of a plan is of the floors that the stack stood on."""

import pytest

from quantos.contracts.plan import ResizeOutcome
from sandbox.demo.measure import decision_row
from tests.support.demand_cases import BIN_END, NODE, make_demand, make_inputs, planned


def test_a_row_costs_what_its_own_floors_cost_where_one_was_held() -> None:
    plan = planned(make_inputs(make_demand()))
    held = {pool: size.model_copy(update={"floor": size.floor + 2}) for pool, size in plan.sizes.items()}
    outcome = ResizeOutcome(
        stack=plan.stack,
        plan_id=plan.plan_id,
        sequence=plan.sequence,
        status="applied",
        reason=plan.explanation.sentence,
        finished_at=BIN_END,
        sizes=held,
    )

    row = decision_row(plan, outcome, BIN_END)

    assert row.floors == {pool: size.floor for pool, size in held.items()}
    more = sum(2 * cost.usd_per_node_hour for cost in plan.pool_costs.values())
    assert row.usd_per_hour - plan.usd_per_hour_after == pytest.approx(more)
    assert more >= 2 * NODE.usd_per_hour

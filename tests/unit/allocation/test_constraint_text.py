"""Who gave way is told by name, amount and reason."""

from typing import get_args

from quantos.allocation.choice import Binding, Constraint
from quantos.allocation.constraint_text import _REASONS, gave_way
from tests.support.choices import make_demand, make_limits, make_pool, solved


def test_nothing_is_told_where_nothing_gave_way() -> None:
    assert list(gave_way(solved(make_pool(), demands=(make_demand(),)))) == []


def test_floors_then_demands_are_told_with_amount_and_reason() -> None:
    solution = solved(
        make_pool(reactive_nodes=3, max_nodes=4),
        demands=(make_demand("low", priority=10), make_demand("high", vcpu=16, priority=90)),
        limits=make_limits(max_step_up_nodes=2),
    )
    assert Binding(constraint="step-up") in solution.binding
    assert list(gave_way(solution)) == [
        "pool cpu stays 1 node below its floor, bound by the step that one plan may take",
        "low (priority 10) is given 20.0 vCPU (100.0%) less than it needs, bound by the step that one plan may take",
    ]


def test_several_reasons_are_listed() -> None:
    solution = solved(
        make_pool(max_nodes=2), demands=(make_demand(),), limits=make_limits(budget_usd_per_hour=1.0, max_nodes=2)
    )
    (told,) = gave_way(solution)
    assert told.endswith(
        "bound by the environment's budget, the most nodes of the environment and the maximum of its pool"
    )


def test_every_constraint_has_words() -> None:
    assert set(_REASONS) == set(get_args(Constraint))

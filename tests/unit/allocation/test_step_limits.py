from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.allocation.choice import ChoiceProblem
from quantos.allocation.priorities import choose
from quantos.allocation.step_limits import shared_out, within_reach
from quantos.allocation.verification import check_solution
from tests.support.choices import make_limits, make_pool, problems


def test_without_excess_nothing_is_eased():
    problem = ChoiceProblem(pools=(make_pool(previous_nodes=8),), demands=(), limits=make_limits(max_step_down_nodes=2))

    assert within_reach(problem) == problem


def test_a_pool_far_above_its_maximum_comes_down_by_the_step():
    pools = (make_pool(previous_nodes=30), make_pool("memory", previous_nodes=12))
    problem = ChoiceProblem(pools=pools, demands=(), limits=make_limits(max_step_down_nodes=11, max_nodes=20))

    eased = within_reach(problem)

    assert [pool.max_nodes for pool in eased.pools] == [20, 11]
    assert eased.limits.max_nodes == 31
    assert choose(eased).nodes() == {"cpu": 20, "memory": 11}


def test_what_the_step_leaves_comes_off_the_dearest_nodes():
    pools = (make_pool(previous_nodes=10), make_pool("dear", previous_nodes=10, usd_per_node_hour=1.0))
    problem = ChoiceProblem(pools=pools, demands=(), limits=make_limits(max_step_down_nodes=4, budget_usd_per_hour=5.0))

    assert within_reach(problem).limits.budget_usd_per_hour == 10 * 0.4 + 6 * 1.0


@given(wanted=st.dictionaries(st.text(min_size=1), st.integers(0, 50)), most=st.integers(0, 60))
def test_what_is_shared_out_is_all_or_all_there_is(wanted: dict[str, int], most: int):
    given_out = shared_out(wanted, most=most)

    assert sum(given_out.values()) == min(most, sum(wanted.values()))
    assert all(0 <= given_out[name] <= count for name, count in wanted.items())


@settings(deadline=None, max_examples=60)
@given(problem=problems(), far=st.integers(0, 300))
def test_within_reach_there_is_always_a_choice(problem: ChoiceProblem, far: int):
    high = replace(
        problem,
        pools=tuple(replace(pool, previous_nodes=pool.previous_nodes + far) for pool in problem.pools),
        limits=replace(problem.limits, max_step_down_nodes=problem.limits.max_step_down_nodes or 5),
    )

    eased = within_reach(high)

    assert check_solution(eased, choose(eased)) == ()

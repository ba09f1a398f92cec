"""Which moments a sweep tries: all of them three times, some by a seed, and pairs from what recoveries did."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.kill_sweep.moments import (
    PHASES,
    counted,
    one_an_effect,
    paired_points,
    recurring,
    sampled,
    single_points,
    steady_name,
)

NAMES = st.lists(st.sampled_from(["write a", "write b", "engine up starts", "s3 PUT c"]), max_size=20)


@given(names=NAMES)
def test_every_effect_is_tried_in_every_phase_once(names: list[str]) -> None:
    effects = counted(names)
    points = single_points(effects)

    assert len(points) == 3 * len(names)
    assert {point.first for point in points} == {
        moment for effect in effects for moment in [point.first for point in points if point.first.effect == effect]
    }
    assert len({point.first for point in points}) == len(points)
    assert [point.number for point in points] == list(range(1, len(points) + 1))


@given(names=NAMES, count=st.integers(0, 70), seed=st.integers())
def test_a_sample_is_its_seeds_and_has_every_kind_it_can(names: list[str], count: int, seed: int) -> None:
    points = single_points(counted(names))

    drawn = sampled(points, count, rng=Random(seed))

    assert drawn == sampled(points, count, rng=Random(seed))
    assert len(drawn) == len(set(drawn)) == min(count, len(points))
    kinds = {(name.split()[0], phase) for name in names for phase in PHASES}
    assert len({(point.first.effect.name.split()[0], point.first.phase) for point in drawn}) == min(count, len(kinds))


def test_a_seed_means_the_same_moments_whatever_the_order_of_effects() -> None:
    there, back = counted(["write a", "s3 PUT b", "write c"]), counted(["write c", "write a", "s3 PUT b"])

    drawn = [{point.first for point in sampled(single_points(effects), 4, rng=Random(5))} for effects in (there, back)]

    assert drawn[0] == drawn[1]


def test_an_effect_that_came_only_once_in_two_recordings_is_left_out() -> None:
    assert recurring(counted(["renew", "write", "renew"]), counted(["write", "renew"])) == counted(["renew", "write"])


def test_pairs_kill_the_recovery_in_something_that_it_did() -> None:
    singles = one_an_effect(single_points(counted(["write a", "write b", "write c"])))
    recovered = counted(["s3 PUT c", "write a"])

    pairs = paired_points(singles, {singles[0].number: recovered, singles[2].number: recovered}, rng=Random(1), after=9)

    assert [pair.first for pair in pairs] == [singles[0].first, singles[2].first]
    assert [pair.number for pair in pairs] == [10, 11]
    assert all(pair.second is not None and pair.second.effect in recovered for pair in pairs)


def test_one_an_effect_takes_every_phase_in_turn() -> None:
    points = one_an_effect(single_points(counted(["a", "b", "c", "d"])))

    assert [(point.first.effect.name, point.first.phase) for point in points] == [
        ("a", "before"),
        ("b", "in"),
        ("c", "after"),
        ("d", "before"),
    ]


@pytest.mark.parametrize(
    ("name", "steady"),
    [
        ("locks/dev/0b4c9d2e-8f61-4a0b-9c11-2f3d4e5f6a7b.json.1f2e3d4c.tmp", "locks/dev/*.json.*.tmp"),
        ("dev-capacity-1796000000000000000.history.json", "dev-capacity-*.history.json"),
        ("node-groups/cpu-spot-2974ebd/update-config", "node-groups/cpu-spot-*/update-config"),
        ("stacks/quantos/dev-capacity.json", "stacks/quantos/dev-capacity.json"),
    ],
)
def test_names_leave_out_what_differs_between_runs(name: str, steady: str) -> None:
    assert steady_name(name) == steady

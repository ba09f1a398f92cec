"""Each attempt runs where it is expected to cost least, of what its terms allow; and says why."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.contracts.dag.submission import Affinity
from quantos.errors import UnplaceableError
from quantos.orchestration.routing.choice import Work, expected_ms, place
from quantos.orchestration.routing.offers import Need, Offer

HOUR = 3_600_000
GIB = 2**30
CPU = Offer(pool="cpu", cpu=8, memory_bytes=16 * GIB, gpus=0, usd_per_hour=0.4)
SPOT = Offer(pool="cpu-spot", cpu=8, memory_bytes=16 * GIB, gpus=0, usd_per_hour=0.16, interruptions_per_hour=0.01)
LARGE = Offer(pool="memory", cpu=8, memory_bytes=64 * GIB, gpus=0, usd_per_hour=0.6)
GPU = Offer(pool="gpu", cpu=16, memory_bytes=64 * GIB, gpus=1, usd_per_hour=1.6)
GPU_SPOT = Offer(pool="gpu-spot", cpu=16, memory_bytes=64 * GIB, gpus=1, usd_per_hour=0.6, interruptions_per_hour=0.02)
ALL = (CPU, SPOT, LARGE, GPU, GPU_SPOT)


def work(**fields) -> Work:
    stated = {
        "need": Need(cpu=4, memory_bytes=8 * GIB, gpus=0),
        "expected_ms": HOUR,
        "left_ms": 10 * HOUR,
        "attempts_left": 3,
        "qos": "spot_ok",
        "job_class": "backtest",
    }
    return Work(**{**stated, **fields})


def test_spot_is_taken_where_it_is_expected_to_cost_less_and_says_what_demand_would() -> None:
    placement = place(work(), ALL)
    assert placement.chosen.pool == "cpu-spot"
    assert placement.chosen.usd_per_hour == pytest.approx(0.08)
    assert placement.chosen.expected_usd == pytest.approx(0.08 * math.expm1(0.01) / 0.01)
    assert placement.reason == "the least expected cost"
    assert placement.other is not None
    assert (placement.other.pool, placement.other.expected_usd) == ("cpu", pytest.approx(0.2))


def test_spot_that_is_taken_away_too_often_is_not_the_cheaper() -> None:
    often = Offer(**{**SPOT.__dict__, "interruptions_per_hour": 3.0})
    assert place(work(left_ms=1000 * HOUR), (CPU, often)).chosen.pool == "cpu"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"qos": "on_demand"}, "qos is on_demand"),
        ({"job_class": "inference"}, "inference runs on demand"),
        ({"attempts_left": 1}, "the last attempt runs on demand"),
        ({"left_ms": int(1.9 * HOUR)}, "the time left allows no lost attempt"),
    ],
)
def test_it_runs_on_demand_where_it_must(fields, reason: str) -> None:
    placement = place(work(**fields), ALL)
    assert (placement.chosen.pool, placement.reason) == ("cpu", reason)
    assert placement.other is not None
    assert placement.other.spot, "what the other choice would have cost is recorded"


def test_a_node_with_gpus_is_for_who_asks_for_some() -> None:
    assert place(work(need=Need(cpu=8, memory_bytes=32 * GIB, gpus=1)), ALL).chosen.pool == "gpu-spot"
    assert place(work(), (GPU, CPU)).other is None


def test_the_part_of_a_node_that_is_paid_is_that_of_what_is_taken_most_of() -> None:
    placement = place(work(need=Need(cpu=1, memory_bytes=32 * GIB, gpus=0)), ALL)
    assert (placement.chosen.pool, placement.chosen.usd_per_hour) == ("memory", pytest.approx(0.3))


def test_a_required_pool_is_never_left() -> None:
    required = Affinity(compute_pool="cpu-spot", binding="required")
    assert place(work(affinity=required, attempts_left=1), ALL).chosen.pool == "cpu-spot"
    with pytest.raises(UnplaceableError, match="qos is on_demand"):
        place(work(affinity=required, qos="on_demand"), ALL)
    with pytest.raises(UnplaceableError, match="no other may be taken"):
        place(work(affinity=Affinity(compute_pool="gpu", binding="required")), ALL)


def test_a_preferred_pool_is_left_by_the_last_attempt() -> None:
    preferred = Affinity(compute_pool="memory")
    assert place(work(affinity=preferred), ALL).chosen.pool == "memory"
    assert place(work(affinity=preferred, attempts_left=1), ALL).chosen.pool == "cpu"


def test_what_has_room_nowhere_is_refused_with_what_was_asked_for() -> None:
    with pytest.raises(UnplaceableError, match="16 cores, 8 GiB"):
        place(work(need=Need(cpu=16, memory_bytes=8 * GIB, gpus=0)), ALL)
    with pytest.raises(UnplaceableError, match="on demand"):
        place(work(qos="on_demand", need=Need(cpu=4, memory_bytes=GIB, gpus=1)), (GPU_SPOT, CPU))


@given(st.integers(1, 10**8), st.floats(0, 5))
def test_interruptions_never_make_it_shorter(run_ms: int, rate: float) -> None:
    assert expected_ms(run_ms, interruptions_per_hour=rate) >= run_ms


@given(
    st.builds(
        work,
        attempts_left=st.integers(1, 5),
        qos=st.sampled_from(["spot_ok", "on_demand"]),
        job_class=st.sampled_from(["backtest", "inference"]),
        expected_ms=st.integers(1, 20 * HOUR),
        left_ms=st.integers(1, 20 * HOUR),
    )
)
def test_whatever_is_asked_the_choice_keeps_the_terms(asked: Work) -> None:
    placement = place(asked, ALL)
    if asked.qos == "on_demand" or asked.job_class == "inference" or asked.attempts_left == 1:
        assert not placement.chosen.spot
    assert placement.other is None or placement.other.pool != placement.chosen.pool

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.contracts.dag.spec import Requests
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.errors import UnplaceableError
from quantos.orchestration.demand.stretches import Market, Stretch, present_vcpu, stretches
from quantos.orchestration.ledger.accounts import Hold
from quantos.orchestration.ledger.amounts import NOTHING
from quantos.orchestration.protocol.rows import Node, Submission
from quantos.orchestration.routing.offers import Need, Offer
from quantos.orchestration.routing.placement import Choice, Placement
from quantos.orchestration.submission.assessment import assess, placement
from tests.support.dags import dags
from tests.support.runs import node, submission, terms

GIB = 2**30
CPU = Offer(pool="cpu", cpu=8.0, memory_bytes=16 * GIB, gpus=0, usd_per_hour=0.5)
SPOT = Offer(pool="spot", cpu=8.0, memory_bytes=16 * GIB, gpus=0, usd_per_hour=0.2, interruptions_per_hour=0.01)
GPU = Offer(pool="gpu", cpu=4.0, memory_bytes=16 * GIB, gpus=2, usd_per_hour=1.0)
OFFERS = (CPU, SPOT, GPU)
HOLD = Hold(day="2026-11-20", left=NOTHING, cap=NOTHING)
NOW = 1_000_000
MINUTE = 60_000


def market(*offers: Offer) -> Market:
    chosen = offers or OFFERS
    return Market(offers=chosen, placed=lambda row, node, left: placement(row.terms, node, offers=chosen, left_ms=left))


def run(*nodes: Node, **fields: Any) -> list[Stretch]:
    stated = {"hold": HOLD, "terms": terms(max_runtime_ms=60 * MINUTE), **fields}
    return list(stretches(submission(**stated), nodes, now_ms=NOW, market=market()))


def asks(cpu: str = "2", mem: str = "1Gi", gpu: int = 0) -> Requests:
    return Requests(cpu=cpu, mem=mem, gpu=gpu)


def live(name: str = "n", **fields: Any) -> Node:
    chosen = Choice(pool="spot", spot=True, usd_per_hour=0.1, expected_usd=0.1, expected_ms=4)
    stated = {"state": "running", "attempt": 1, "placement": Placement(chosen=chosen, reason="cheap"), **fields}
    return node(name, requests=asks(), expected_ms=10 * MINUTE, **stated)


def test_what_runs_counts_where_it_runs_until_it_is_expected_to_end():
    (part,) = run(live(started_ms=NOW - 4 * MINUTE))
    assert part == Stretch(node="n", pool="spot", vcpu=2.0, start_ms=NOW, end_ms=NOW + 6 * MINUTE)


def test_a_claimed_attempt_waits_for_a_node_and_has_all_before_it():
    (part,) = run(live(state="claimed"))
    assert (part.start_ms, part.end_ms) == (NOW, NOW + 10 * MINUTE)


def test_an_attempt_that_runs_too_long_ends_any_moment_and_counts_now():
    parts = run(live(started_ms=NOW - 60 * MINUTE), node("m", upstream=("n",), requests=asks()))
    assert present_vcpu(parts, pool="spot", now_ms=NOW) == 2.0
    assert parts[1].start_ms == NOW + 1


@pytest.mark.parametrize(
    ("requests", "pool", "vcpu"),
    [
        pytest.param(asks("2", "1Gi"), "spot", 2.0, id="by-cores"),
        pytest.param(asks("2", "12Gi"), "spot", 6.0, id="by-memory"),
        pytest.param(asks("1", "1Gi", 1), "gpu", 2.0, id="by-gpus"),
    ],
)
def test_a_node_counts_by_what_it_takes_most_of(requests: Requests, pool: str, vcpu: float):
    row = node(requests=requests, expected_ms=MINUTE, max_attempts=3)
    (part,) = run(row, terms=terms(qos="spot_ok", max_runtime_ms=60 * MINUTE))
    assert (part.pool, part.vcpu) == (pool, pytest.approx(vcpu))


def test_what_comes_later_starts_when_all_before_it_are_expected_to_have_ended():
    parts = run(
        live("a", started_ms=NOW),
        node("b", requests=asks(), expected_ms=5 * MINUTE),
        node("c", upstream=("a", "b"), requests=asks(), expected_ms=3 * MINUTE),
        node("d", upstream=("c",), requests=asks(), expected_ms=MINUTE),
        node("e", requests=asks(), expected_ms=MINUTE, not_before=NOW + 2 * MINUTE),
    )
    begins = {part.node: (part.start_ms - NOW) // MINUTE for part in parts}
    assert begins == {"a": 0, "b": 0, "c": 10, "d": 13, "e": 2}


WAITING = node("b", requests=asks())


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"hold": None, "reason": "quota"}, id="waits-for-quota"),
        pytest.param({"hold": None, "reason": "approval"}, id="waits-for-approval"),
        pytest.param({"hold": None}, id="not-admitted-yet"),
        pytest.param({"asked": "cancelled"}, id="cancelled"),
        pytest.param({"ended": "failed"}, id="ended"),
        pytest.param({"terms": terms(max_runtime_ms=0)}, id="time-is-up"),
        pytest.param({"terms": terms(max_cost_usd=0.0)}, id="money-is-spent"),
    ],
)
def test_what_may_not_run_makes_no_demand_and_what_still_runs_does(fields: dict[str, Any]):
    assert [part.node for part in run(live("a", started_ms=NOW), WAITING, **fields)] == ["a"]


def test_once_a_node_has_failed_nothing_more_is_to_come():
    assert run(node("a", state="failed"), WAITING) == []


def test_what_no_pool_has_room_for_makes_no_demand():
    def refuse(row: Submission, waiting: Node, left_ms: int) -> Placement:
        raise UnplaceableError("no room", remedy="none")

    row = submission(hold=HOLD)
    assert list(stretches(row, [WAITING], now_ms=NOW, market=Market(offers=OFFERS, placed=refuse))) == []


def test_an_attempt_on_a_pool_that_is_gone_makes_no_demand_and_one_that_fits_no_more_takes_a_node():
    row, running = submission(hold=HOLD), live(started_ms=NOW)
    assert list(stretches(row, [running], now_ms=NOW, market=market(CPU))) == []
    smaller = replace(SPOT, cpu=1.0)
    (part,) = stretches(row, [running], now_ms=NOW, market=market(smaller))
    assert part.vcpu == 1.0


@st.composite
def open_runs(draw: st.DrawFn) -> tuple[Submission, tuple[Node, ...]]:
    """A run of any DAG, some of whose nodes have succeeded or run, those before them first."""
    request = SubmissionRequest.model_validate({"dag": draw(dags()), "params": {"submission_id": "x", "env": "dev"}})
    assessed = assess(request, team="research", subject="ann", now_ms=NOW, pipeline=None, offers=OFFERS)
    done: set[str] = set()
    rows: dict[str, Node] = {}
    for row in sorted(assessed.nodes, key=lambda item: (len(item.id), item.id)):
        states = ["pending", "claimed", "running", "succeeded"] if done.issuperset(row.upstream) else ["pending"]
        state = draw(st.sampled_from(states))
        placed = assessed.placements[row.id] if state in {"claimed", "running"} else None
        started = NOW - draw(st.integers(0, 30)) * MINUTE if state == "running" else None
        rows[row.id] = replace(row, state=state, placement=placed, started_ms=started)
        done |= {row.id} if state == "succeeded" else set()
    return replace(assessed.submission, hold=HOLD), tuple(rows.values())


@given(open_runs())
def test_the_demand_of_every_pool_is_the_sum_over_its_nodes(given_run: tuple[Submission, tuple[Node, ...]]):
    row, nodes = given_run
    parts = list(stretches(row, nodes, now_ms=NOW, market=market()))
    by_id, done = {item.id: item for item in nodes}, {item.id for item in nodes if item.state == "succeeded"}

    assert {part.node for part in parts} == by_id.keys() - done
    for offer in OFFERS:
        ready = [item for item in nodes if item.live or (item.state == "pending" and done.issuperset(item.upstream))]
        shares = [
            share
            for item in ready
            if (share := offer.share(Need.of(item.requests))) is not None and _pool(parts, item) == offer.pool
        ]
        assert present_vcpu(parts, pool=offer.pool, now_ms=NOW) == pytest.approx(sum(shares) * offer.cpu)
    times = {part.node: part for part in parts}
    for part in parts:
        before = [times[name].end_ms for name in by_id[part.node].upstream if name in times]
        assert part.start_ms == max([NOW, *before])


def _pool(parts: list[Stretch], row: Node) -> str:
    return next(part.pool for part in parts if part.node == row.id)

"""A recorded decision comes out again, and what has changed since is named."""

import gzip
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from quantos.allocation.choice import Resources
from quantos.capacity.decision.record import DecisionRecord, packed, unpacked
from quantos.capacity.decision.replay import Finding, Replayer
from quantos.capacity.pools.lead_times import order_series
from quantos.contracts.demand import DemandSample
from quantos.contracts.plan import ScalingPlan
from quantos.errors import CapacityError
from tests.support.capacity_fakes import FakeFits, FakeSigner
from tests.support.decision_desk import CODE, HISTORY, MONDAY, Desk, decided, desk_at
from tests.support.demand_cases import NODE, agree


@pytest.fixture(scope="module")
def made() -> tuple[Desk, ScalingPlan]:
    desk = desk_at(11)
    return desk, decided(desk, 11)


def recorded(desk: Desk, plan: ScalingPlan) -> DecisionRecord:
    return unpacked(desk.records.kept[plan.plan_id])


def replayed(desk: Desk, record: DecisionRecord, plan: ScalingPlan, **changes: object) -> dict[str, Finding]:
    replayer = Replayer(
        signer=FakeSigner(), history=desk.history, signals=desk.signals, fits=desk.fits, check=agree, code=CODE
    )
    return {found.what: found for found in replace(replayer, **changes).replay(record, plan)}


def test_a_decision_comes_out_again_to_the_last_digit(made: tuple[Desk, ScalingPlan]):
    desk, plan = made

    found = replayed(desk, recorded(desk, plan), plan)

    assert {item.verdict for item in found.values()} == {"same"}
    assert set(found) == {
        "signature", "document", "solution", "cost rules", "code", "lead times", "demand of cpu", "quantiles of cpu",
        "fit of cpu, made again",
    }  # fmt: skip


def test_a_record_is_the_same_bytes_and_reads_back_whole(made: tuple[Desk, ScalingPlan]):
    desk, plan = made
    content = desk.records.kept[plan.plan_id]

    assert packed(unpacked(content)) == content
    assert desk.service().decide is not None
    assert len(content) < 64 * 1024


def test_a_changed_plan_document_does_not_pass(made: tuple[Desk, ScalingPlan]):
    desk, plan = made
    forged = plan.model_copy(update={"usd_per_hour_after": 0.01})

    found = replayed(desk, recorded(desk, plan), forged)

    assert found["signature"].verdict == "differs"
    assert replayed(desk, recorded(desk, plan), forged.identified())["document"].detail.endswith("usd_per_hour_after")


def test_a_solution_that_breaks_a_limit_is_named(made: tuple[Desk, ScalingPlan]):
    desk, plan = made
    record = recorded(desk, plan)
    pools = tuple(replace(choice, nodes=choice.nodes + 99) for choice in record.solution.pools)

    found = replayed(desk, replace(record, solution=replace(record.solution, pools=pools)), plan)

    assert found["solution"].verdict == "differs"
    assert found["document"].verdict == "differs"


def test_late_samples_are_named_as_an_input_that_is_gone(made: tuple[Desk, ScalingPlan]):
    _, plan = made
    desk = desk_at(11)
    again = decided(desk, 11)
    assert again == plan
    late = DemandSample(series="workload/orders", time=MONDAY + timedelta(hours=9), source="late", value=9.0)
    desk.history.add([late])

    found = replayed(desk, recorded(desk, again), again)

    assert found["demand of cpu"] == Finding(
        "demand of cpu", "gone", "workload/orders no longer reads as it did when this was decided"
    )
    assert found["document"].verdict == "same"


def test_a_replay_reads_demand_as_it_was_known_before_it_was_corrected():
    desk = desk_at(11)
    wrong = next(item for item in HISTORY if item.time == MONDAY + timedelta(hours=9))
    plan = decided(desk, 11)
    told = {"value": 1.0, "revision": 1, "known_at": MONDAY + timedelta(hours=11, minutes=1)}
    desk.history.add([wrong.model_copy(update=told)])

    found = replayed(desk, recorded(desk, plan), plan)

    assert found["demand of cpu"].verdict == found["quantiles of cpu"].verdict == "same"


def test_a_fit_that_is_gone_is_named_and_made_again(made: tuple[Desk, ScalingPlan]):
    desk, plan = made

    found = replayed(desk, recorded(desk, plan), plan, fits=FakeFits())

    assert found["fit of cpu"].verdict == "gone"
    assert found["fit of cpu, made again"].verdict == "same"


def test_other_code_and_other_rules_are_told_and_change_nothing(made: tuple[Desk, ScalingPlan]):
    desk, plan = made
    other = replace(CODE, sources="d" * 64, libraries={"python": "3.13.0"})

    found = replayed(desk, recorded(desk, plan), plan, code=other, check=lambda _: ("too dear today",))

    assert found["code"].detail.endswith("python 3.11.0 (now 3.13.0)")
    assert found["cost rules"].detail == "by today's prices and limits: too dear today"
    assert {found["code"].verdict, found["cost rules"].verdict} == {"changed"}


@pytest.mark.parametrize("content", [b"", b"not gzip", gzip.compress(b"{}", mtime=0)])
def test_what_is_no_record_is_refused(content: bytes):
    with pytest.raises(CapacityError, match="no record of a decision"):
        unpacked(content)


def test_a_decision_by_an_older_fit_is_replayed_by_that_one_though_a_newer_is_stored():
    desk = desk_at(-10)
    decided(desk, -10)
    desk.history.add([item for item in HISTORY if item.time < MONDAY + timedelta(hours=11)])
    plan = decided(desk, 11)
    (older,) = desk.fits.kept
    desk.fits.put(replace(older, day=MONDAY.date()), b"newer")

    found = replayed(desk, recorded(desk, plan), plan)

    assert {item.verdict for item in found.values()} == {"same"}


def test_lead_times_that_read_otherwise_today_are_named(made: tuple[Desk, ScalingPlan]):
    _, plan = made
    desk = desk_at(11)
    record = recorded(made[0], plan)
    ready = DemandSample(series=order_series("cpu").ready, time=MONDAY - timedelta(hours=9), source="i-1", value=3000.0)
    desk.history.add([ready])

    found = replayed(desk, record, plan)

    assert found["lead times"].verdict == "gone"
    assert found["document"].verdict == found["demand of cpu"].verdict == "same"


def test_a_record_of_a_release_that_took_whole_instances_replays_with_them():
    whole = replace(NODE, node=Resources(vcpu=9, memory_gib=18.0))
    desk = desk_at(11)
    desk.nodes = dict.fromkeys(desk.settings.pools, whole)
    plan = decided(desk, 11)
    document = json.loads(gzip.decompress(desk.records.kept[plan.plan_id]))
    for node in document["inputs"]["nodes"].values():
        del node["holds"]["gpus"]
    for demand in document["inputs"]["demands"]:
        assert all("resources" not in part["strategy"] for part in demand["strategies"])
    for item in document["solution"]["gave_way"]:
        del item["shortfall_gpus"]

    record = unpacked(gzip.compress(json.dumps(document).encode()))

    assert replayed(desk, record, plan)["document"].verdict == "same"
    assert record.inputs.nodes["cpu"].vcpu == 9

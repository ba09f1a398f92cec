from datetime import timedelta

import pytest

from quantos.capacity.resize.ports import GroupSize, Switch
from quantos.contracts.plan import Violation
from quantos.deployment.changes import Change, EngineRun
from quantos.deployment.checkpoint import state_unreadable
from quantos.errors import EngineError
from tests.support.capacity_fakes import Bench
from tests.support.plan_cases import NOW, document, make_plan

GROUP_URN = "urn:pulumi:dev-capacity::quantos::quantos:capacity:NodePool$aws:eks/nodeGroup:NodeGroup::cpu"


def run_of(*changes: Change, violations: tuple[Violation, ...] = (), unchecked: tuple[str, ...] = ()) -> EngineRun:
    return EngineRun(changes, violations, unchecked, None)


def test_a_plan_is_applied_read_back_and_made_current() -> None:
    bench = Bench()
    plan = make_plan(floors={"cpu": 6})

    outcome = bench.resizer().resize(plan, holder="a")

    assert (outcome.status, outcome.sizes["cpu"].floor) == ("applied", 6)
    assert bench.ledger.document.plan_id == plan.plan_id
    assert bench.cloud.groups["cpu"] == GroupSize(6, 20, 6)
    assert bench.cloud.raised == ("cpu",)
    assert bench.leases.lease is None
    assert [timing.step for timing in outcome.timings] == [
        "accept", "recover", "read", "preview", "up", "read back", "move pointer",
    ]  # fmt: skip


def test_a_redelivered_plan_answers_applied_and_starts_no_engine() -> None:
    bench = Bench()
    plan = make_plan()
    bench.resizer().resize(plan, holder="a")
    bench.cloud.calls.clear()

    again = bench.resizer().resize(plan, holder="b")

    assert again.status == "applied"
    assert bench.cloud.calls == []


def test_an_older_plan_is_stale() -> None:
    bench = Bench()
    bench.ledger.document = document(sequence=int(NOW.timestamp()), plan_id="other", cpu=2)
    assert bench.resizer().resize(make_plan(at=NOW), holder="a").status == "stale"


def test_a_plan_expires_at_its_very_instant() -> None:
    bench = Bench(now=NOW + timedelta(minutes=15))
    outcome = bench.resizer().resize(make_plan(at=NOW), holder="a")
    assert outcome.status == "stale"
    assert "expired" in outcome.reason


@pytest.mark.parametrize(
    "tampered",
    [
        pytest.param({"signature": "signed:else"}, id="signature-of-another-plan"),
        pytest.param({"usd_per_hour_after": 0.1}, id="content-changed-after-signing"),
    ],
)
def test_a_forged_plan_fails_and_starts_no_engine(tampered: dict[str, object]) -> None:
    bench = Bench()
    outcome = bench.resizer().resize(make_plan().model_copy(update=tampered), holder="a")
    assert outcome.status == "failed"
    assert bench.cloud.calls == []


def test_the_kill_switch_pauses_and_says_who_threw_it() -> None:
    bench = Bench()
    bench.switches.thrown = Switch(paused=True, actor="ada", reason="exchange outage")
    outcome = bench.resizer().resize(make_plan(), holder="a")
    assert (outcome.status, bench.cloud.calls) == ("paused", [])
    assert "ada" in outcome.reason


def test_observe_mode_explains_and_never_starts_the_engine() -> None:
    bench = Bench(mode="observe")
    assert bench.resizer().resize(make_plan(), holder="a").status == "observed"
    assert bench.cloud.calls == []


def test_advise_mode_previews_and_does_not_apply() -> None:
    bench = Bench(mode="advise")
    assert bench.resizer().resize(make_plan(), holder="a").status == "observed"
    assert bench.cloud.calls == ["preview"]
    assert bench.cloud.groups["cpu"].minimum == 2


def test_sizes_that_already_stand_are_unchanged() -> None:
    bench = Bench()
    assert bench.resizer().resize(make_plan(floors={"cpu": 2}), holder="a").status == "unchanged"
    assert bench.cloud.calls == []


def test_a_refused_preview_blocks_and_nothing_is_applied() -> None:
    bench = Bench()
    bench.cloud.preview_run = run_of(violations=(Violation(pack="cost", rule="ceiling", message="too dear"),))
    outcome = bench.resizer().resize(make_plan(), holder="a")
    assert (outcome.status, outcome.reason) == ("blocked", "too dear")
    assert bench.cloud.calls == ["preview"]


def test_a_rule_that_could_not_run_blocks() -> None:
    bench = Bench()
    bench.cloud.preview_run = run_of(unchecked=("can't run policy 'x'",))
    outcome = bench.resizer().resize(make_plan(), holder="a")
    assert outcome.status == "blocked"
    assert outcome.violations[0].rule == "unchecked"


def test_a_change_beyond_sizes_is_drift_and_listed() -> None:
    bench = Bench()
    bench.cloud.preview_run = run_of(Change(GROUP_URN, "update", ("labels.team", "scalingConfig.minSize")))
    outcome = bench.resizer().resize(make_plan(), holder="a")
    assert outcome.status == "drift"
    assert outcome.drift == ("update pool cpu: labels.team",)
    assert bench.cloud.calls == ["preview"]


def test_an_engine_that_fails_ends_failed_with_a_remedy() -> None:
    bench = Bench()
    bench.cloud.fail = EngineError("the engine is gone", remedy="run `quantos doctor`")
    outcome = bench.resizer().resize(make_plan(), holder="a")
    assert outcome.status == "failed"
    assert "quantos doctor" in outcome.reason
    assert bench.leases.lease is None


def test_an_interrupted_update_leaves_the_pointer() -> None:
    bench = Bench()
    bench.cloud.up_run = EngineRun((), (), (), "update canceled", interrupted=True)
    outcome = bench.resizer().resize(make_plan(), holder="a")
    assert outcome.status == "interrupted"
    assert bench.ledger.document.sequence == 0


def test_a_cloud_that_did_not_follow_fails_at_read_back() -> None:
    bench = Bench()
    bench.cloud.deaf = True
    outcome = bench.resizer().resize(make_plan(), holder="a")
    assert outcome.status == "failed"
    assert "cpu is 2 to 20" in outcome.reason
    assert bench.ledger.document.sequence == 0


def test_a_pointer_moved_by_another_is_told_before_anything_is_changed() -> None:
    bench = Bench()
    bench.ledger.other_writer = True
    assert bench.resizer().resize(make_plan(), holder="a").status == "overtaken"
    assert bench.cloud.calls == ["preview"]


def test_a_lease_lost_during_the_preview_changes_nothing() -> None:
    bench = Bench()
    bench.leases.renewals_left = 0
    assert bench.resizer().resize(make_plan(), holder="a").status == "interrupted"
    assert bench.cloud.calls == ["preview"]


def test_no_maximum_goes_below_the_actual_size_and_nothing_is_raised() -> None:
    bench = Bench()
    bench.cloud.groups["cpu"] = GroupSize(2, 40, 27)
    outcome = bench.resizer().resize(make_plan(floors={"cpu": 8}), holder="a")
    assert outcome.status == "applied"
    assert outcome.sizes["cpu"].ceiling == 27
    assert bench.cloud.raised == ()
    assert bench.cloud.groups["cpu"] == GroupSize(8, 27, 27)


def test_a_state_that_cannot_be_loaded_is_an_outcome_with_its_remedy_and_changes_nothing() -> None:
    bench = Bench()
    bench.cloud.fail = state_unreadable("dev-capacity", "it is empty")

    outcome = bench.resizer().resize(make_plan(floors={"cpu": 6}), holder="a")

    assert outcome.status == "unreadable"
    assert "quantos state restore dev-capacity" in outcome.reason
    assert bench.cloud.calls == ["preview"]
    assert bench.leases.lease is None

"""What keeps a resize safe beside other holders, dead ones, people and its own past."""

import time
from datetime import timedelta

import pytest

from quantos.capacity.resize.ports import Checkpoint, GroupSize, Switch
from quantos.contracts.plan import Unsettled, Violation
from quantos.deployment.changes import EngineRun
from quantos.deployment.ports import Lease
from quantos.errors import CapacityError
from tests.support.capacity_fakes import Bench, FakeLedger, FakeSwitches
from tests.support.lease_cases import make_engine, make_lease, make_lock
from tests.support.plan_cases import NOW, document, make_plan


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


class TestUnsettled:
    """A pointer is marked from before an update until its sizes are read back, and is held against the node groups."""

    def test_a_half_applied_scale_down_is_not_taken_for_what_the_pointer_says(self) -> None:
        bench = Bench(ledger=FakeLedger(document(cpu=9)))
        bench.cloud.groups["cpu"] = GroupSize(9, 20, 9)
        bench.cloud.up_run = EngineRun((), (), (), "memory failed")
        bench.cloud.during["up"] = lambda: bench.cloud.groups.update(cpu=GroupSize(4, 20, 9))
        assert bench.resizer().resize(make_plan(floors={"cpu": 4}), holder="a").status == "failed"
        assert bench.ledger.unsettled is not None
        assert bench.ledger.unsettled.lease_id == "id0"

        bench.cloud.up_run, bench.cloud.during = EngineRun((), (), (), None), {}
        bench.now += minutes(5)
        again = bench.resizer().resize(make_plan(at=NOW + minutes(5), floors={"cpu": 9}), holder="b")

        assert (again.status, bench.cloud.groups["cpu"].minimum) == ("applied", 9)
        assert bench.ledger.unsettled is None

    def test_a_half_applied_scale_up_is_held_as_long_as_one_that_was_applied(self) -> None:
        bench = Bench()
        bench.cloud.up_run = EngineRun((), (), (), "memory failed")
        bench.cloud.during["up"] = lambda: bench.cloud.groups.update(cpu=GroupSize(12, 20, 12))
        assert bench.resizer().resize(make_plan(floors={"cpu": 12}, urgent=True), holder="a").status == "failed"

        bench.cloud.up_run, bench.cloud.during = EngineRun((), (), (), None), {}
        bench.now += minutes(5)
        bench.resizer().resize(make_plan(at=NOW + minutes(5), floors={"cpu": 3}), holder="b")
        assert bench.cloud.groups["cpu"].minimum == 12

        bench.now += minutes(60)
        bench.resizer().resize(make_plan(at=NOW + minutes(65), floors={"cpu": 3}), holder="c")
        assert bench.cloud.groups["cpu"].minimum == 3

    def test_an_unsettled_pointer_passes_dead_band_and_interval(self) -> None:
        bench = Bench(ledger=FakeLedger(document(sequence=int(NOW.timestamp()) - 300, plan_id="p", cpu=2)))
        bench.ledger.unsettled = Unsettled(plan_id="q", lease_id="x", since=NOW)
        assert bench.resizer().resize(make_plan(floors={"cpu": 3}), holder="a").status == "applied"

    def test_unchanged_is_held_against_the_node_groups(self) -> None:
        bench = Bench()
        bench.cloud.groups["cpu"] = GroupSize(1, 20, 2)
        assert bench.resizer().resize(make_plan(floors={"cpu": 2}), holder="a").status == "applied"
        assert bench.cloud.groups["cpu"].minimum == 2


class TestLease:
    """One holder a stack; a dead one leaves it, a living one keeps it."""

    def test_a_stack_held_by_a_living_process_is_busy(self) -> None:
        bench = Bench()
        bench.processes.running.add(7)
        bench.leases.lease = make_lease(pid=7, expires_at=bench.now + timedelta(seconds=1))
        assert bench.resizer().resize(make_plan(), holder="a").status == "busy"
        assert bench.leases.lease.holder.name == "other"

    @pytest.mark.parametrize(
        ("standing", "status"),
        [
            pytest.param(make_lease(expires_at=NOW + minutes(9)), "applied", id="gone-on-this-machine"),
            pytest.param(make_lease(host="away", expires_at=NOW + minutes(9)), "busy", id="on-another-machine"),
            pytest.param(
                make_lease(host="away", expires_at=NOW + minutes(9), ends_at=NOW - minutes(1)),
                "applied",
                id="time-of-its-function-over",
            ),
            pytest.param(
                make_lease(host="away", expires_at=NOW + minutes(9), ends_at=NOW + minutes(1)),
                "busy",
                id="time-of-its-function-not-over",
            ),
            pytest.param(make_lease(host="away", expires_at=NOW), "applied", id="run-out"),
        ],
    )
    def test_a_lease_is_taken_from_whoever_is_provably_gone(self, standing: Lease, status: str) -> None:
        bench = Bench()
        bench.leases.lease = standing
        assert bench.resizer().resize(make_plan(), holder="a").status == status

    def test_a_dead_holder_whose_engine_still_works_keeps_its_lease(self) -> None:
        bench = Bench()
        bench.processes.running.add(8)
        bench.leases.lease = make_lease(expires_at=NOW + minutes(9))
        bench.leases.engines = (make_engine(pid=8),)
        assert bench.resizer().resize(make_plan(), holder="a").status == "busy"

    def test_a_lease_that_cannot_be_renewed_before_the_update_changes_nothing(self) -> None:
        bench = Bench()
        bench.leases.fail = CapacityError("the table hangs", remedy="wait")
        assert bench.resizer().resize(make_plan(), holder="a").status == "interrupted"
        assert bench.cloud.calls == ["preview"]

    def test_a_lease_lost_during_the_update_moves_no_pointer(self) -> None:
        bench = Bench()
        taken = make_lease(pid=7, expires_at=NOW + minutes(9))
        bench.cloud.during["up"] = lambda: setattr(bench.leases, "lease", taken)
        assert bench.resizer().resize(make_plan(), holder="a").status == "interrupted"
        assert bench.ledger.document.sequence == 0


class TestLocks:
    """Only locks of recorded engines that are provably gone are removed; never all of them."""

    def test_a_dead_engines_lock_is_removed_by_the_next_holder(self) -> None:
        bench = Bench()
        bench.leases.engines = (make_engine(pid=8),)
        bench.cloud.held = [make_lock(pid=8)]
        assert bench.resizer().resize(make_plan(), holder="a").status == "applied"
        assert (bench.cloud.held, bench.leases.engines) == ([], ())

    def test_the_lock_of_a_child_that_died_is_removed_by_its_holder(self) -> None:
        bench = Bench()
        bench.cloud.dies, bench.cloud.up_run = True, EngineRun((), (), (), "killed")
        assert bench.resizer().resize(make_plan(), holder="a").status == "failed"
        assert (bench.cloud.held, bench.leases.engines) == ([], ())

    def test_a_lock_that_could_not_be_removed_is_left_to_the_next_holder(self) -> None:
        bench = Bench()
        bench.cloud.dies, bench.cloud.up_run = True, EngineRun((), (), (), "killed")
        bench.processes.running.add(99)
        assert bench.resizer().resize(make_plan(), holder="a").status == "failed"
        assert [engine.process.pid for engine in bench.leases.engines] == [99]
        bench.processes.running.remove(99)
        bench.cloud.dies, bench.cloud.up_run = False, EngineRun((), (), (), None)
        assert bench.resizer().resize(make_plan(), holder="b").status == "applied"

    def test_a_persons_lock_stays_and_is_told(self) -> None:
        bench = Bench()
        bench.leases.engines = (make_engine(pid=8),)
        mine, theirs = make_lock(pid=8), make_lock(pid=50, at=NOW - minutes(30))
        bench.cloud.held = [mine, theirs]
        outcome = bench.resizer().resize(make_plan(), holder="a")
        assert (outcome.status, bench.cloud.held) == ("locked", [theirs])
        assert "quantos unlock" in outcome.reason

    def test_a_persons_fresh_lock_is_busy(self) -> None:
        bench = Bench()
        bench.cloud.held = [make_lock(pid=50, at=NOW)]
        assert bench.resizer().resize(make_plan(), holder="a").status == "busy"


class TestSwitch:
    """The kill switch is read again before the update, and watched during it."""

    def test_thrown_during_the_preview_nothing_is_changed(self) -> None:
        bench = Bench(switches=FakeSwitches(Switch(paused=True, actor="ada", reason="outage"), after=1))
        outcome = bench.resizer().resize(make_plan(), holder="a")
        assert (outcome.status, bench.cloud.calls) == ("paused", ["preview"])

    def test_thrown_during_the_update_the_engine_is_told_to_end(self) -> None:
        bench = Bench(switches=FakeSwitches(Switch(paused=True, actor="ada", reason="outage"), after=2))

        def work() -> None:
            until = time.monotonic() + 10
            while bench.order.reason is None and time.monotonic() < until:
                time.sleep(0.01)
            bench.cloud.up_run = EngineRun((), (), (), bench.order.reason, interrupted=True)

        bench.cloud.during["up"] = work
        outcome = bench.resizer().resize(make_plan(), holder="a")
        assert outcome.status == "interrupted"
        assert "paused by ada" in outcome.reason
        assert bench.ledger.unsettled is not None

    @pytest.mark.parametrize("reason", ["paused", "busy"])
    def test_floors_are_kept_though_nothing_can_be_done(self, reason: str) -> None:
        bench = Bench(ledger=FakeLedger(document(cpu=12)))
        bench.cloud.groups["cpu"] = GroupSize(12, 20, 12)
        if reason == "paused":
            bench.switches.thrown = Switch(paused=True, actor="ada", reason="outage")
        else:
            bench.leases.lease = make_lease(host="away", expires_at=NOW + minutes(1))
        assert bench.resizer().resize(make_plan(floors={"cpu": 16}, urgent=True), holder="a").status == reason
        bench.switches.thrown = Switch(paused=False, actor="ada", reason="")
        bench.now += minutes(5)
        later = bench.resizer().resize(make_plan(at=NOW + minutes(5), floors={"cpu": 3}), holder="a")
        assert later.status == "unchanged"


class TestMemory:
    """What another plan left meanwhile counts, and older plans take nothing from newer ones."""

    def test_a_plan_applied_in_between_holds_the_floor(self, monkeypatch: pytest.MonkeyPatch) -> None:
        bench = Bench(ledger=FakeLedger(document(cpu=12)))
        bench.cloud.groups["cpu"] = GroupSize(12, 20, 12)
        first = bench.resizer()
        take = first.desk.store.take

        def late(*args: object, **kwargs: object) -> Lease | None:
            bench.floors.kept[int(NOW.timestamp()) - 300] = {"cpu": 12}
            return take(*args, **kwargs)

        monkeypatch.setattr(bench.leases, "take", late)
        outcome = first.resize(make_plan(floors={"cpu": 3}), holder="a")
        assert (outcome.status, bench.cloud.groups["cpu"].minimum) == ("unchanged", 12)

    def test_an_older_plan_takes_nothing_from_a_newer_one(self) -> None:
        bench = Bench()
        newer, older = make_plan(at=NOW, floors={"cpu": 9}), make_plan(at=NOW - minutes(5), floors={"cpu": 2})
        bench.resizer().resize(newer, holder="a")
        bench.resizer().resize(older, holder="a")
        assert bench.floors.kept[newer.sequence] == {"cpu": 9}

    def test_a_second_plan_of_a_bin_does_not_undo_the_hold_of_the_first(self) -> None:
        bench = Bench(ledger=FakeLedger(document(cpu=12)))
        bench.cloud.groups["cpu"] = GroupSize(12, 20, 12)
        for at, floor in ((NOW, 12), (NOW, 3), (NOW + minutes(5), 3)):
            bench.now = at + timedelta(seconds=30)
            bench.resizer().resize(make_plan(at=at, floors={"cpu": floor}), holder="a")
        assert bench.cloud.groups["cpu"].minimum == 12


class TestOutcomes:
    """A plan ends as it ended, whatever came later."""

    def test_an_applied_plan_that_was_superseded_is_applied_still(self) -> None:
        bench = Bench()
        first, second = make_plan(floors={"cpu": 6}), make_plan(at=NOW + minutes(5), floors={"cpu": 12}, urgent=True)
        before = bench.resizer().resize(first, holder="a")
        bench.now += minutes(5)
        assert bench.resizer().resize(second, holder="a").status == "applied"
        assert bench.resizer().resize(first, holder="a") == before

    def test_a_blocked_plan_that_was_superseded_is_blocked_still(self) -> None:
        bench = Bench()
        bench.cloud.preview_run = EngineRun((), (Violation(pack="cost", rule="ceiling", message="too dear"),), (), None)
        bench.resizer().resize(make_plan(floors={"cpu": 19}), holder="a")
        bench.cloud.preview_run = EngineRun((), (), (), None)
        bench.now += minutes(5)
        assert bench.resizer().resize(make_plan(at=NOW + minutes(5), urgent=True), holder="a").status == "applied"
        assert bench.resizer().resize(make_plan(floors={"cpu": 19}), holder="a").status == "blocked"

    def test_what_cannot_be_written_after_the_pointer_is_owed_and_paid_by_the_next_run(self) -> None:
        bench = Bench()
        bench.outcomes.fail = CapacityError("the bucket is away", remedy="wait")
        plan = make_plan(floors={"cpu": 6})
        outcome = bench.resizer().resize(plan, holder="a")
        assert outcome.status == "applied"
        assert "the bucket is away" in outcome.owed[0]
        bench.outcomes.fail = None
        bench.now += minutes(5)
        bench.resizer().resize(make_plan(at=NOW + minutes(5), floors={"cpu": 12}, urgent=True), holder="a")
        assert bench.outcomes.kept[plan.plan_id].status == "applied"

    def test_what_is_still_owed_stops_no_later_plan(self) -> None:
        bench = Bench()
        bench.outcomes.fail = CapacityError("the bucket is away", remedy="wait")
        first = make_plan(floors={"cpu": 6})
        bench.resizer().resize(first, holder="a")
        bench.now += minutes(5)
        urgent = make_plan(at=NOW + minutes(5), floors={"cpu": 12}, urgent=True)
        outcome = bench.resizer().resize(urgent, holder="a")

        assert (outcome.status, bench.cloud.groups["cpu"].minimum) == ("applied", 12)
        assert len(outcome.owed) == 2
        assert first.plan_id[:12] in outcome.owed[0]

    def test_an_applied_plan_is_applied_when_it_comes_again_and_nothing_else_can_be_reached(self) -> None:
        bench, plan = Bench(), make_plan(floors={"cpu": 6})
        away = CapacityError("away", remedy="wait")
        bench.resizer().resize(plan, holder="a")
        bench.floors.fail, bench.outcomes.fail, bench.outcomes.kept = away, away, {}
        again = bench.resizer().resize(plan, holder="a")
        assert (again.status, len(again.owed)) == ("applied", 1)

    @pytest.mark.parametrize(
        ("ahead", "status"),
        [(minutes(0), "applied"), (minutes(5), "applied"), (minutes(10), "failed"), (timedelta(400), "failed")],
    )
    def test_nothing_later_than_the_bin_after_the_deciding_one_is_taken(self, ahead: timedelta, status: str) -> None:
        bench = Bench()
        outcome = bench.resizer().resize(make_plan(at=NOW + ahead), holder="a")
        assert outcome.status == status
        if status == "failed":
            assert (bench.floors.kept, bench.cloud.calls) == ({}, [])

    def test_a_plan_of_another_stack_fails(self) -> None:
        assert Bench().resizer().resize(make_plan(stack="prod-capacity"), holder="a").status == "failed"

    def test_a_state_changed_during_the_preview_is_told(self) -> None:
        bench = Bench()
        bench.cloud.during["preview"] = lambda: setattr(bench.cloud, "state", Checkpoint("foreign", "other"))
        assert bench.resizer().resize(make_plan(), holder="a").status == "overtaken"
        assert bench.cloud.calls == ["preview"]

    def test_a_state_written_by_another_after_the_update_is_told_and_refreshed_next_time(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench = Bench()
        reads = bench.cloud.sizes

        def overtaken() -> dict[str, GroupSize]:
            if bench.cloud.state.version == "v1" and "up" in bench.cloud.calls:
                bench.cloud.state = Checkpoint("foreign", "other")
            return reads()

        monkeypatch.setattr(bench.cloud, "sizes", overtaken)
        assert bench.resizer().resize(make_plan(), holder="a").status == "overtaken"
        assert bench.ledger.unsettled is not None
        monkeypatch.setattr(bench.cloud, "sizes", reads)
        bench.now += minutes(5)
        assert bench.resizer().resize(make_plan(at=NOW + minutes(5)), holder="a").status == "applied"

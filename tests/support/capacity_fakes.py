"""Fakes of the capacity ports, and builders whose defaults break no rule."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import count

from quantos.capacity.demand.ports import FitKey
from quantos.capacity.ports import LedgerEntry
from quantos.capacity.resize.ports import Checkpoint, EngineTerms, GroupSize, PlannedFloors, Switch
from quantos.capacity.resize.transaction import Resizer
from quantos.contracts.plan import PlanDocument, ResizeOutcome, ScalingPlan, Unsettled
from quantos.contracts.strategy import StrategyBook
from quantos.deployment.changes import EngineRun
from quantos.deployment.holders import EngineMark, LeaseHolder, ProcessMark
from quantos.deployment.lease import LeaseDesk
from quantos.deployment.lock_recovery import LockRecovery
from quantos.deployment.locks import BackendLock
from quantos.deployment.ports import Lease
from quantos.deployment.stop_order import StopOrder
from quantos.errors import PlanConflictError, QuantosError
from tests.support.lease_cases import make_engine, make_lock
from tests.support.plan_cases import ACTUATOR, NOW, STACK, document


class FakeSigner:
    def sign(self, content: bytes) -> str:
        return f"signed:{content.decode()}"

    def verify(self, content: bytes, *, signature: str) -> bool:
        return signature == self.sign(content)


@dataclass
class FakeRegistry:
    book: StrategyBook

    def read(self) -> StrategyBook:
        return self.book

    def replace(self, book: StrategyBook) -> None:
        self.book = book


@dataclass
class FakeFits:
    """`listings` counts calls of `days`."""

    kept: dict[FitKey, bytes] = field(default_factory=dict)
    listings: int = 0

    def get(self, key: FitKey) -> bytes | None:
        return self.kept.get(key)

    def put(self, key: FitKey, content: bytes) -> None:
        self.kept[key] = content

    def days(self, key: FitKey, *, since: date) -> Collection[date]:
        self.listings += 1
        same = (one.day for one in self.kept if (one.pools, one.question) == (key.pools, key.question))
        return [day for day in same if since <= day < key.day]


@dataclass
class KeptBytes:
    """Documents by key, as a RecordStore or a WindowStore."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def get(self, key: str, /) -> bytes | None:
        return self.kept.get(key)

    def put(self, key: str, content: bytes, /) -> None:
        self.kept[key] = content


@dataclass
class FakeArchive:
    plans: dict[str, ScalingPlan] = field(default_factory=dict)

    def put(self, plan: ScalingPlan) -> None:
        self.plans[plan.plan_id] = plan

    def get(self, plan_id: str) -> ScalingPlan:
        return self.plans[plan_id]


@dataclass
class FakeLedger:
    document: PlanDocument
    version: int = 0
    other_writer: bool = False
    unsettled: Unsettled | None = None

    def current(self) -> LedgerEntry:
        return LedgerEntry(document=self.document, version=str(self.version), unsettled=self.unsettled)

    def replace(
        self, document: PlanDocument, *, expected_version: str | None, unsettled: Unsettled | None = None
    ) -> str:
        if self.other_writer or expected_version != str(self.version):
            raise PlanConflictError("another writer was first", remedy="nothing")
        self.document, self.unsettled = document, unsettled
        self.version += 1
        return str(self.version)


@dataclass
class FakeOutcomes:
    kept: dict[str, ResizeOutcome] = field(default_factory=dict)
    fail: QuantosError | None = None

    def put(self, outcome: ResizeOutcome) -> None:
        if self.fail is not None:
            raise self.fail
        self.kept[outcome.plan_id] = outcome

    def get(self, plan_id: str) -> ResizeOutcome | None:
        return self.kept.get(plan_id)


@dataclass
class FakeProcesses:
    """`running` are the pids of this machine, which is `here`."""

    running: set[int] = field(default_factory=lambda: {1})

    def me(self) -> ProcessMark:
        return ProcessMark("here", 1, "t1")

    def gone(self, mark: ProcessMark) -> bool:
        return mark.host == "here" and mark.pid not in self.running


@dataclass
class FakeLeases:
    lease: Lease | None = None
    engines: tuple[EngineMark, ...] = ()
    renewals_left: int = 1000
    fail: QuantosError | None = None

    def read(self, stack: str) -> Lease | None:
        return None if self.lease is None else replace(self.lease, engines=self.engines)

    def take(
        self,
        stack: str,
        *,
        holder: LeaseHolder,
        sequence: int,
        now: datetime,
        expires_at: datetime,
        instead_of: str | None,
    ) -> Lease | None:
        standing = self.lease
        replaceable = {instead_of, holder.lease_id}
        if standing is not None and standing.expires_at > now and standing.holder.lease_id not in replaceable:
            return None
        self.lease = Lease(stack, holder, sequence, now, expires_at, self.engines)
        return self.lease

    def renew(self, lease: Lease, *, expires_at: datetime) -> Lease | None:
        self.renewals_left -= 1
        if self.fail is not None:
            raise self.fail
        if not self._ours(lease) or self.renewals_left < 0:
            return None
        self.lease = replace(lease, expires_at=expires_at)
        return self.lease

    def record(self, lease: Lease, *, engines: Sequence[EngineMark]) -> bool:
        if self._ours(lease):
            self.engines = tuple(engines)
        return self._ours(lease)

    def release(self, lease: Lease, *, engines: Sequence[EngineMark]) -> None:
        if self._ours(lease):
            self.lease, self.engines = None, tuple(engines)

    def _ours(self, lease: Lease) -> bool:
        return self.lease is not None and self.lease.holder.lease_id == lease.holder.lease_id


@dataclass
class FakeSwitches:
    """`after` reads the switch is `thrown`; before it is released."""

    thrown: Switch = field(default_factory=lambda: Switch(paused=False, actor="", reason=""))
    after: int = 0

    def read(self, stack: str) -> Switch:
        self.after -= 1
        return self.thrown if self.after < 0 else Switch(paused=False, actor="", reason="")

    def throw(self, stack: str, switch: Switch) -> None:
        self.thrown = switch


@dataclass
class FakeFloors:
    kept: dict[int, dict[str, int]] = field(default_factory=dict)
    fail: QuantosError | None = None

    def remember(self, stack: str, *, sequence: int, plan_id: str, floors: Mapping[str, int]) -> PlannedFloors:
        if self.fail is not None:
            raise self.fail
        kept = self.kept.setdefault(sequence, {})
        kept.update({pool: max(nodes, kept.get(pool, 0)) for pool, nodes in floors.items()})
        return dict(self.kept)

    def read(self, stack: str) -> PlannedFloors:
        return dict(self.kept)


@dataclass
class FakeCloud:
    """Engine and node groups in one: what `up` sets, `sizes` reads.

    `during` is called while the engine of that operation runs; `dies` leaves its lock behind.
    """

    groups: dict[str, GroupSize] = field(default_factory=lambda: {"cpu": GroupSize(2, 20, 2)})
    preview_run: EngineRun = field(default_factory=lambda: EngineRun((), (), (), None))
    up_run: EngineRun = field(default_factory=lambda: EngineRun((), (), (), None))
    deaf: bool = False
    dies: bool = False
    fail: QuantosError | None = None
    calls: list[str] = field(default_factory=list)
    raised: tuple[str, ...] = ()
    told_standing: dict[str, GroupSize] = field(default_factory=dict)
    held: list[BackendLock] = field(default_factory=list)
    state: Checkpoint = field(default_factory=lambda: Checkpoint("v0", ""))
    during: dict[str, Callable[[], None]] = field(default_factory=dict)

    def preview(self, document: PlanDocument, *, raised: Sequence[str], standing: Mapping[str, GroupSize]) -> EngineRun:
        self.told_standing = dict(standing)
        self._called("preview")
        if self.fail is not None:
            raise self.fail
        return self.preview_run

    def up(
        self,
        document: PlanDocument,
        *,
        raised: Sequence[str],
        standing: Mapping[str, GroupSize],
        terms: EngineTerms,
    ) -> EngineRun:
        assert standing == self.told_standing
        self.raised = tuple(raised)
        engine = make_engine(pid=99)
        terms.started(engine)
        if self.dies:
            self.held.append(make_lock(pid=99))
        self._called("up")
        if self.up_run.error is None and not self.deaf:
            for pool, size in document.sizes.items():
                desired = self.groups[pool].desired
                self.groups[pool] = GroupSize(size.floor, size.ceiling, size.floor if pool in raised else desired)
            self.state = Checkpoint("v1", document.plan_id)
        return self.up_run

    def sizes(self) -> dict[str, GroupSize]:
        return dict(self.groups)

    def locks(self) -> tuple[BackendLock, ...]:
        return tuple(self.held)

    def remove_lock(self, lock: BackendLock) -> None:
        self.calls.append("remove lock")
        self.held.remove(lock)

    def checkpoint(self) -> Checkpoint:
        return self.state

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.during:
            self.during[name]()


@dataclass
class Bench:
    """A resizer and every fake behind it."""

    ledger: FakeLedger = field(default_factory=lambda: FakeLedger(document()))
    outcomes: FakeOutcomes = field(default_factory=FakeOutcomes)
    leases: FakeLeases = field(default_factory=FakeLeases)
    processes: FakeProcesses = field(default_factory=FakeProcesses)
    switches: FakeSwitches = field(default_factory=FakeSwitches)
    floors: FakeFloors = field(default_factory=FakeFloors)
    cloud: FakeCloud = field(default_factory=FakeCloud)
    order: StopOrder = field(default_factory=StopOrder)
    mode: str = "act"
    now: datetime = NOW + timedelta(seconds=30)
    ranges: Mapping[str, int] = field(default_factory=lambda: {"cpu": 20})

    def resizer(self) -> Resizer:
        ids = (f"id{number}" for number in count())
        desk = LeaseDesk(
            store=self.leases,
            processes=self.processes,
            clock=lambda: self.now,
            life=timedelta(seconds=ACTUATOR.lease_seconds),
            order=self.order,
            new_id=lambda: next(ids),
        )
        return Resizer(
            stack=STACK,
            mode=self.mode,
            settings=ACTUATOR,
            bin_seconds=300,
            ranges=self.ranges,
            signer=FakeSigner(),
            ledger=self.ledger,
            outcomes=self.outcomes,
            floors=self.floors,
            switches=self.switches,
            groups=self.cloud,
            desk=desk,
            recovery=LockRecovery(self.processes, lambda: self.now, desk.life),
            engine=lambda: self.cloud,
            clock=lambda: self.now,
        )

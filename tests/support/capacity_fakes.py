"""Fakes of the capacity ports, and builders whose defaults break no rule."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from quantos.capacity.ports import (
    ActuatorMemory,
    EngineRun,
    FitKey,
    GroupSize,
    Lease,
    LedgerEntry,
    StackControl,
    Switch,
)
from quantos.capacity.resize import Resizer
from quantos.contracts.plan import Explanation, PlanDocument, PoolSize, ScalingPlan
from quantos.contracts.strategy import StrategyBook
from quantos.environment.settings import ActuatorSettings
from quantos.errors import EngineBusyError, PlanConflictError, QuantosError

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
STACK = "dev-capacity"
ACTUATOR = ActuatorSettings(dead_band_nodes=2, min_interval_seconds=3600, hold_seconds=1800, lease_seconds=15)


def sizes(**floors: int) -> dict[str, PoolSize]:
    """Pools with these floors, each with a ceiling of 20."""
    return {pool: PoolSize(floor=floor, ceiling=20) for pool, floor in floors.items()}


def make_plan(
    *, at: datetime = NOW, floors: Mapping[str, int] | None = None, urgent: bool = False, **changes: object
) -> ScalingPlan:
    """A signed plan decided at `at`, valid for 15 minutes."""
    planned = sizes(**(floors or {"cpu": 6}))
    fields: dict[str, object] = {
        "stack": STACK,
        "sequence": int(at.timestamp()),
        "created_at": at,
        "expires_at": at + timedelta(minutes=15),
        "sizes": planned,
        "previous": sizes(cpu=2),
        "pool_costs": {},
        "strategy_costs": {},
        "usd_per_hour_before": 0.7,
        "usd_per_hour_after": 2.1,
        "urgent": urgent,
        "explanation": Explanation(sentence="pricing needs six nodes by 14:40.", pools=()),
    }
    plan = ScalingPlan.model_validate({**fields, **changes}).identified()
    return plan.model_copy(update={"signature": f"signed:{plan.plan_id}"})


def document(*, sequence: int = 0, plan_id: str = "", **floors: int) -> PlanDocument:
    """An applied document with these floors."""
    stood = sizes(**(floors or {"cpu": 2}))
    return PlanDocument(
        stack=STACK,
        plan_id=plan_id,
        sequence=sequence,
        sizes=stood,
        previous=stood,
        pool_costs={},
        strategy_costs={},
    )


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


class FakeRecords(KeptBytes):
    pass


class FakeWindows(KeptBytes):
    pass


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

    def current(self) -> LedgerEntry:
        return LedgerEntry(document=self.document, version=str(self.version))

    def replace(self, document: PlanDocument, *, expected_version: str | None) -> str:
        if self.other_writer or expected_version != str(self.version):
            raise PlanConflictError("another writer was first", remedy="nothing")
        self.document = document
        self.version += 1
        return str(self.version)


@dataclass
class FakeLeases:
    holder: str | None = None
    expires_at: datetime = NOW
    renewals_left: int = 1000

    def take(self, stack: str, *, holder: str, sequence: int, now: datetime, expires_at: datetime) -> Lease | None:
        if self.holder is not None and self.expires_at > now:
            return None
        abandoned = self.expires_at if self.holder is not None else None
        self.holder, self.expires_at = holder, expires_at
        return Lease(stack, holder, sequence, now, expires_at, abandoned)

    def renew(self, lease: Lease, *, expires_at: datetime) -> Lease | None:
        self.renewals_left -= 1
        if lease.holder != self.holder or self.renewals_left < 0:
            return None
        self.expires_at = expires_at
        return replace(lease, expires_at=expires_at)

    def release(self, lease: Lease) -> None:
        if lease.holder == self.holder:
            self.holder = None


@dataclass
class FakeControl:
    thrown: Switch = field(default_factory=lambda: Switch(paused=False, actor="", reason=""))
    remembered: ActuatorMemory = field(default_factory=lambda: ActuatorMemory(floors={}, last_resize_sequence=0))

    def read(self, stack: str) -> StackControl:
        return StackControl(self.thrown, self.remembered)

    def throw(self, stack: str, switch: Switch) -> None:
        self.thrown = switch

    def remember(self, stack: str, memory: ActuatorMemory) -> None:
        self.remembered = memory


@dataclass
class FakeCloud:
    """Engine and node groups in one: what `up` sets, `sizes` reads."""

    groups: dict[str, GroupSize] = field(default_factory=lambda: {"cpu": GroupSize(2, 20, 2)})
    preview_run: EngineRun = field(default_factory=lambda: EngineRun((), (), (), None))
    up_run: EngineRun = field(default_factory=lambda: EngineRun((), (), (), None))
    deaf: bool = False
    fail: QuantosError | None = None
    calls: list[str] = field(default_factory=list)
    raised: tuple[str, ...] = ()
    locks_younger_than: datetime | None = None

    def preview(self, document: PlanDocument, *, raised: Sequence[str]) -> EngineRun:
        self.calls.append("preview")
        if self.fail is not None:
            raise self.fail
        return self.preview_run

    def up(self, document: PlanDocument, *, raised: Sequence[str]) -> EngineRun:
        self.calls.append("up")
        self.raised = tuple(raised)
        if self.up_run.error is None and not self.deaf:
            for pool, size in document.sizes.items():
                desired = self.groups[pool].desired
                self.groups[pool] = GroupSize(size.floor, size.ceiling, size.floor if pool in raised else desired)
        return self.up_run

    def sizes(self) -> dict[str, GroupSize]:
        return dict(self.groups)

    def break_stale_locks(self, *, older_than: datetime) -> tuple[str, ...]:
        self.calls.append("break locks")
        if self.locks_younger_than is not None and self.locks_younger_than >= older_than:
            raise EngineBusyError("a person holds the stack", remedy="wait")
        return ()


@dataclass
class Bench:
    """A resizer and every fake behind it."""

    ledger: FakeLedger = field(default_factory=lambda: FakeLedger(document()))
    leases: FakeLeases = field(default_factory=FakeLeases)
    control: FakeControl = field(default_factory=FakeControl)
    cloud: FakeCloud = field(default_factory=FakeCloud)
    mode: str = "act"
    now: datetime = NOW + timedelta(seconds=30)

    def resizer(self) -> Resizer:
        return Resizer(
            stack=STACK,
            mode=self.mode,
            settings=ACTUATOR,
            signer=FakeSigner(),
            ledger=self.ledger,
            leases=self.leases,
            control=self.control,
            groups=self.cloud,
            engine=lambda: self.cloud,
            clock=lambda: self.now,
            wall_clock=lambda: self.now,
        )

"""A decision service with everything around it, over two weeks of a hump of demand a day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

import numpy as np

from quantos.capacity.decision.record import CodeVersion
from quantos.capacity.decision.service import DecisionService
from quantos.capacity.pools.node_prices import NodePrice
from quantos.contracts.demand import DemandSample
from quantos.contracts.plan import DecisionRequest, PlanDocument, PoolSize, ScalingPlan
from quantos.contracts.strategy import Session, Strategy, StrategyBook
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import QuantosError
from quantos.messaging.ports import Message
from tests.support.capacity_fakes import (
    FakeArchive,
    FakeFits,
    FakeLedger,
    FakeRegistry,
    FakeSigner,
    KeptBytes,
)
from tests.support.demand_cases import NODE, agree, make_strategy
from tests.support.demand_history import MemoryDemandHistory
from tests.support.environments import make_settings
from tests.support.signal_history import MemorySignalHistory

CODE = CodeVersion(sources="c" * 64, libraries={"python": "3.11.0"})
STACK = "dev-capacity"
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
SESSION = Session(opens=time(8), closes=time(18))
ORDERS = make_strategy(session=SESSION)
HISTORY_DAYS = 14


def value_at(moment: datetime) -> float:
    """Units per bin: a hump over the day, a little different every day."""
    hour = moment.hour + moment.minute / 60
    wobble = 1 + 0.05 * np.sin(moment.toordinal() * 12.9 + moment.minute)
    return float(max(300 + 400 * np.sin((hour - 8) / 10 * np.pi), 0) * wobble)


def session_samples(start: datetime, end: datetime, *, series: str = ORDERS.series) -> list[DemandSample]:
    found = []
    moment = start
    while moment < end:
        if SESSION.is_open(moment, bin_seconds=300):
            found.append(DemandSample(series=series, time=moment, source="gw", value=value_at(moment)))
        moment += timedelta(minutes=5)
    return found


HISTORY = session_samples(MONDAY - timedelta(days=HISTORY_DAYS), MONDAY + timedelta(days=1))


@dataclass
class Outbox:
    messages: list[Message] = field(default_factory=list)
    fail_next: QuantosError | None = None

    def publish(self, messages: Iterable[Message]) -> None:
        error, self.fail_next = self.fail_next, None
        if error is not None:
            raise error
        self.messages.extend(messages)


@dataclass
class Desk:
    """A decision service and everything around it."""

    history: MemoryDemandHistory = field(default_factory=MemoryDemandHistory)
    signals: MemorySignalHistory = field(default_factory=MemorySignalHistory)
    strategies: tuple[Strategy, ...] = (ORDERS,)
    ledger: FakeLedger = field(default_factory=lambda: FakeLedger(standing()))
    archive: FakeArchive = field(default_factory=FakeArchive)
    outbox: Outbox = field(default_factory=Outbox)
    fits: FakeFits = field(default_factory=FakeFits)
    windows: KeptBytes = field(default_factory=KeptBytes)
    records: KeptBytes = field(default_factory=KeptBytes)
    settings: EnvironmentSettings = field(default_factory=make_settings)
    nodes: Mapping[str, NodePrice] = field(default_factory=dict)

    def service(self) -> DecisionService:
        chosen = self.settings
        return DecisionService(
            settings=chosen,
            nodes=self.nodes or dict.fromkeys(chosen.pools, NODE),
            check=agree,
            registry=FakeRegistry(StrategyBook(strategies=self.strategies)),
            history=self.history,
            signals=self.signals,
            ledger=self.ledger,
            archive=self.archive,
            signer=FakeSigner(),
            publisher=self.outbox,
            fits=self.fits,
            windows=self.windows,
            records=self.records,
            code=lambda: CODE,
        )


def standing(*, cpu: int = 1, sequence: int = 0) -> PlanDocument:
    return PlanDocument(
        stack=STACK,
        plan_id="",
        sequence=sequence,
        sizes={"cpu": PoolSize(floor=cpu, ceiling=32)},
        previous={},
        pool_costs={},
        strategy_costs={},
    )


def request(hours: float) -> DecisionRequest:
    return DecisionRequest(stack=STACK, scheduled_time=MONDAY + timedelta(hours=hours))


def desk_at(hours: float, *, cpu: int = 1, samples: Iterable[DemandSample] = HISTORY) -> Desk:
    """A desk that has seen all samples that were there by then."""
    desk = Desk(ledger=FakeLedger(standing(cpu=cpu)))
    desk.history.add([item for item in samples if item.time < MONDAY + timedelta(hours=hours)])
    return desk


def decided(desk: Desk, hours: float) -> ScalingPlan:
    plan = desk.service().decide(request(hours))
    assert plan is not None
    return plan

"""Decides one stack: reads, plans, signs, archives, publishes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from quantos.capacity.planning import PlanCheck, PlanningInputs, make_plan
from quantos.capacity.pool_demand import PoolDemand, PoolDemands, upper_level
from quantos.capacity.ports import FitStore, PlanArchive, PlanLedger, Signer, StrategyRegistry
from quantos.capacity.requirement import NodePrice
from quantos.contracts import topics
from quantos.contracts.audit import AuditRecord
from quantos.contracts.plan import DecisionRequest, ScalingPlan
from quantos.contracts.strategy import Strategy, StrategyBook
from quantos.environment.settings import EnvironmentSettings
from quantos.errors import SettingsError
from quantos.messaging.ports import Message, Publisher
from quantos.telemetry.bins import floor_to_bin
from quantos.telemetry.ports import DemandHistory
from quantos.telemetry.windows import DemandWindows

AUDIT_ACTOR = "forecast"


@dataclass(kw_only=True)
class DecisionService:
    """Makes the plans of one environment's capacity stack.

    Kept while the function is warm, it remembers binned demand and the day's fitted models. `prices` holds every pool
    of the environment; `check` is what the cost pack will hold a plan to.
    """

    settings: EnvironmentSettings
    prices: Mapping[str, NodePrice]
    check: PlanCheck
    registry: StrategyRegistry
    history: DemandHistory
    ledger: PlanLedger
    archive: PlanArchive
    signer: Signer
    publisher: Publisher
    fits: FitStore
    _demands: PoolDemands = field(init=False)

    def __post_init__(self) -> None:
        self._demands = PoolDemands(DemandWindows(self.history), self.settings.decisions, self.fits)

    def decide(self, request: DecisionRequest) -> ScalingPlan | None:
        """Plan the last bin that ended at `scheduled_time`, and publish the plan and its audit record.

        Key: (stack, bin end). While the stack stands where it stood, a repeated request makes and publishes the same
        plan; once a plan of this bin or a later one is applied there is nothing left to decide, and the answer is
        None.

        Raises:
            SettingsError: another stack is asked for, or a strategy names a pool that does not exist.
            TelemetryError, CapacityError, BusError: a store or the bus failed; deciding again is safe.
        """
        plan = self._plan(request, keep=True)
        if plan is None:
            return None
        signed = plan.model_copy(update={"signature": self.signer.sign(plan.signed_bytes())})
        self.archive.put(signed)
        record = _audit_record(signed, chain=self.settings.names().audit_chain)
        self.publisher.publish(
            (
                Message(topics.CAPACITY_PLANS, signed.stack, signed.to_json()),
                Message(topics.AUDIT_RECORDS, record.chain, record.to_json()),
            )
        )
        return signed

    def preview(self, request: DecisionRequest) -> ScalingPlan | None:
        """The plan that `decide` would publish, without a signature; nothing is written anywhere."""
        return self._plan(request, keep=False)

    def _plan(self, request: DecisionRequest, *, keep: bool) -> ScalingPlan | None:
        self._refuse_other_stack(request.stack)
        bin_end = floor_to_bin(request.scheduled_time, bin_seconds=self.settings.decisions.bin_seconds)
        current = self.ledger.current().document
        if current.sequence >= bin_end:
            return None
        inputs = PlanningInputs(
            settings=self.settings,
            stack=request.stack,
            bin_end=datetime.fromtimestamp(bin_end, UTC),
            prices=self.prices,
            demands={
                pool: self._demand(pool, strategies, bin_end=bin_end, keep=keep)
                for pool, strategies in _by_pool(self.registry.read(), pools=self.settings.pools).items()
            },
            previous=current.sizes,
            check=self.check,
        )
        return make_plan(inputs)

    def _demand(self, pool: str, strategies: Sequence[Strategy], *, bin_end: int, keep: bool) -> PoolDemand:
        price = self.prices[pool]
        upper = upper_level(strategies, vcpu_per_node=price.vcpu, usd_per_node_hour=price.usd_per_hour)
        return self._demands.read(pool, strategies, bin_end=bin_end, upper=upper, node_vcpu=price.vcpu, keep=keep)

    def _refuse_other_stack(self, stack: str) -> None:
        own = self.settings.names().stack("capacity")
        if stack != own:
            raise SettingsError(
                f"this function decides {own}, but a decision was asked for {stack}",
                remedy=f"let the schedule send stack {own}",
            )


def _by_pool(book: StrategyBook, *, pools: Mapping[str, object]) -> dict[str, tuple[Strategy, ...]]:
    grouped: dict[str, tuple[Strategy, ...]] = {}
    for strategy in sorted(book.strategies, key=lambda item: item.name):
        if strategy.pool not in pools:
            raise SettingsError(
                f"strategy {strategy.name} asks for pool {strategy.pool}, which the environment does not have",
                remedy=f"name one of: {', '.join(sorted(pools))}",
            )
        grouped[strategy.pool] = (*grouped.get(strategy.pool, ()), strategy)
    return grouped


def _audit_record(plan: ScalingPlan, *, chain: str) -> AuditRecord:
    return AuditRecord(
        record_id=f"plan/{plan.plan_id}",
        chain=chain,
        kind="plan",
        subject=plan.stack,
        actor=AUDIT_ACTOR,
        occurred_at=plan.created_at,
        body={
            "sequence": plan.sequence,
            "floors": {pool: size.floor for pool, size in plan.sizes.items()},
            "ceilings": {pool: size.ceiling for pool, size in plan.sizes.items()},
            "usd_per_hour_before": plan.usd_per_hour_before,
            "usd_per_hour_after": plan.usd_per_hour_after,
            "sentence": plan.explanation.sentence,
        },
    )

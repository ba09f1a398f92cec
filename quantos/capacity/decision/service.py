"""Decides one stack: reads, plans, signs, archives, publishes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from quantos.allocation.lead_time import LeadTime
from quantos.capacity.decision.ports import RecordStore
from quantos.capacity.decision.record import CodeSource, DecisionRecord, packed
from quantos.capacity.demand.fit_repository import DailyFits
from quantos.capacity.demand.own_stack import refuse_other_stack
from quantos.capacity.demand.pool_demand import PoolDemand, PoolDemands, reach
from quantos.capacity.demand.ports import FitStore, StrategyRegistry
from quantos.capacity.demand.submitted_runs import SubmittedRuns
from quantos.capacity.demand.undecided import UndecidedStrategy, decidable, kept_apart
from quantos.capacity.planning.inputs import PlanningInputs
from quantos.capacity.planning.plan import PlanCheck, make_plan, solved
from quantos.capacity.pools.lead_times import PoolLeadTimes, planned_day
from quantos.capacity.pools.node_prices import NodePrice
from quantos.capacity.pools.shared_pools import shared_pools, strategies_by_pools
from quantos.capacity.ports import PlanArchive, PlanLedger, Signer
from quantos.contracts import topics
from quantos.contracts.audit import AuditRecord
from quantos.contracts.plan import DecisionRequest, ScalingPlan
from quantos.contracts.strategy import Strategy, StrategyBook
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.messaging.ports import Message, Publisher
from quantos.rounds import both
from quantos.telemetry.bins import floor_to_bin
from quantos.telemetry.ports import DemandHistory, SignalHistory, WindowStore
from quantos.telemetry.windows.demand_windows import DemandWindows
from quantos.telemetry.windows.signal_windows import SignalWindows

AUDIT_ACTOR = "forecast"


@dataclass(kw_only=True)
class DecisionService:
    """Makes the plans of one environment's capacity stack.

    Kept while the function is warm, it remembers binned demand, the day's lead times and its fitted models. `nodes`
    holds every pool of the environment; `check` is what the cost pack will hold a plan to.
    """

    settings: EnvironmentSettings
    nodes: Mapping[str, NodePrice]
    check: PlanCheck
    registry: StrategyRegistry
    history: DemandHistory
    signals: SignalHistory
    ledger: PlanLedger
    archive: PlanArchive
    signer: Signer
    publisher: Publisher
    fits: FitStore
    windows: WindowStore
    records: RecordStore
    code: CodeSource
    _demands: PoolDemands = field(init=False)
    _lead_times: PoolLeadTimes = field(init=False)
    _runs: SubmittedRuns = field(init=False)
    _ages: Mapping[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        decisions = self.settings.decisions
        fits = DailyFits(self.fits, decisions.history_days)
        self._demands = PoolDemands(
            DemandWindows(self.history, self.windows), SignalWindows(self.signals), decisions, fits
        )
        self._lead_times = PoolLeadTimes(self.history, decisions)
        self._runs = SubmittedRuns(self.settings, self.nodes, self.history, self.signals)

    @property
    def newest_sample_ages(self) -> Mapping[str, int]:
        """By series, how old its newest sample was when the last decision was made, in seconds of open session."""
        return self._ages

    def decide(self, request: DecisionRequest) -> ScalingPlan | None:
        """Plan the last bin that ended at `scheduled_time`, and publish the plan and its audit record.

        Key: (stack, bin end). While the stack stands where it stood and the same fits serve, a repeated request makes
        and publishes the same plan; once a plan of this bin or a later one is applied there is nothing left to
        decide, and the answer is None.

        Raises:
            SettingsError: another stack is asked for.
            TelemetryError, CapacityError, BusError: a store or the bus failed; deciding again is safe.
        """
        decided = self._decided(request, keep=True)
        if decided is None:
            return None
        plan, record = decided
        content = packed(record)
        signed, _ = both(lambda: self._archived(plan), lambda: self.records.put(plan.plan_id, content))
        audited = _audit_record(
            signed, chain=self.settings.names().audit_chain, record_digest=hashlib.sha256(content).hexdigest()
        )
        self.publisher.publish(
            (
                Message(topics.CAPACITY_PLANS, signed.stack, signed.to_json()),
                Message(topics.AUDIT_RECORDS, audited.chain, audited.to_json()),
            )
        )
        return signed

    def preview(self, request: DecisionRequest) -> ScalingPlan | None:
        """The plan that `decide` would publish, without a signature; nothing is written anywhere."""
        decided = self._decided(request, keep=False)
        return None if decided is None else decided[0]

    def bin_end(self, request: DecisionRequest) -> int:
        """The end of the bin that is decided, epoch seconds: the sequence of the plan that would follow."""
        return floor_to_bin(request.scheduled_time, bin_seconds=self.settings.decisions.bin_seconds)

    def _archived(self, plan: ScalingPlan) -> ScalingPlan:
        signed = plan.model_copy(update={"signature": self.signer.sign(plan.signed_bytes())})
        self.archive.put(signed)
        return signed

    def _decided(self, request: DecisionRequest, *, keep: bool) -> tuple[ScalingPlan, DecisionRecord] | None:
        refuse_other_stack(self.settings, request.stack, does="decides")
        bin_end = self.bin_end(request)
        entry, book = both(self.ledger.current, self.registry.read)
        current = entry.document
        if current.sequence >= bin_end:
            return None
        decided_at = datetime.fromtimestamp(bin_end, UTC)
        lead_times = self._lead_times.read(self.settings.pools, day=planned_day(decided_at, self.settings.decisions))
        demands, undecided = self._read(book, lead_times, bin_end=bin_end, keep=keep)
        inputs = PlanningInputs(
            settings=self.settings,
            stack=request.stack,
            bin_end=decided_at,
            nodes=self.nodes,
            lead_times=lead_times,
            demands=demands,
            previous=current.sizes,
            standing_costs=current.strategy_costs,
            undecided=undecided,
        )
        self._ages = {part.strategy.series: part.age_seconds for demand in inputs.demands for part in demand.strategies}
        chosen = solved(inputs)
        plan = make_plan(inputs, chosen, check=self.check)
        record = DecisionRecord(
            plan_id=plan.plan_id,
            code=self.code(),
            inputs=inputs,
            solution=chosen.solution,
            violations=plan.explanation.expected_violations,
        )
        return plan, record

    def _read(
        self, stated: StrategyBook, lead_times: Mapping[str, LeadTime], *, bin_end: int, keep: bool
    ) -> tuple[tuple[PoolDemand, ...], tuple[UndecidedStrategy, ...]]:
        """The demand of every set of pools, and the strategies that are set apart because they cannot be decided."""
        decided, apart = decidable(stated, pools=self.nodes, grid=reach(bin_end, self.settings.decisions))
        runs = self._runs.read(bin_end=bin_end)
        book = self._runs.with_strategies(decided, runs)

        def read(strategies: tuple[Strategy, ...]) -> PoolDemand:
            (shared,) = shared_pools(
                StrategyBook(strategies=strategies),
                self.nodes,
                lead_times=lead_times,
                decisions=self.settings.decisions,
            )
            demand = self._demands.read(shared, bin_end=bin_end, keep=keep)
            return runs.in_demand(demand, lead_bins=shared.horizon.lead_bins)

        sets = [
            kept_apart(strategies, read, pools=self.nodes)
            for strategies in strategies_by_pools(book, self.nodes).values()
        ]
        demands = tuple(demand for demand, _ in sets if demand is not None)
        return demands, (*apart, *(culprit for _, culprits in sets for culprit in culprits))


def _audit_record(plan: ScalingPlan, *, chain: str, record_digest: str) -> AuditRecord:
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
            "record_sha256": record_digest,
        },
    )

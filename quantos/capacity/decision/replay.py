"""A recorded decision made again: the same document from the same quantiles, and the quantiles from the same demand."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from quantos.allocation.verification import check_solution
from quantos.capacity.decision.record import CodeVersion, DecisionRecord
from quantos.capacity.demand.fit_repository import DailyFits
from quantos.capacity.demand.pool_demand import PoolDemand, PoolDemands
from quantos.capacity.demand.ports import FitStore
from quantos.capacity.planning.inputs import PlanningInputs
from quantos.capacity.planning.plan import Chosen, PlanCheck, chosen_before, make_plan
from quantos.capacity.planning.vocabulary import listed
from quantos.capacity.pools.lead_times import PoolLeadTimes, horizon_of, planned_day
from quantos.capacity.pools.shared_pools import SharedPools, UpperLevel, least_held
from quantos.capacity.ports import Signer
from quantos.contracts.plan import ScalingPlan
from quantos.telemetry.ports import DemandHistory, SignalHistory
from quantos.telemetry.windows.demand_windows import DemandWindows
from quantos.telemetry.windows.signal_windows import SignalWindows

SERVED_TOLERANCE: Final = 1e-6
"""Relative difference of quantiles by the stored fit: linear algebra differs between processors."""
REFIT_TOLERANCE: Final = 0.02
"""Relative difference of quantiles by a new fit: a search for parameters ends elsewhere on another processor."""

Verdict = Literal["same", "within", "changed", "differs", "gone"]


@dataclass(frozen=True)
class Finding:
    """What one part of a replay came to.

    `same` to the last digit; `within` a stated tolerance; `changed` since then, which does not touch the decision;
    `differs` where it must not; `gone` when an input is no longer there.
    """

    what: str
    verdict: Verdict
    detail: str


@dataclass(frozen=True, kw_only=True)
class Replayer:
    """What a replay needs beside the record; nothing is written."""

    signer: Signer
    history: DemandHistory
    signals: SignalHistory
    fits: FitStore
    check: PlanCheck
    code: CodeVersion

    def replay(self, record: DecisionRecord, plan: ScalingPlan) -> tuple[Finding, ...]:
        """Make the decision again from each stage on, and compare.

        Raises:
            TelemetryError, CapacityError: a store cannot be read.
        """
        chosen = chosen_before(record.inputs, record.solution)
        return (
            self._signature(plan),
            _document(record, chosen, plan),
            _solution(chosen),
            self._rules(record, plan),
            self._code(record),
            self._lead_times(record.inputs),
            *(finding for demand in record.inputs.demands for finding in self._demand(record.inputs, demand)),
        )

    def _signature(self, plan: ScalingPlan) -> Finding:
        if plan.plan_id != plan.content_digest():
            return Finding("signature", "differs", "the plan's id is not the digest of its content")
        signed = self.signer.verify(plan.signed_bytes(), signature=plan.signature)
        detail = "the forecaster signed this content" if signed else "the signature is not the forecaster's"
        return Finding("signature", "same" if signed else "differs", detail)

    def _rules(self, record: DecisionRecord, plan: ScalingPlan) -> Finding:
        today = self.check(plan.document().model_copy(update={"plan_id": ""}))
        if today == record.violations:
            return Finding("cost rules", "same", f"today's prices and limits refuse {_refusals(len(today))}, as then")
        return Finding(
            "cost rules", "changed", f"by today's prices and limits: {'; '.join(today) or 'nothing refused'}"
        )

    def _code(self, record: DecisionRecord) -> Finding:
        if record.code == self.code:
            return Finding("code", "same", f"sources {record.code.sources[:12]}")
        libraries = [
            f"{name} {version} (now {self.code.libraries.get(name, 'absent')})"
            for name, version in record.code.libraries.items()
            if self.code.libraries.get(name) != version
        ]
        was = f"decided by sources {record.code.sources[:12]}, replayed by {self.code.sources[:12]}"
        return Finding("code", "changed", "; ".join([was, *libraries]))

    def _lead_times(self, inputs: PlanningInputs) -> Finding:
        decisions = inputs.settings.decisions
        day = planned_day(inputs.bin_end, decisions)
        today = PoolLeadTimes(self.history, decisions).read(inputs.lead_times, day=day)
        changed = [pool for pool, then in inputs.lead_times.items() if today[pool] != then]
        if changed:
            return Finding("lead times", "gone", f"those of {listed(changed)} no longer read as when this was decided")
        return Finding("lead times", "same", f"those of {_count(len(today), 'pool')} read as then")

    def _demand(self, inputs: PlanningInputs, demand: PoolDemand) -> Iterator[Finding]:
        where, key = "+".join(demand.pools), demand.evidence.fit
        shared, bin_end = _shared(inputs, demand), int(inputs.bin_end.timestamp())
        decisions = inputs.settings.decisions
        fits = DailyFits(self.fits, decisions.history_days)
        reader = PoolDemands(DemandWindows(self.history), SignalWindows(self.signals), decisions, fits)
        stored = fits.stored(key)
        refit = reader.made(shared, day=key.day)
        again = reader.read(shared, bin_end=bin_end, keep=False, serving=stored or refit)
        changed = [name for name, digest in demand.evidence.series.items() if again.evidence.series.get(name) != digest]
        if changed:
            yield Finding(
                f"demand of {where}", "gone", f"{listed(changed)} no longer reads as it did when this was decided"
            )
            return
        yield Finding(f"demand of {where}", "same", f"{_count(len(demand.evidence.series), 'series')} read as then")
        if stored is None:
            yield Finding(f"fit of {where}", "gone", f"no fit of {key.day} for {key.question[:12]} is stored")
        else:
            yield _compared(f"quantiles of {where}", demand, again, tolerance=SERVED_TOLERANCE)
        refitted = reader.read(shared, bin_end=bin_end, keep=False, serving=refit)
        yield _compared(f"fit of {where}, made again", demand, refitted, tolerance=REFIT_TOLERANCE)


def _document(record: DecisionRecord, chosen: Chosen, plan: ScalingPlan) -> Finding:
    again = make_plan(record.inputs, chosen, check=lambda _: record.violations)
    if again.plan_id == plan.plan_id == record.plan_id:
        return Finding("document", "same", f"everything after the quantiles makes {again.plan_id[:12]} again")
    differing = [
        name
        for name in type(plan).model_fields
        if name not in {"plan_id", "signature"} and getattr(again, name) != getattr(plan, name)
    ]
    return Finding("document", "differs", f"made again, it differs in {listed(differing) if differing else 'its id'}")


def _solution(chosen: Chosen) -> Finding:
    wrong = check_solution(chosen.problem, chosen.solution)
    if wrong:
        return Finding("solution", "differs", "; ".join(wrong))
    solution = chosen.solution
    return Finding(
        "solution",
        "same",
        f"keeps every limit, costs {solution.usd_per_hour:.2f} USD/hour as stated, "
        f"within {solution.mip_gap:.2%} of what cannot be beaten",
    )


def _shared(inputs: PlanningInputs, demand: PoolDemand) -> SharedPools:
    """Whose demand it was, as it was decided on."""
    strategies = tuple(part.strategy for part in demand.strategies)
    return SharedPools(
        pools=demand.pools,
        strategies=strategies,
        upper=UpperLevel(demand.forecast.upper_level, demand.level_reason),
        node_vcpu=least_held(demand.pools, strategies, inputs.nodes),
        horizon=horizon_of([inputs.lead_times[pool] for pool in demand.pools], inputs.settings.decisions),
    )


def _compared(what: str, then: PoolDemand, now: PoolDemand, *, tolerance: float) -> Finding:
    if now.forecast.peaks == then.forecast.peaks and now.forecast.model == then.forecast.model:
        return Finding(what, "same", f"{then.forecast.upper:.1f} vCPU at {then.forecast.upper_level:.1%}, as then")
    off = max(
        abs(new - old) / max(abs(old), 1.0) for old, new in zip(then.forecast.peaks, now.forecast.peaks, strict=True)
    )
    detail = f"{now.forecast.upper:.3f} vCPU at {now.forecast.upper_level:.1%} by {now.forecast.model}, then "
    detail += f"{then.forecast.upper:.3f} by {then.forecast.model}; {off:.2g} relative, {tolerance:g} is allowed"
    return Finding(what, "within" if math.isfinite(off) and off <= tolerance else "differs", detail)


def _refusals(number: int) -> str:
    return "nothing" if number == 0 else "it" if number == 1 else f"it for {number} reasons"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 or noun == "series" else f"{number} {noun}s"

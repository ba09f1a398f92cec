"""Decisions on demand that announcements drive."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantos.capacity.decision.record import unpacked
from quantos.capacity.decision.replay import Replayer
from quantos.contracts.demand import SignalSample
from quantos.contracts.plan import PoolReasoning, ScalingPlan
from tests.support.announcements import BUSY, DAY, HOUR, INFORMED, NEWS, SIGNALS, told
from tests.support.capacity_fakes import FakeFits, FakeSigner
from tests.support.decision_desk import CODE, MONDAY, Desk, decided, desk_at, request
from tests.support.demand_cases import agree

FITS = FakeFits()


def desk(hours: float, *, signals: list[SignalSample] = SIGNALS, signal: str = NEWS) -> Desk:
    """What all tests learn is learnt once."""
    found = desk_at(hours, samples=BUSY)
    found.strategies = (INFORMED.model_copy(update={"signals": (signal,)}),)
    found.signals.add(signals)
    found.fits = FITS
    return found


def reasoning(plan: ScalingPlan) -> PoolReasoning:
    return plan.explanation.pools[0]


def test_a_scheduled_announcement_is_provided_for_before_it_comes_and_paid_for_only_then():
    uninformed = desk_at(9, samples=BUSY)
    uninformed.fits = FITS

    quiet, before = reasoning(decided(desk(9), 9)), reasoning(decided(desk(10.5), 10.5))

    assert quiet.signals == before.signals == (NEWS,)
    assert NEWS not in (quiet.degraded or "")
    assert before.demand_upper_vcpu > 1.2 * quiet.demand_upper_vcpu
    assert reasoning(decided(uninformed, 9)).demand_upper_vcpu > quiet.demand_upper_vcpu
    assert reasoning(decided(uninformed, 9)).signals == ()


def test_a_silent_signal_is_told_and_what_was_learnt_without_serves():
    decided(desk(9), 9)
    kept = [sample for sample in SIGNALS if sample.time < MONDAY - 3 * DAY]

    silent = reasoning(decided(desk(9, signals=kept), 9))
    without = desk_at(9, samples=BUSY)
    without.fits = FITS
    uninformed = reasoning(decided(without, 9))

    assert silent.signals == ()
    assert f"silent: {NEWS} since 2026-03-01 15:00 UTC; what was learnt without signals serves" in (
        silent.degraded or ""
    )
    assert silent.demand_upper_vcpu == uninformed.demand_upper_vcpu
    assert silent.coverage is not None
    assert silent.coverage.reason == "it is counted with the signals, and one is silent"


def test_a_signal_never_heard_of_is_told_and_left_out():
    plan = decided(desk(9, signal="signal/nobody"), 9)

    assert (reasoning(plan).degraded or "").endswith("signal/nobody is left out, known on 0 of 7 days")


def test_a_warm_process_decides_as_a_cold_one():
    shared = desk(9)
    warm = shared.service()
    for hours in (9, 9.5, 11):
        shared.history.add([item for item in BUSY if item.time < MONDAY + hours * HOUR])
        requested = desk(hours)
        requested.history, requested.signals = shared.history, shared.signals
        assert warm.decide(request(hours)) == decided(requested, hours)


REVISIONS = st.builds(
    lambda about, late, value, source: SignalSample(
        series=NEWS,
        time=MONDAY + timedelta(minutes=about),
        known_at=MONDAY + 9 * HOUR + timedelta(seconds=late),
        source=source,
        value=value,
    ),
    st.integers(-4000, 3000),
    st.integers(1, 90_000),
    st.floats(-1e6, 1e6),
    st.sampled_from(["calendar", "wire"]),
)


@given(revisions=st.lists(REVISIONS, min_size=1, max_size=8))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_becomes_known_later_changes_no_decision(revisions: list[SignalSample]):
    then = desk(9)
    plan = decided(then, 9)
    revised = desk(9, signals=[*SIGNALS, *revisions])

    assert decided(revised, 9) == plan


def test_a_replay_finds_the_signals_of_then_and_names_those_that_changed():
    stood = desk(9)
    plan = decided(stood, 9)
    record = unpacked(stood.records.kept[plan.plan_id])

    def verdicts(*more: SignalSample) -> dict[str, str]:
        stood.signals.add(more)
        replayer = Replayer(
            signer=FakeSigner(), history=stood.history, signals=stood.signals, fits=FITS, check=agree, code=CODE
        )
        return {found.what: found.detail for found in replayer.replay(record, plan)}

    later = told(MONDAY + 9.5 * HOUR)[0].model_copy(update={"known_at": MONDAY + 10 * HOUR})
    backdated = later.model_copy(update={"known_at": MONDAY + 8 * HOUR})

    assert verdicts(later)["demand of cpu"] == "2 series read as then"
    assert "signal/announcements no longer reads" in verdicts(backdated)["demand of cpu"]

from quantos.contracts import topics
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.contracts.demand import DemandSample, SignalSample
from quantos.orchestration.demand.announcement import Announcement
from quantos.orchestration.demand.stretches import Market
from tests.support.dags import stated, task
from tests.support.decision_desk import Outbox
from tests.support.desks import ANN, Place, settings


def submitted() -> Place:
    """One node of 2 cores, then three of 4, an hour in all; the first was dispatched."""
    place = Place(settings(budget={"cpu_hours": 100.0, "gpu_hours": 1.0, "io_tib": 1.0}))
    wide = ["b", "c", "d"]
    dag = stated([("a", name) for name in wide], nodes=["a", *wide])
    dag["nodes"] = [task(name, resources={"cpu": "2" if name == "a" else "4", "mem": "1Gi"}) for name in ["a", *wide]]
    request = SubmissionRequest.model_validate({"dag": dag, "params": {"submission_id": "x", "env": "dev"}})
    place.desk.submit(request, ANN)
    return place


def announcement(place: Place, outbox: Outbox, *, left_seconds: float = 60) -> Announcement:
    return Announcement(
        rows=place.rows,
        index=place.rows,
        market=Market(offers=place.desk.offers, placed=place.rules.placed),
        publisher=outbox,
        decisions=place.settings.decisions,
        left_seconds=lambda: left_seconds,
    )


def test_every_pool_is_told_of_now_and_for_as_long_as_decisions_look_ahead():
    place, outbox = submitted(), Outbox()
    (run,) = place.rows.open_runs()
    place.dispatch(run)

    assert announcement(place, outbox).publish(round(place.now.timestamp() * 1000))

    demand = [
        DemandSample.model_validate_json(m.value) for m in outbox.messages if m.topic == topics.TELEMETRY_WORKLOAD
    ]
    ahead = [SignalSample.model_validate_json(m.value) for m in outbox.messages if m.topic == topics.TELEMETRY_SIGNAL]
    assert {sample.series for sample in demand} == {f"workload/orch-{pool}" for pool in place.settings.pools}
    assert {sample.series: sample.value for sample in demand if sample.value} == {"workload/orch-cpu": 2.0}
    cpu = [sample.value for sample in ahead if sample.series == "signal/orch-cpu"]
    assert cpu[:6] == [2.0] * 6
    assert cpu[6:12] == [12.0] * 6
    assert cpu[12:] == [0.0] * 7
    decisions = place.settings.decisions
    assert len(cpu) == 1 + (decisions.lead_seconds + decisions.ahead_seconds) // decisions.bin_seconds


def test_without_time_for_all_runs_nothing_is_told():
    outbox = Outbox()
    assert not announcement(submitted(), outbox, left_seconds=0).publish(0)
    assert outbox.messages == []

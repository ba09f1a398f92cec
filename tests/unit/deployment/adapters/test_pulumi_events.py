"""What the engine reports, read into what the transaction asks about."""

from pulumi.automation.events import EngineEvent

from quantos.deployment.adapters.pulumi_events import EventLog
from quantos.deployment.changes import LOCK_TYPE

URN = "urn:pulumi:dev-capacity::quantos::aws:eks/nodeGroup:NodeGroup::cpu"


def policy_event(message: str, level: str) -> EngineEvent:
    return EngineEvent.from_json(
        {
            "sequence": 1,
            "timestamp": 1,
            "policyEvent": {
                "resourceUrn": URN,
                "message": message,
                "color": "never",
                "policyName": "step-up",
                "policyPackName": "quantos-cost",
                "policyPackVersion": "1",
                "policyPackVersionTag": "1",
                "enforcementLevel": level,
            },
        }
    )


def step_event(op: str) -> EngineEvent:
    metadata = {
        "op": op,
        "urn": URN,
        "type": "aws:eks/nodeGroup:NodeGroup",
        "provider": "",
        "detailedDiff": {"scalingConfig.minSize": {"diffKind": "update", "inputDiff": True}},
    }
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, "resourcePreEvent": {"metadata": metadata}})


def test_a_longer_lock_is_told_of_as_it_begins() -> None:
    def state(days: int) -> dict[str, object]:
        inputs = {"bucket": "audit", "rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": days}}}
        return {"type": LOCK_TYPE, "urn": URN, "id": "audit", "parent": "", "provider": "", "inputs": inputs}

    metadata = {"op": "update", "urn": URN, "type": LOCK_TYPE, "provider": "", "old": state(1), "new": state(3)}
    log = EventLog()
    log.add(EngineEvent.from_json({"sequence": 1, "timestamp": 1, "resourcePreEvent": {"metadata": metadata}}))
    (said,) = log.run(error=None, interrupted=False).irrevocable
    assert "audit locks what is written from now on for 3 days, before for 1" in said


def test_a_mandatory_violation_loses_the_description_the_engine_puts_before_it() -> None:
    log = EventLog()
    log.add(policy_event("What a plan may add.\n21 nodes up, 1 more than 20.", "mandatory"))
    (violation,) = log.run(error=None, interrupted=False).violations
    assert (violation.pack, violation.rule) == ("quantos-cost", "step-up")
    assert violation.message == "21 nodes up, 1 more than 20."


def test_advice_is_no_violation_but_a_rule_that_could_not_run_is_told() -> None:
    log = EventLog()
    log.add(policy_event("Description.\nconsider this", "advisory"))
    log.add(policy_event("can't run policy 'step-up' during preview: string value at .x can't be known", "advisory"))
    run = log.run(error=None, interrupted=False)
    assert run.violations == ()
    assert len(run.unchecked) == 1


def test_only_steps_that_change_something_are_changes() -> None:
    log = EventLog()
    for op in ("same", "refresh", "read"):
        log.add(step_event(op))
    assert log.run(error=None, interrupted=False).changes == ()
    log.add(step_event("update"))
    (change,) = log.run(error=None, interrupted=False).changes
    assert (change.operation, change.paths) == ("update", ("scalingConfig.minSize",))


def diagnostic(message: str, severity: str = "error") -> EngineEvent:
    event = {"prefix": "", "message": message, "color": "never", "severity": severity}
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, "diagnosticEvent": event})


def test_the_first_error_is_the_cause_and_what_follows_from_it_is_told_apart() -> None:
    log = EventLog()
    for message in ("provider exists already\n", "run again failed", "run again failed", "update failed"):
        log.add(diagnostic(message))
    log.add(diagnostic("only a warning", "warning"))
    run = log.run(error="error: update failed", interrupted=False)
    assert run.error == "provider exists already"
    assert run.later_errors == ("run again failed", "update failed")
    assert EventLog().run(error="gone", interrupted=False).error == "gone"
    assert log.run(error=None, interrupted=False).error is None

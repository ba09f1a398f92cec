"""An engine's events, read."""

from quantos.deployment.changes import LOCK_TYPE
from quantos.pull_request.adapters.engine_record import IRREVOCABLE, EngineRecord, Said
from tests.support.pull_requests import STACK_URN, urn_of

GROUP = "aws:eks/nodeGroup:NodeGroup"


def step(
    operation: str, *, urn: str = "", kind: str = "aws:eks/nodeGroup:NodeGroup", **more: object
) -> dict[str, object]:
    metadata = {"op": operation, "urn": urn or urn_of("cpu"), "type": kind, **more}
    return {"resourcePreEvent": {"metadata": metadata}}


def stack_outputs(before: dict[str, object], after: dict[str, object]) -> dict[str, object]:
    metadata = {
        "op": "same",
        "urn": STACK_URN,
        "type": "pulumi:pulumi:Stack",
        "old": {"outputs": before},
        "new": {"outputs": after},
    }
    return {"resOutputsEvent": {"metadata": metadata}}


def record_of(*events: dict[str, object]) -> EngineRecord:
    record = EngineRecord()
    for event in events:
        record.add(event)
    return record


def policy(message: str, level: str = "advisory") -> dict[str, object]:
    return {
        "policyEvent": {
            "resourceUrn": urn_of("cpu"),
            "message": message,
            "policyName": "pool-ceiling",
            "policyPackName": "quantos-cost",
            "enforcementLevel": level,
        }
    }


def test_a_longer_lock_is_told_beside_what_rules_say() -> None:
    old, new = (
        {"inputs": {"bucket": "audit", "rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": days}}}}
        for days in (1, 3)
    )
    (said,) = record_of(step("update", kind=LOCK_TYPE, old=old, new=new)).said
    assert said.rule == IRREVOCABLE
    assert "for 3 days, before for 1" in said.message


def test_the_three_steps_of_a_replacement_are_one() -> None:
    steps = [step("create-replacement", diffs=["instanceTypes"]), step("replace"), step("delete-replaced")]
    (change,) = record_of(*steps).changes.values()
    assert (change.operation, change.paths) == ("replace", ("instanceTypes",))


def test_what_stays_and_what_the_engine_keeps_for_itself_is_no_change() -> None:
    quiet = [step(operation) for operation in ("same", "refresh", "read")]
    providers = step("create", kind="pulumi:providers:aws", urn="urn:pulumi:a::b::pulumi:providers:aws::default")
    assert not record_of(*quiet, providers).changes


def test_a_deletion_is_marked_where_program_or_cloud_guards_against_it() -> None:
    guards: list[dict[str, object]] = [{"protect": True}, {"inputs": {"deletionProtectionEnabled": True}}, {}]
    changes = [record_of(step("delete", old=old)).changes for old in guards]
    assert [change.protected for found in changes for change in found.values()] == [True, True, False]


def test_outputs_that_become_others_unknown_or_gone_are_changed_and_added_ones_are_not() -> None:
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    before = {"vpc": "vpc-1", "key": "arn-1", "old": 1, "kept": [1]}
    after = {"vpc": "vpc-2", "key": unknown, "kept": [1], "added": unknown}
    assert record_of(stack_outputs(before, after)).changed_outputs == ("key", "old", "vpc")


def test_what_a_rule_says_is_kept_once_without_its_description() -> None:
    record = record_of(policy("A pool keeps its ceiling.\ntoo dear"), policy("A pool keeps its ceiling.\ntoo dear"))
    assert list(record.said) == [Said(rule="quantos-cost/pool-ceiling", urn=urn_of("cpu"), message="too dear")]


def test_a_rule_that_met_an_unknown_value_was_not_able_to_run() -> None:
    record = record_of(policy("can't run policy 'pool-ceiling' during preview: string value is unknown"))
    assert not record.said
    assert [said.partition(":")[0] for said in record.unrunnable] == ["quantos-cost/pool-ceiling"]


def test_rules_ran_that_passed_or_failed_on_anything() -> None:
    record = record_of(
        {"policyAnalyzeSummaryEvent": {"policyPackName": "quantos-cost", "passed": ["a"], "failed": ["b"]}},
        {"policyAnalyzeStackSummaryEvent": {"policyPackName": "quantos-cost", "passed": ["c"]}},
    )
    assert record.ran == {"quantos-cost/a", "quantos-cost/b", "quantos-cost/c"}

"""`quantos explain` on a plan that lies in the plans bucket of an account."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from cli.decisions.explain import _outcome_of
from cli.target import Target
from quantos.audit.adapters.composition import compose_ledger, compose_store
from quantos.audit.adapters.direct import DirectAudit
from quantos.capacity.adapters.s3_plans import PlansBucket, S3PlanArchive
from quantos.capacity.resize.outcomes import outcome_messages
from quantos.catalog.catalog import load_catalog
from quantos.contracts.plan import ResizeOutcome, ScalingPlan
from quantos.errors import AuditError
from tests.support.audit_fakes import audit_account
from tests.support.demand_cases import BIN_END, make_demand, make_inputs, planned
from tests.support.environments import make_settings
from tests.unit.cli.conftest import Command

PLAN = planned(make_inputs(make_demand()))
OTHER = planned(make_inputs(make_demand(upper=90.0)))
OUTCOME = ResizeOutcome(
    stack=PLAN.stack,
    plan_id=PLAN.plan_id,
    sequence=PLAN.sequence,
    status="applied",
    reason="read back as planned",
    finished_at=BIN_END,
)


@pytest.fixture
def archived(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The account of `dev` with two plans archived, of which one was applied."""
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        bucket = make_settings().names().bucket("plans")
        client.create_bucket(Bucket=bucket)
        for plan in (PLAN, OTHER):
            S3PlanArchive(PlansBucket(client, bucket)).put(plan)
        monkeypatch.setattr("cli.decisions.explain._outcome_of", lambda target, found: OUTCOME)
        yield


@pytest.mark.usefixtures("archived")
def test_the_start_of_an_id_is_explained_within_a_hundred_columns(quantos: Command) -> None:
    said = quantos("explain", PLAN.plan_id[:10], "--env", "dev")

    assert said.code == 0
    assert said.out.startswith(f"Plan {PLAN.plan_id[:12]} for dev-capacity")
    assert "It was applied" in said.out
    assert max(len(line) for line in said.out.splitlines()) <= 100


@pytest.mark.usefixtures("archived")
def test_json_alone_is_on_standard_output(quantos: Command) -> None:
    said = quantos("explain", PLAN.plan_id, "--env", "dev", "--json")

    document = json.loads(said.out)
    assert said.code == 0
    assert set(document) == {"plan", "outcome"}
    assert ScalingPlan.model_validate(document["plan"]) == PLAN
    assert ResizeOutcome.model_validate(document["outcome"]) == OUTCOME
    assert said.first_line.startswith("target: dev in AWS account")


@pytest.mark.usefixtures("archived")
def test_a_plan_that_is_not_there_exits_1_and_prints_no_document(quantos: Command) -> None:
    said = quantos("explain", "ffffffff", "--env", "dev", "--json")

    assert (said.code, said.out) == (1, "")


@pytest.mark.usefixtures("archived")
def test_a_plan_without_a_record_is_not_replayed(quantos: Command) -> None:
    said = quantos("replay", PLAN.plan_id, "--env", "dev")

    assert said.code == 1
    assert f"of plan {PLAN.plan_id[:12]} no record is kept" in said.err


@pytest.mark.usefixtures("archived")
def test_several_plans_and_none_are_told_apart(quantos: Command) -> None:
    several, none = quantos("explain", "", "--env", "dev"), quantos("explain", "ffff", "--env", "dev")

    assert (several.code, none.code) == (1, 1)
    assert "several plans have an id that starts with ''" in several.err
    assert "--sandbox" in none.err
    assert "several" not in none.err


def test_an_outcome_is_found_whichever_generation_of_the_chain_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with audit_account(monkeypatch) as settings:
        target = Target(settings, load_catalog(), Path(), {}, sandboxed=False)
        ledger = compose_ledger(settings)
        blocked = OUTCOME.model_copy(update={"status": "blocked"})
        publish = DirectAudit(ledger).publish
        publish(outcome_messages(blocked, chain="dev"))
        assert _outcome_of(target, PLAN) == blocked
        store = compose_store(settings)
        store.client.put_object(Bucket=store.bucket, Key="dev/000000000002", Body=b"{}")
        publish(outcome_messages(OUTCOME, chain="dev"))
        assert [item.chain for item in store.links("dev.2")] == ["dev.2", "dev.2"]
        assert _outcome_of(target, PLAN) == OUTCOME

        table = boto3.client("dynamodb", settings.region)
        key = {"pk": {"S": f"record/dev/outcome/{PLAN.plan_id}/applied"}, "sk": {"S": "-"}}
        table.update_item(
            TableName=settings.names().audit_table,
            Key=key,
            UpdateExpression="SET digest = :other",
            ExpressionAttributeValues={":other": {"S": "f" * 64}},
        )
        with pytest.raises(AuditError, match="is not what the index knows"):
            _outcome_of(target, PLAN)

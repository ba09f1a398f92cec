"""What a person changes is recorded first, in the name that the account knows them by."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from cli.caller import caller
from cli.recorded import Change, recorded, where_there_is_a_chain
from cli.target import Target
from quantos.audit.adapters.composition import compose_store
from quantos.catalog.catalog import load_catalog
from quantos.contracts.audit import AuditRecord
from quantos.errors import AuditError, CapacityError
from tests.support.audit_fakes import audit_account

MOTO = "arn:aws:sts::123456789012:user/moto"
CHANGE = Change(kind="source", subject="dev", body={"retired": "gw-1"})


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    with audit_account(monkeypatch) as settings:
        yield Target(settings, load_catalog(), Path(), {}, sandboxed=False)


def records(target: Target) -> list[AuditRecord]:
    return [item.record for item in compose_store(target.settings).links("dev")]


def test_the_intention_is_in_the_chain_before_anything_changes(target: Target) -> None:
    with recorded(target, CHANGE):
        assert [told.body["stage"] for told in records(target)] == ["intended"]
    assert [told.body["stage"] for told in records(target)] == ["intended", "done"]
    assert {told.actor for told in records(target)} == {MOTO}


def test_what_fails_is_recorded_as_such_and_stays_what_it_was(target: Target) -> None:
    with pytest.raises(CapacityError, match="no"), recorded(target, CHANGE):
        raise CapacityError("no", remedy="yes")
    failed = records(target)[-1]
    assert (failed.body["stage"], failed.body["problem"], failed.body["retired"]) == ("failed", "no", "gw-1")


def test_a_change_that_is_made_again_is_another(target: Target) -> None:
    for _ in range(2):
        with recorded(target, CHANGE):
            pass
    assert len({told.body["change"] for told in records(target)}) == 2
    assert len(records(target)) == 4


def test_a_long_name_makes_no_long_key(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.recorded.caller", lambda target: f"arn:aws:sts::1:assumed-role/{'r' * 64}/{'s' * 64}")
    with recorded(target, replace(CHANGE, subject="s" * 400)):
        pass
    assert len(records(target)) == 2


def test_nothing_runs_that_cannot_be_recorded(target: Target) -> None:
    store = compose_store(target.settings)
    store.client.put_object(Bucket=store.bucket, Key="dev/000000000001", Body=b'{"schema_version": 2}')
    ran: list[str] = []
    for context in (recorded, where_there_is_a_chain):
        with pytest.raises(AuditError, match="later version"), context(target, CHANGE):
            ran.append("ran")
    assert ran == []


def test_the_sandbox_is_named_as_such(target: Target) -> None:
    assert caller(target) == MOTO
    assert caller(replace(target, sandboxed=True)) == f"{MOTO} (sandbox)"


@pytest.mark.parametrize("missing", ["table", "bucket"])
def test_where_there_is_no_chain_yet_a_repair_goes_on_and_says_so(
    target: Target, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    other = target.settings.model_copy(update={"account_id": "210987654321"} if missing == "bucket" else {})
    if missing == "table":
        boto3.client("dynamodb", other.region).delete_table(TableName=other.names().audit_table)
    ran: list[str] = []
    with where_there_is_a_chain(replace(target, settings=other), CHANGE):
        ran.append("ran")
    assert ran == ["ran"]
    assert "no audit chain yet" in capsys.readouterr().err


def test_where_there_is_one_a_repair_is_recorded(target: Target) -> None:
    with where_there_is_a_chain(target, CHANGE):
        pass
    assert [told.body["stage"] for told in records(target)] == ["intended", "done"]

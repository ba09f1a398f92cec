"""`quantos pause` and `resume`: each says what it changed, and nobody's pause is lost without a word."""

from collections.abc import Iterator
from datetime import UTC, datetime

import boto3
import pytest

from quantos.audit.adapters.composition import compose_store
from quantos.capacity.adapters.stores import compose_switches
from quantos.capacity.resize.ports import Switch
from quantos.environment.settings.environment import EnvironmentSettings
from tests.support import audit_fakes
from tests.support.environments import committed_settings
from tests.support.telemetry_account import create_table, telemetry_account
from tests.unit.cli.conftest import Command


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[EnvironmentSettings]:
    made = committed_settings()
    with telemetry_account(monkeypatch, now=datetime.now(tz=UTC)):
        monkeypatch.setattr(audit_fakes, "BUCKET", made.names().bucket("audit"))
        monkeypatch.setattr(audit_fakes, "TABLE", made.names().audit_table)
        audit_fakes.create_audit_aws()
        create_table(made.names().switch_table, region=made.region)
        yield made


def throw(settings: EnvironmentSettings, reason: str) -> None:
    switch = Switch(paused=True, actor="ada", reason=reason)
    compose_switches(settings).throw(settings.names().stack("capacity"), switch)


def test_a_second_pause_and_the_release_say_whose_pause_it_was(quantos: Command, settings: EnvironmentSettings) -> None:
    throw(settings, "exchange outage")

    again = quantos("pause", "dev", "--reason", "migration")
    assert (again.code, again.out) == (0, "paused: migration (it was paused by ada: exchange outage)\n")
    throw(settings, "audit")
    resumed = "resumed: the next plan is acted on, and runs are dispatched again"
    assert quantos("resume", "dev").out == f"{resumed} (it was paused by ada: audit)\n"
    assert "it was not paused" in quantos("resume", "dev").out


@pytest.mark.usefixtures("settings")
def test_a_pause_without_a_reason_is_wrong_usage(quantos: Command, settings: EnvironmentSettings) -> None:
    assert quantos("pause", "dev", "--reason", " ").code == 2
    assert not compose_switches(settings).read(settings.names().stack("capacity")).paused


def test_who_pauses_is_who_the_account_says_and_not_a_variable(
    quantos: Command, settings: EnvironmentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "mallory")
    assert quantos("pause", "dev", "--reason", "drill").code == 0

    switch = compose_switches(settings).read(settings.names().stack("capacity"))
    assert switch.actor == "arn:aws:sts::123456789012:user/moto"
    intended, done = (item.record for item in compose_store(settings).links("dev"))
    assert {intended.actor, done.actor} == {switch.actor}
    assert (intended.body["stage"], done.body["stage"]) == ("intended", "done")
    assert intended.body["before"] == {"paused": False, "actor": "", "reason": ""}


def test_a_pause_that_cannot_be_recorded_holds_and_says_so_and_a_release_waits(
    quantos: Command, settings: EnvironmentSettings
) -> None:
    table = boto3.client("dynamodb", settings.region)
    table.delete_table(TableName=settings.names().audit_table)

    said = quantos("pause", "dev", "--reason", "drill")
    assert said.code == 1
    assert "paused, and not recorded" in said.err
    assert compose_switches(settings).read(settings.names().stack("capacity")).paused

    assert quantos("resume", "dev").code == 1
    assert compose_switches(settings).read(settings.names().stack("capacity")).paused

"""`quantos pause` and `resume`: each says what it changed, and nobody's pause is lost without a word."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

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
    assert "paused by ada: audit" in quantos("resume", "dev").out
    assert "it was not paused" in quantos("resume", "dev").out


@pytest.mark.usefixtures("settings")
def test_a_pause_without_a_reason_is_wrong_usage(quantos: Command, settings: EnvironmentSettings) -> None:
    assert quantos("pause", "dev", "--reason", " ").code == 2
    assert not compose_switches(settings).read(settings.names().stack("capacity")).paused

"""`quantos strategies apply` on an account: refused with fields, recorded before anything changes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from quantos.audit.adapters.composition import compose_index
from quantos.capacity.adapters.s3_plans import PlansBucket, S3StrategyRegistry
from quantos.environment.settings.environment import EnvironmentSettings
from tests.support import audit_fakes
from tests.support.environments import make_settings
from tests.support.telemetry_account import telemetry_account
from tests.unit.cli.conftest import Command

FILE = """\
strategies:
  - name: hedging
    owner: ada
    desk: equities
    cost_centre: cc-210
    pools: [cpu]
    series: workload/hedging
    units_per_vcpu: 120.0
    service_level: {max_latency_ms: 20}
    cost: {ceiling_usd_per_hour: 6.0, budget_usd_per_day: 90.0}
    miss_cost_usd_per_unit_hour: 0.02
    priority: 50
"""


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[EnvironmentSettings]:
    made = make_settings()
    with telemetry_account(monkeypatch, now=datetime(2026, 11, 20, 14, tzinfo=UTC)):
        yield made


@pytest.fixture
def registry(settings: EnvironmentSettings) -> S3StrategyRegistry:
    client = boto3.client("s3", region_name=settings.region)
    return S3StrategyRegistry(PlansBucket(client, settings.names().bucket("plans")))


@pytest.fixture
def chain(settings: EnvironmentSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_fakes, "BUCKET", settings.names().bucket("audit"))
    monkeypatch.setattr(audit_fakes, "TABLE", settings.names().audit_table)
    audit_fakes.create_audit_aws()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "strategies.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.mark.usefixtures("chain")
def test_what_is_applied_is_in_the_chain(
    quantos: Command, registry: S3StrategyRegistry, settings: EnvironmentSettings, file: Path
) -> None:
    said = quantos("strategies", "apply", "dev", str(file))

    assert said.code == 0, said.err
    assert [strategy.name for strategy in registry.read().strategies] == ["hedging"]
    assert [one.kind for one in compose_index(settings).about("dev", "dev")] == ["strategy"]


def test_without_its_record_nothing_is_replaced(quantos: Command, registry: S3StrategyRegistry, file: Path) -> None:
    """There is no audit bucket in this account."""
    assert quantos("strategies", "apply", "dev", str(file)).code == 1

    assert registry.read().strategies == ()


@pytest.mark.usefixtures("chain")
def test_a_wrong_file_changes_and_records_nothing(
    quantos: Command, registry: S3StrategyRegistry, settings: EnvironmentSettings, file: Path
) -> None:
    file.write_text(FILE.replace("[cpu]", "[cpuu]").replace("priority: 50", "priority: yes"), encoding="utf-8")

    said = quantos("strategies", "apply", "dev", str(file))

    assert said.code == 1
    assert f"{file}: line 6, column 13: strategies.0.pools.0: no pool is called cpuu; did you mean cpu?" in said.err
    assert f"{file}: line 12, column 15: strategies.0.priority: yes is true or false" in said.err
    assert registry.read().strategies == ()
    assert not compose_index(settings).about("dev", "dev")


@pytest.mark.usefixtures("chain")
def test_strategies_that_a_file_no_longer_states_are_named(
    quantos: Command, registry: S3StrategyRegistry, file: Path
) -> None:
    quantos("strategies", "apply", "dev", str(file))
    file.write_text(FILE.replace("name: hedging", "name: quotes"), encoding="utf-8")

    assert quantos("strategies", "apply", "dev", str(file)).out.splitlines() == [
        "1 strategy: quotes",
        "No longer there: hedging",
    ]
    assert [strategy.name for strategy in registry.read().strategies] == ["quotes"]

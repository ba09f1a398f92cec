"""`quantos strategies apply` on an account: refused with fields, recorded before anything changes."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from quantos.audit.adapters.composition import compose_index, compose_store
from quantos.capacity.adapters.s3_plans import PlansBucket, S3StrategyRegistry, StandingBook
from quantos.contracts.audit import AuditRecord
from quantos.contracts.strategy import StrategyBook
from quantos.environment.settings.environment import EnvironmentSettings
from tests.support import audit_fakes
from tests.support.demand_cases import make_strategy
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
    book = hashlib.sha256(registry.read().to_json()).hexdigest()
    intended, done = records(settings)
    assert (intended.body["stage"], done.body["stage"]) == ("intended", "done")
    assert intended.body["change"] == done.body["change"]
    for told in (intended, done):
        assert (told.kind, told.actor) == ("strategy", "arn:aws:sts::123456789012:user/moto")
        assert (told.body["before_sha256"], told.body["after_sha256"]) == (None, book)
        assert told.body["strategies"] == ["hedging"]


def records(settings: EnvironmentSettings) -> list[AuditRecord]:
    return [one.record for one in compose_store(settings).links("dev")]


@pytest.mark.usefixtures("chain")
def test_the_digests_are_of_the_whole_book_and_not_of_its_names(
    quantos: Command, registry: S3StrategyRegistry, settings: EnvironmentSettings, file: Path
) -> None:
    quantos("strategies", "apply", "dev", str(file))
    file.write_text(FILE.replace("budget_usd_per_day: 90.0", "budget_usd_per_day: 900.0"), encoding="utf-8")
    quantos("strategies", "apply", "dev", str(file))

    first, second = (told.body for told in records(settings)[1::2])
    assert second["before_sha256"] == first["after_sha256"] != second["after_sha256"]
    assert first["strategies"] == second["strategies"]


@pytest.mark.usefixtures("chain")
def test_nobodys_book_is_replaced_unseen_and_the_record_says_so(
    quantos: Command,
    registry: S3StrategyRegistry,
    settings: EnvironmentSettings,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change = S3StrategyRegistry.change

    def overtaken(self: S3StrategyRegistry, before: StandingBook, book: StrategyBook) -> None:
        registry.replace(StrategyBook(strategies=(make_strategy(),)))
        change(self, before, book)

    monkeypatch.setattr(S3StrategyRegistry, "change", overtaken)
    said = quantos("strategies", "apply", "dev", str(file))

    assert said.code == 1
    assert [strategy.name for strategy in registry.read().strategies] == ["orders"]
    intended, failed = records(settings)
    assert (intended.body["stage"], failed.body["stage"]) == ("intended", "failed")
    assert "changed by another writer" in str(failed.body["problem"])


@pytest.mark.usefixtures("chain")
@pytest.mark.parametrize("replaced", [False, True])
def test_a_crash_between_the_records_shows_and_applying_again_settles_it(
    quantos: Command,
    registry: S3StrategyRegistry,
    settings: EnvironmentSettings,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    replaced: bool,
) -> None:
    change = S3StrategyRegistry.change

    def killed(self: S3StrategyRegistry, before: StandingBook, book: StrategyBook) -> None:
        if replaced:
            change(self, before, book)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(S3StrategyRegistry, "change", killed)
        assert quantos("strategies", "apply", "dev", str(file)).code != 0
    assert [told.body["stage"] for told in records(settings)] == ["intended"]

    assert quantos("strategies", "apply", "dev", str(file)).code == 0
    lost, intended, done = records(settings)
    assert lost.body["change"] != intended.body["change"] == done.body["change"]
    assert lost.body["after_sha256"] == done.body["after_sha256"]
    assert [strategy.name for strategy in registry.read().strategies] == ["hedging"]


@pytest.mark.parametrize("lost", [False, True])
def test_a_write_whose_answer_is_lost_is_found_made(registry: S3StrategyRegistry, *, lost: bool) -> None:
    before, book = registry.standing(), StrategyBook(strategies=(make_strategy(),))
    if lost:
        registry.replace(book)
    registry.change(before, book)
    assert registry.read() == book


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

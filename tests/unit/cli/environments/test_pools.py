"""`quantos pools propose` on an account that holds strategies: what it prints, and that it writes only when told to."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
import yaml

from cli.environments import pools
from quantos.capacity.adapters.s3_plans import PlansBucket, S3StrategyRegistry
from quantos.contracts.strategy import Strategy, StrategyBook
from tests.support.environments import ENVIRONMENTS, make_settings
from tests.support.telemetry_account import telemetry_account
from tests.unit.cli.conftest import Command

STATED = {
    "name": "hedging",
    "owner": "ada",
    "desk": "equities",
    "cost_centre": "cc-210",
    "pools": ["cpu"],
    "series": "workload/hedging",
    "units_per_vcpu": 100.0,
    "service_level": {"max_latency_ms": 20, "min_throughput_units": 9_600.0},
    "cost": {"ceiling_usd_per_hour": 16.0, "budget_usd_per_day": 300.0},
    "miss_cost_usd_per_unit_hour": 0.02,
    "priority": 50,
}


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3StrategyRegistry]:
    """The strategies of `dev`, none yet."""
    settings = make_settings()
    with telemetry_account(monkeypatch, now=datetime(2026, 11, 20, 14, tzinfo=UTC)):
        client = boto3.client("s3", region_name=settings.region)
        yield S3StrategyRegistry(PlansBucket(client, settings.names().bucket("plans")))


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of the environment files that a test may change."""
    folder = tmp_path / "stacks" / "environments"
    folder.mkdir(parents=True)
    (folder / "dev.yaml").write_text((ENVIRONMENTS / "dev.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(pools, "ENVIRONMENTS", folder)
    return folder


def state(registry: S3StrategyRegistry, **changes: object) -> None:
    registry.replace(StrategyBook(strategies=(Strategy.model_validate({**STATED, **changes}),)))


def test_the_saving_the_reason_and_the_difference_are_printed(
    quantos: Command, registry: S3StrategyRegistry, files: Path
) -> None:
    state(registry)
    before = (files / "dev.yaml").read_text(encoding="utf-8")
    said = quantos("pools", "propose", "dev")
    assert said.code == 0, said.err
    assert "cpu: saves 0.22 USD/hour; the need takes 13 nodes" in said.out
    assert "-    instance_types: [c7i.2xlarge, c6i.2xlarge]" in said.out
    assert "+    instance_types: [c6a.2xlarge, c6i.2xlarge]" in said.out
    assert "--- a/stacks/environments/dev.yaml" in said.out
    assert (files / "dev.yaml").read_text(encoding="utf-8") == before


def test_the_file_is_written_when_told_to_and_then_there_is_nothing_left(
    quantos: Command, registry: S3StrategyRegistry, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state(registry)
    assert quantos("pools", "propose", "dev", "--write").code == 0
    document = yaml.safe_load((files / "dev.yaml").read_text(encoding="utf-8"))
    assert document["pools"]["cpu"]["instance_types"] == ["c6a.2xlarge", "c6i.2xlarge"]
    monkeypatch.setattr("cli.target.ENVIRONMENTS", files)
    again = quantos("pools", "propose", "dev", "--write")
    assert (again.code, "no proposal" in again.out) == (0, True)


def test_json_holds_the_whole_proposal(quantos: Command, registry: S3StrategyRegistry, files: Path) -> None:
    state(registry)
    document = json.loads(quantos("pools", "propose", "dev", "--json").out)
    (change,) = document["changes"]
    assert change["types_after"] == ["c6a.2xlarge", "c6i.2xlarge"]
    assert document["saving_usd_per_hour"] == pytest.approx(13 * (0.357 - 0.34))
    assert document["difference"].startswith("--- a/stacks")


def test_without_strategies_nothing_can_be_told(quantos: Command, registry: S3StrategyRegistry, files: Path) -> None:
    said = quantos("pools", "propose", "dev")
    assert (said.code, "no strategy runs on any pool of dev" in said.err) == (1, True)


def test_a_region_without_prices_is_named(quantos: Command, registry: S3StrategyRegistry, files: Path) -> None:
    state(registry)
    said = quantos("pools", "propose", "dev", "--catalog", "eu-central-1")
    assert said.code == 1
    assert "no price is known for c7i.2xlarge in eu-central-1" in said.err

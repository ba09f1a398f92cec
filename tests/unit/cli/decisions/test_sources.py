"""`quantos sources`: who tells of demand, and what a person says for a source that cannot."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from quantos.capacity.adapters.s3_plans import PlansBucket, S3StrategyRegistry
from quantos.contracts.demand import DemandSample
from quantos.contracts.strategy import Strategy, StrategyBook
from quantos.telemetry.adapters.composition import compose_history
from quantos.telemetry.adapters.dynamo_history import DynamoDemandHistory
from tests.support import audit_fakes
from tests.support.demand_cases import make_strategy
from tests.support.environments import committed_settings
from tests.support.telemetry_account import telemetry_account
from tests.unit.cli.conftest import Command

SERIES = "workload/orders"


@pytest.fixture
def now() -> datetime:
    return datetime.now(tz=UTC).replace(microsecond=0)


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch, now: datetime) -> Iterator[DynamoDemandHistory]:
    """Of `dev`: one gateway that is heard, and one that was, until an hour ago."""
    settings = committed_settings()
    with telemetry_account(monkeypatch, now=now):
        monkeypatch.setattr(audit_fakes, "BUCKET", settings.names().bucket("audit"))
        monkeypatch.setattr(audit_fakes, "TABLE", settings.names().audit_table)
        audit_fakes.create_audit_aws()
        found = compose_history(settings)
        found.add(
            [
                DemandSample(series=SERIES, time=now - timedelta(minutes=minutes), source=source, value=100)
                for minutes in range(5, 300, 5)
                for source in ("gw-1", "gw-2")
                if source == "gw-1" or minutes > 60
            ]
        )
        apply(make_strategy())
        yield found


def apply(strategy: Strategy) -> None:
    settings = committed_settings()
    client = boto3.client("s3", region_name=settings.region)
    registry = S3StrategyRegistry(PlansBucket(client, settings.names().bucket("plans")))
    registry.replace(StrategyBook(strategies=(strategy,)))


def test_a_silent_source_is_listed_with_what_is_held(quantos: Command, history: DynamoDemandHistory) -> None:
    said = quantos("sources", "list", "dev")

    assert said.code == 0, said.err
    heard, lost = said.out.splitlines()
    assert heard.startswith("orders: workload/orders gw-1: heard, last heard ")
    assert lost.startswith("orders: workload/orders gw-2: silent, 100 held for it, last heard ")


def test_a_retired_source_is_neither_missed_nor_held(
    quantos: Command, history: DynamoDemandHistory, now: datetime
) -> None:
    said = quantos("sources", "retire", "dev", SERIES, "gw-2")

    assert said.code == 0, said.err
    told = history.samples([SERIES], start=now - timedelta(minutes=1), end=now + timedelta(minutes=5))[SERIES]
    assert [(item.source, item.goodbye) for item in told] == [("gw-2", True)]


def test_a_source_that_nobody_knows_is_refused_with_those_there_are(
    quantos: Command, history: DynamoDemandHistory
) -> None:
    said = quantos("sources", "retire", "dev", SERIES, "gw-3")

    assert said.code == 1
    assert said.first_line != ""
    assert "workload/orders has no source gw-3 in dev. Its sources are gw-1, gw-2." in " ".join(said.err.split())


def test_a_declared_source_is_taken_out_of_its_strategy_first(quantos: Command, history: DynamoDemandHistory) -> None:
    apply(make_strategy().model_copy(update={"sources": ("gw-1", "gw-2")}))

    said = quantos("sources", "retire", "dev", SERIES, "gw-2")

    assert said.code == 1
    assert "Take it out of the strategy's `sources`" in " ".join(said.err.split())


@pytest.mark.usefixtures("history")
def test_where_nothing_was_told_that_is_said(quantos: Command) -> None:
    apply(make_strategy().model_copy(update={"series": "workload/nobody"}))

    assert quantos("sources", "list", "dev").out.startswith("no strategy's series has told anything")

"""How many calls a warm function makes, by kind: what each bin costs in production too, whatever the machine.

A call that is not in a budget here was either forgotten by it or not needed: say which.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import pytest

from lambdas.forecast.handler import handler, service
from quantos.contracts.demand import DemandSample
from quantos.contracts.strategy import Session, StrategyBook
from sandbox.events.events import Account, local_context, schedule_event
from tests.support.api_calls import counted_calls
from tests.support.demand_cases import make_strategy
from tests.support.telemetry_account import telemetry_account

FIRST = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
BIN = timedelta(minutes=5)
SESSION = Session(opens=time(13), closes=time(16))
ACCOUNT = Account(environment="dev", account_id="123456789012", region="us-east-1")
CONTEXT = local_context("forecast", account=ACCOUNT, invocation=1, timeout_seconds=60).as_lambda_context()
DECISION = {
    "s3:GetObject": 2,  # the pointer, the strategies
    "dynamodb:BatchGetItem": 1,  # the last two hours of demand
    "kms:GenerateMac": 1,
    "s3:PutObject": 2,  # the plan, its record
}
NEXT_HOUR = DECISION | {
    "dynamodb:BatchGetItem": 3,  # beside them the parts whose turn it is to be read again
    "s3:PutObject": 3,  # beside them the window, for other processes
}


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A function that has decided the first bin, in an account with five days of demand."""
    with telemetry_account(monkeypatch, now=FIRST):
        moments = [FIRST - BIN * index for index in range(-24, 5 * 288)]
        service().history.add(
            [
                DemandSample(series="workload/orders", time=moment, source="gw", value=400.0 + moment.minute)
                for moment in moments
                if SESSION.is_open(moment, bin_seconds=300)
            ]
        )
        service().registry.replace(StrategyBook(strategies=(make_strategy(session=SESSION),)))
        handler(schedule_event("dev-capacity", FIRST), CONTEXT)
        yield


@pytest.mark.usefixtures("warm")
def test_a_warm_decision_makes_six_calls(monkeypatch: pytest.MonkeyPatch):
    with counted_calls(monkeypatch) as calls:
        handler(schedule_event("dev-capacity", FIRST + BIN), CONTEXT)
    assert calls == DECISION


@pytest.mark.usefixtures("warm")
def test_the_first_decision_of_an_hour_reads_a_part_again_and_keeps_the_window(monkeypatch: pytest.MonkeyPatch):
    with counted_calls(monkeypatch) as calls:
        handler(schedule_event("dev-capacity", FIRST + timedelta(minutes=30)), CONTEXT)
    assert set(calls) == set(NEXT_HOUR)
    assert all(calls[kind] <= most for kind, most in NEXT_HOUR.items()), calls

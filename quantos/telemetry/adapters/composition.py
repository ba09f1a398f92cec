"""Composes the histories and the intake of an environment from their AWS adapters."""

from datetime import timedelta
from typing import Final

import boto3

from quantos.adapters.aws import making_clients
from quantos.contracts.demand import LONGEST_AHEAD, LONGEST_HOLD
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.messaging.ports import Publisher
from quantos.telemetry.adapters.dynamo_history import DynamoDemandHistory
from quantos.telemetry.adapters.dynamo_signals import DynamoSignalHistory
from quantos.telemetry.adapters.hour_sets import HourSets
from quantos.telemetry.intake import EventClock, Intake

KEPT_BEYOND_HISTORY: Final = timedelta(days=7)
"""Samples outlive the days that decisions read by this much, so that a window is never read while it expires."""


def compose_history(settings: EnvironmentSettings) -> DynamoDemandHistory:
    """The demand history of an environment."""
    return DynamoDemandHistory(_sets(settings, read_before=timedelta(0)))


def compose_signals(settings: EnvironmentSettings) -> DynamoSignalHistory:
    """The signal history of an environment, in the same table."""
    return DynamoSignalHistory(_sets(settings, read_before=LONGEST_AHEAD + LONGEST_HOLD))


def compose_intake(settings: EnvironmentSettings, *, publisher: Publisher, clock: EventClock) -> Intake:
    """The intake of an environment."""
    return Intake(
        history=compose_history(settings), signals=compose_signals(settings), publisher=publisher, clock=clock
    )


def _sets(settings: EnvironmentSettings, *, read_before: timedelta) -> HourSets:
    """`read_before` is how long before the history's days decisions read."""
    with making_clients():
        client = boto3.client("dynamodb", region_name=settings.region)
    return HourSets(
        client=client,
        table=settings.names().demand_table,
        retention=timedelta(days=settings.decisions.history_days) + read_before + KEPT_BEYOND_HISTORY,
    )

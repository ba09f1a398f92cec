"""Composes the demand history and the intake of an environment from their AWS adapters."""

from datetime import timedelta
from typing import Final

import boto3

from quantos.environment.settings import EnvironmentSettings
from quantos.messaging.ports import Publisher
from quantos.telemetry.adapters.dynamo_history import DynamoDemandHistory
from quantos.telemetry.intake import EventClock, Intake

KEPT_BEYOND_HISTORY: Final = timedelta(days=7)
"""Samples outlive the days that decisions read by this much, so that a window is never read while it expires."""


def compose_history(settings: EnvironmentSettings) -> DynamoDemandHistory:
    """The demand history of an environment."""
    return DynamoDemandHistory(
        client=boto3.client("dynamodb", region_name=settings.region),
        table=settings.names().demand_table,
        retention=timedelta(days=settings.decisions.history_days) + KEPT_BEYOND_HISTORY,
    )


def compose_intake(settings: EnvironmentSettings, *, publisher: Publisher, clock: EventClock) -> Intake:
    """The intake of an environment."""
    return Intake(history=compose_history(settings), publisher=publisher, clock=clock)

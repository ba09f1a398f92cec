"""The topics, in one place. Each has a dead-letter topic beside it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TELEMETRY_MARKET: Final = "telemetry.market"
TELEMETRY_SYSTEM: Final = "telemetry.system"
TELEMETRY_WORKLOAD: Final = "telemetry.workload"
TELEMETRY_SIGNAL: Final = "telemetry.signal"
SAMPLED: Final[Mapping[str, str]] = MappingProxyType(
    {"market": TELEMETRY_MARKET, "system": TELEMETRY_SYSTEM, "workload": TELEMETRY_WORKLOAD}
)
"""By the first word of a series, the topic of its samples."""
TELEMETRY: Final = (*SAMPLED.values(), TELEMETRY_SIGNAL)
CAPACITY_LEARNING: Final = "capacity.learning"
CAPACITY_PLANS: Final = "capacity.plans"
CAPACITY_OUTCOMES: Final = "capacity.outcomes"
ORCH_JOBS: Final = "orch.jobs"
"""Runs to look at."""
ORCH_ATTEMPTS: Final = "orch.attempts"
"""What an executor is asked for: attempts to run, to stop, and to clean up after."""
ORCH_EVENTS: Final = "orch.events"
"""What became of attempts."""
ORCHESTRATION: Final = (ORCH_JOBS, ORCH_ATTEMPTS, ORCH_EVENTS)
AUDIT_RECORDS: Final = "audit.records"
ALL: Final = (*TELEMETRY, CAPACITY_LEARNING, CAPACITY_PLANS, CAPACITY_OUTCOMES, *ORCHESTRATION, AUDIT_RECORDS)


def dead_letter(topic: str) -> str:
    """The topic that holds what could not be taken from `topic`."""
    return f"{topic}.dlq"

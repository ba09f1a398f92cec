"""Facets that OpenLineage has none for; others ignore them. docs/schemas/openlineage_facets.v1.schema.json has them."""

from typing import Final

import attr
from openlineage.client.event_v2 import RunEvent
from openlineage.client.facet_v2 import DatasetFacet, RunFacet

PRODUCER: Final = "urn:quantos:orchestration"
_SCHEMAS: Final = "urn:quantos:openlineage:1-0-0"


@attr.define
class ContentDatasetFacet(DatasetFacet):
    """What a dataset is byte for byte, and by which name the DAG knows it."""

    output: str
    sizeBytes: int  # noqa: N815 - as OpenLineage spells fields
    hash: str | None = None

    @staticmethod
    def _get_schema() -> str:
        return f"{_SCHEMAS}#/$defs/ContentDatasetFacet"


@attr.define
class AttemptRunFacet(RunFacet):
    """Which attempt of which node a run is."""

    team: str
    submission: str
    run: int
    node: str
    attempt: int

    @staticmethod
    def _get_schema() -> str:
        return f"{_SCHEMAS}#/$defs/AttemptRunFacet"


@attr.define
class WaitingRunFacet(RunFacet):
    """Why a run has not started yet."""

    reason: str

    @staticmethod
    def _get_schema() -> str:
        return f"{_SCHEMAS}#/$defs/WaitingRunFacet"


@attr.define
class EngineRunFacet(RunFacet):
    """What ran it, by the engine's own word, and how it ended; `ran` is false where it never began."""

    evidence: str
    end: str
    ran: bool

    @staticmethod
    def _get_schema() -> str:
        return f"{_SCHEMAS}#/$defs/EngineRunFacet"


ATTEMPT: Final = "quantos_attempt"
CONTENT: Final = "quantos_content"
ENGINE: Final = "quantos_engine"
WAITING: Final = "quantos_waiting"


def event_type(event: RunEvent) -> str:
    """Such as `START`; it is half of the event's key."""
    return "" if event.eventType is None else str(event.eventType.value)

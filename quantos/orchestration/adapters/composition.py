"""Composes what a run reads of the outside: statements in S3, tables of the environment's lake."""

import json
import os
from collections.abc import Callable
from datetime import datetime
from typing import Final

from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import SettingsError
from quantos.lake.adapters.composition import compose_lake, open_embedded_lake
from quantos.lake.adapters.iceberg import IcebergLake
from quantos.lake.place import EmbeddedLake
from quantos.orchestration.adapters.s3_objects import S3Objects
from quantos.orchestration.adapters.s3_statements import S3Admissions, S3Statements
from quantos.orchestration.submission.pins import PinnedInputs

LAKE_VARIABLE: Final = "QUANTOS_LAKE"
"""Names a lake that is not the environment's own, as JSON of an `EmbeddedLake`; the sandbox sets it."""


def compose_inputs(settings: EnvironmentSettings, objects: S3Objects, *, clock: Callable[[], datetime]) -> PinnedInputs:
    """What runs of an environment read."""
    teams = settings.platform.teams
    return PinnedInputs(
        lake=environment_lake(settings),
        source=S3Statements(objects.client),
        store=S3Admissions(objects),
        prefixes=lambda team: teams[team].statements,
        results=settings.names().results_database,
        clock=clock,
    )


def environment_lake(settings: EnvironmentSettings) -> IcebergLake:
    """The lake of the environment, or the one that this process is told of.

    Raises:
        SettingsError: it is told of none that could be.
        LakeError: it cannot be opened.
    """
    stated = os.environ.get(LAKE_VARIABLE, "")
    if not stated:
        return compose_lake(settings)
    try:
        place = EmbeddedLake(**json.loads(stated))
    except (ValueError, TypeError) as exc:
        raise SettingsError(f"{LAKE_VARIABLE} names no lake: {exc}", remedy="unset it outside of the sandbox") from exc
    return open_embedded_lake(place)

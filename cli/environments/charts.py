"""`quantos manifests` and `quantos charts check`: what the platform layer installs, without a cluster or an account."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import typer

from cli.console import err, out
from cli.places import CHARTS_VARIABLE, ENVIRONMENTS, environment_names
from quantos.capacity.adapters.s3_plans import floors_document
from quantos.catalog.catalog import load_catalog
from quantos.charts.adapters.folder import ChartsFolder
from quantos.charts.adapters.helm import rendered
from quantos.charts.adapters.manifests import write_manifests
from quantos.charts.adapters.recorder import ProgramTarget, recorded
from quantos.charts.check import Finding, findings
from quantos.charts.documents import Recorded
from quantos.charts.pod_rules import pod_rules
from quantos.environment.load import load_environment
from quantos.environment.names import PROJECT
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import ChartsError
from stacks import capacity, foundation, platform_services

LAYER = "platform"
SIDE_BY_SIDE = 2


def manifests(environment: str, folder: Path) -> None:
    """Write the platform layer of `environment` to `folder`, which must be new or empty."""
    settings = _settings(environment)
    recording = record(settings)
    written = write_manifests(recording, folder, stack=settings.names().stack(LAYER))
    counted = f"{len(recording.releases)} releases, {len(recording.objects)} objects"
    out.print(
        f"{settings.names().stack(LAYER)}: {counted}, {len(written)} files in {folder}", markup=False, soft_wrap=True
    )


def check(environments: Sequence[str], charts: Path | None) -> None:
    """Print what is wrong in `environments`, or in every one. Raises Exit(1) where anything is refused."""
    if charts is None:
        raise ChartsError("no folder of charts is given", remedy=f"give --charts DIR, or set {CHARTS_VARIABLE}")
    folder = ChartsFolder(charts)
    names = environments or environment_names()
    refused = False
    for settings, recording in _recordings([_settings(name) for name in names]):
        judged = list(
            findings(
                recording, folder, render=rendered, pod_rules=pod_rules(settings, today=datetime.now(tz=UTC).date())
            )
        )
        refused = _print_findings(settings, recording, judged) or refused
    if refused:
        raise typer.Exit(1)


def record(settings: EnvironmentSettings) -> Recorded:
    """What the platform layer of an environment installs on Kubernetes. Raises ChartsError."""
    names = settings.names()
    place = ProgramTarget(
        project=PROJECT,
        stack=names.stack(LAYER),
        account_id=settings.account_id,
        region=settings.region,
        domain=settings.platform.domain,
    )
    sizes = floors_document(settings, stack=names.stack("capacity"))
    below = {
        names.qualified_stack("foundation"): partial(foundation.program, settings),
        names.qualified_stack("capacity"): partial(capacity.program, settings, sizes),
    }
    return recorded(partial(platform_services.program, settings), place, below=below)


def _recordings(chosen: Sequence[EnvironmentSettings]) -> list[tuple[EnvironmentSettings, Recorded]]:
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as threads:
        return list(zip(chosen, threads.map(record, chosen), strict=True))


def _print_findings(settings: EnvironmentSettings, recording: Recorded, judged: Sequence[Finding]) -> bool:
    """Print what was found; whether any of it refuses."""
    colours = {"refused": "red", "advised": "yellow", "unjudged": "dim"}
    for each in judged:
        word = each.complaint.verdict
        err.print(f"[{colours[word]}]{word}[/] ", end="")
        err.print(f"{settings.name}: {each}", markup=False, highlight=False, soft_wrap=True)
    refused = [each for each in judged if each.complaint.verdict == "refused"]
    counted = f"{len(recording.releases)} releases, {len(recording.objects)} objects, {len(refused)} complaints"
    out.print(f"{settings.name}: {counted}", markup=False)
    return bool(refused)


def _settings(environment: str) -> EnvironmentSettings:
    return load_environment(environment, root=ENVIRONMENTS, catalog=load_catalog())

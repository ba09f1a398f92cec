"""`quantos manifests` and `quantos charts check`: what the platform layer installs, without a cluster or an account."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import typer

from cli.console import err, out
from cli.places import CHARTS_VARIABLE, ENVIRONMENTS, environment_names
from quantos.capacity.adapters.s3_plans import floors_document
from quantos.catalog.catalog import load_catalog
from quantos.charts.adapters.folder import ChartsFolder
from quantos.charts.adapters.helm import Helm
from quantos.charts.adapters.manifests import write_manifests
from quantos.charts.adapters.recorder import ProgramTarget, recorded
from quantos.charts.check import Finding, Judged, judged, of_link
from quantos.charts.documents import Recorded
from quantos.charts.installation import Installation, installation
from quantos.charts.links.exceptions import sorted_out, stale
from quantos.charts.pod_rules import idle_exemptions, pod_rules
from quantos.charts.surroundings import surroundings
from quantos.charts.unread import Others, unread_values
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


def check(environments: Sequence[str], charts: Path | None, *, verbose: bool = False) -> None:
    """Print what is wrong in `environments`, or in every one; advice one by one only where it is `verbose`.

    Raises Exit(1) where anything is refused.
    """
    if charts is None:
        raise ChartsError("no folder of charts is given", remedy=f"give --charts DIR, or set {CHARTS_VARIABLE}")
    folder = ChartsFolder(charts)
    names = environments or environment_names()
    verdicts: dict[str, Judged] = {}
    for settings, recording in _recordings([_settings(name) for name in names]):
        verdict = judged(
            recording,
            folder,
            renderer=_helm(settings),
            pod_rules=pod_rules(settings, today=datetime.now(tz=UTC).date()),
            surroundings=surroundings(settings, grants=recording.grants),
        )
        findings = (*verdict.findings, *_idle_exemptions(settings, verdict.installed))
        verdicts[settings.name] = replace(verdict, findings=findings)
        _print(settings.name, findings, verbose=verbose)
        counted = f"{len(recording.releases)} releases, {len(recording.objects)} objects"
        _print_counts(settings.name, counted, findings)
        _print_left_out(settings.name, recording, verdict.installed)
    together = _together(verdicts, folder, others=partial(_others, names=names, folder=folder))
    if any(each.installed.rendered for each in verdicts.values()):
        _print("all", together, verbose=verbose)
        _print_counts("all", f"{len(verdicts)} environments", together)
    if any(_refusals(each) for each in (together, *(verdict.findings for verdict in verdicts.values()))):
        raise typer.Exit(1)


def _idle_exemptions(settings: EnvironmentSettings, installed: Installation) -> list[Finding]:
    """What an environment need not exempt, as far as all its charts were rendered."""
    manifests = [each.manifest for each in installed.objects if each.release]
    return [of_link(each) for each in idle_exemptions(settings, manifests)] if installed.whole else []


def _others(releases: frozenset[str], *, names: Sequence[str], folder: ChartsFolder) -> dict[str, Installation]:
    """Some releases in the environments that are not among `names`."""
    chosen = [_settings(name) for name in environment_names() if name not in names]
    return {
        settings.name: installation(
            replace(recording, releases=tuple(each for each in recording.releases if each.called in releases)),
            folder,
            _helm(settings),
        )
        for settings, recording in _recordings(chosen)
    }


def _helm(settings: EnvironmentSettings) -> Helm:
    return Helm(kubernetes_version=f"{settings.cluster.kubernetes_version}.0")


def _together(verdicts: Mapping[str, Judged], folder: ChartsFolder, *, others: Others) -> list[Finding]:
    """What only all environments together tell: values that nobody reads, exceptions that nobody needs."""
    asked = {name: each.installed for name, each in verdicts.items()}
    unread, needed = sorted_out(unread_values(asked, folder, others=others))
    needed = needed.union(*(each.exceptions for each in verdicts.values()))
    all_judged = set(verdicts) >= set(environment_names()) and all(each.installed.whole for each in verdicts.values())
    return [of_link(each) for each in (*unread, *(stale(needed) if all_judged else ()))]


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


def _refusals(findings: Iterable[Finding]) -> list[Finding]:
    return [each for each in findings if each.complaint.verdict == "refused"]


def _print_counts(whose: str, counted: str, findings: Sequence[Finding]) -> None:
    by_kind = Counter(each.kind for each in _refusals(findings))
    listed = f" ({', '.join(f'{kind} {count}' for kind, count in sorted(by_kind.items()))})" if by_kind else ""
    out.print(f"{whose}: {counted}, {by_kind.total()} complaints{listed}", markup=False, soft_wrap=True)


def _print_left_out(whose: str, recording: Recorded, installed: Installation) -> None:
    if not installed.whole:
        links = "were followed as far as they lead" if installed.failures else "were not followed"
        counted = f"{len(installed.rendered)} of {len(recording.releases)} releases rendered"
        out.print(f"{whose}: {counted}: links {links}", markup=False, soft_wrap=True)


def _print(whose: str, findings: Sequence[Finding], *, verbose: bool) -> None:
    """Findings, kind by kind: of advice a count and an example of each rule and release, unless all is wanted."""
    colours = {"refused": "red", "advised": "yellow", "unjudged": "dim"}
    alike = Counter(map(_rule, findings))
    for each in sorted(findings, key=lambda each: each.kind):
        more = "" if verbose else _more(alike.pop(_rule(each), 0))
        if more is None:
            continue
        word = each.complaint.verdict
        err.print(f"[{colours[word]}]{word}[/] ", end="")
        err.print(f"{whose}: {each.kind}: {each}{more}", markup=False, highlight=False, soft_wrap=True)


def _rule(finding: Finding) -> tuple[str, ...]:
    """What findings of one line have in common: what is refused has a line each."""
    if finding.complaint.verdict != "advised":
        return (finding.kind, str(finding))
    return (finding.kind, finding.where.partition(": ")[0], finding.complaint.path)


def _more(count: int) -> str | None:
    """How many more there are like the one that is printed; None where one was printed."""
    if count > 1:
        return f" (and {count - 1} more like it: --verbose)"
    return "" if count else None


def _settings(environment: str) -> EnvironmentSettings:
    return load_environment(environment, root=ENVIRONMENTS, catalog=load_catalog())

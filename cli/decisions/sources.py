"""`quantos sources`: who tells of demand, and goodbyes for those that cannot say them."""

from collections.abc import Iterable
from datetime import UTC, datetime

import boto3

from cli.console import out
from cli.recorded import Change, recorded
from cli.target import Target, open_target
from quantos.capacity.adapters.s3_plans import PlansBucket, S3StrategyRegistry
from quantos.capacity.demand.listed_sources import ListedSource, listed_sources
from quantos.contracts.demand import DemandSample
from quantos.errors import SettingsError
from quantos.telemetry.adapters.composition import compose_history
from quantos.telemetry.windows.demand_windows import DemandWindows


def show(environment: str) -> None:
    """Print every source, one a line."""
    listed = _listed(open_target(environment), at=datetime.now(tz=UTC))
    for listed_source in listed:
        out.print(f"{listed_source.strategy}: {listed_source.sentence}", markup=False)
    if not listed:
        out.print("no strategy's series has told anything within the history that decisions look at")


def retire(environment: str, *, series: str, source: str) -> None:
    """Say goodbye for a source, and record who did. Raises SettingsError where no strategy's series has it."""
    target, now = open_target(environment), datetime.now(tz=UTC).replace(microsecond=0)
    known = [
        listed_source
        for listed_source in _listed(target, at=now)
        if listed_source.series == series and listed_source.last is not None
    ]
    if source not in {listed_source.source.name for listed_source in known}:
        raise SettingsError(f"{series} has no source {source} in {environment}", remedy=_remedy(environment, known))
    if any(listed_source.declared for listed_source in known if listed_source.source.name == source):
        raise SettingsError(
            f"{source} is declared by a strategy on {series}, and would be expected again",
            remedy="take it out of the strategy's `sources` and apply the strategies first",
        )
    goodbye = DemandSample(series=series, time=now, source=source, value=0, goodbye=True)
    change = Change(kind="source", subject=environment, body={"series": series, "retired": source})
    with recorded(target, change):
        compose_history(target.settings).add([goodbye])
    out.print(
        f"{source} of {series} is retired: the next decision neither misses it nor holds anything for it", markup=False
    )


def _listed(target: Target, *, at: datetime) -> list[ListedSource]:
    client = boto3.client("s3", region_name=target.settings.region)
    book = S3StrategyRegistry(PlansBucket(client, target.settings.names().bucket("plans"))).read()
    windows = DemandWindows(compose_history(target.settings))
    return list(listed_sources(book, windows, target.settings.decisions, at=at))


def _remedy(environment: str, known: Iterable[ListedSource]) -> str:
    names = sorted({listed_source.source.name for listed_source in known})
    return f"its sources are {', '.join(names)}" if names else f"see `quantos sources list {environment}`"

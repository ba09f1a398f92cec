"""`quantos pools`: the shapes of an environment's pools, which people own."""

import difflib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from cli.console import err, out
from cli.places import ENVIRONMENTS
from cli.target import Target, open_target
from quantos.allocation.shapes.environment_edit import edited
from quantos.allocation.shapes.proposal import PoolChange, PoolNeed, Proposal, propose
from quantos.audit.adapters.composition import compose_ledger
from quantos.audit.adapters.direct import DirectAudit
from quantos.capacity.adapters.decisions import compose_decisions
from quantos.capacity.adapters.s3_plans import S3PlanArchive, S3StrategyRegistry
from quantos.capacity.adapters.stores import compose_bucket, compose_plan_ledger
from quantos.capacity.planning.pool_needs import pool_needs
from quantos.capacity.pools.node_prices import node_prices
from quantos.contracts.plan import DecisionRequest, ScalingPlan
from quantos.environment.load import load_environment

CAUTION = (
    "vCPU of different types are taken as equal: measure units_per_vcpu on the new types, and change the file by pull "
    "request"
)


@dataclass(frozen=True)
class FileChange:
    """An environment file before and after."""

    path: Path
    before: str
    after: str

    def difference(self) -> str:
        """A unified difference; empty where nothing changes."""
        name = "/".join(self.path.parts[-3:])
        lines = (self.before.splitlines(keepends=True), self.after.splitlines(keepends=True))
        return "".join(difflib.unified_diff(*lines, fromfile=f"a/{name}", tofile=f"b/{name}"))


def propose_shapes(environment: str, *, catalog: str | None, peak: bool, as_json: bool, write: bool) -> None:
    """Print a proposal at the prices of region `catalog`, and with `write` change the environment file by it."""
    target = open_target(environment)
    book = S3StrategyRegistry(compose_bucket(target.settings)).read()
    needs = pool_needs(_plan(target), book, node_prices(target.settings, target.catalog), peak=peak)
    region = catalog or target.settings.region
    proposal = propose(target.settings, needs, target.catalog, region=region)
    change = _file_change(environment, proposal)
    if proposal.changes:
        _check(environment, change, target)
    if as_json:
        out.print_json(json.dumps(_document(environment, proposal, change, region=region)))
    else:
        _tell(proposal, change, needs, region=region)
    if write and proposal.changes:
        change.path.write_text(change.after, encoding="utf-8")
        err.print(f"written: {change.path}")


def _plan(target: Target) -> ScalingPlan:
    """The plan of this moment: the one that would be made, or where this bin is decided, the one that was applied."""
    service = compose_decisions(
        target.settings, catalog=target.catalog, publisher=DirectAudit(compose_ledger(target.settings))
    )
    request = DecisionRequest(stack=target.capacity_stack, scheduled_time=datetime.now(tz=UTC))
    made = service.preview(request)
    if made is not None:
        return made
    document = compose_plan_ledger(target.settings).current().document
    return S3PlanArchive(compose_bucket(target.settings)).get(document.plan_id)


def _file_change(environment: str, proposal: Proposal) -> FileChange:
    path = ENVIRONMENTS / f"{environment}.yaml"
    before = path.read_text(encoding="utf-8")
    return FileChange(path, before, edited(before, {change.pool: _fields(change) for change in proposal.changes}))


def _fields(change: PoolChange) -> Mapping[str, int | tuple[str, ...]]:
    return {
        "instance_types": change.types_after,
        "floor_nodes": change.floor_nodes,
        "ceiling_nodes": change.ceiling_nodes,
    }


def _check(environment: str, change: FileChange, target: Target) -> None:
    """Read the changed file as every command would. Raises SettingsError where it breaks a rule of the files."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / change.path.name).write_text(change.after, encoding="utf-8")
        load_environment(environment, root=Path(folder), catalog=target.catalog)


def _tell(proposal: Proposal, change: FileChange, needs: Mapping[str, PoolNeed], *, region: str) -> None:
    compared = ", ".join(
        f"{pool} {need.nodes:.1f} nodes ({proposal.considered[pool]} shapes)" for pool, need in sorted(needs.items())
    )
    out.print(f"needs: {compared}; prices of {region}", markup=False)
    if not proposal.changes:
        out.print("no proposal: no allowed shape is cheaper than the present ones by enough to change them")
        return
    for item in proposal.changes:
        out.print(f"{item.pool}: saves {item.saving_usd_per_hour:.2f} USD/hour; {item.why}", markup=False)
    out.print(
        f"in all {proposal.saving_usd_per_hour:.2f} USD/hour, {proposal.saving_usd_per_hour * 730:.0f} USD a month"
    )
    out.print(CAUTION)
    out.print()
    out.print(change.difference(), markup=False, end="")


def _document(environment: str, proposal: Proposal, change: FileChange, *, region: str) -> dict[str, object]:
    return {
        "environment": environment,
        "prices_of": region,
        "saving_usd_per_hour": round(proposal.saving_usd_per_hour, 6),
        "considered": dict(proposal.considered),
        "changes": [
            asdict(item) | {"saving_usd_per_hour": round(item.saving_usd_per_hour, 6)} for item in proposal.changes
        ],
        "present": asdict(proposal.present),
        "best": asdict(proposal.best),
        "difference": change.difference(),
    }

"""Whether state, pointer, node groups, kill switch, chain and outcomes say the same, and nothing is left locked."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quantos.audit.adapters.composition import compose_auditor, compose_index, compose_store
from quantos.capacity.adapters.composition import compose_desk
from quantos.capacity.adapters.s3_plans import S3Outcomes
from quantos.capacity.adapters.stores import compose_bucket, compose_groups, compose_plan_ledger, compose_switches
from quantos.capacity.resize.ports import GroupSize, Switch
from quantos.capacity.resize.transaction import mismatches
from quantos.clock import utc_now
from quantos.contracts.plan import PlanDocument, ResizeOutcome, ScalingPlan
from quantos.deployment.stop_order import StopOrder
from quantos.environment.settings.environment import EnvironmentSettings

NODE_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
ENGINE_SECONDS: Final = 60


@dataclass(frozen=True)
class Witness:
    """What a check needs beside the account: who was told what, the plans given, and where the engine keeps state."""

    settings: EnvironmentSettings
    plans: Sequence[ScalingPlan]
    outcomes: Sequence[ResizeOutcome]
    switch: Switch
    state: Path
    project: Path
    variables: Mapping[str, str]


def disagreements(witness: Witness) -> Iterator[str]:
    """What does not agree, one sentence each."""
    sizes = compose_groups(witness.settings).sizes()
    entry = compose_plan_ledger(witness.settings).current()
    document = entry.document
    if entry.unsettled is not None:
        yield f"the pointer is still marked unsettled by plan {entry.unsettled.plan_id[:12]}"
    yield from _pointer(witness, document, sizes)
    yield from _engine_state(witness, document, sizes)
    yield from _outcomes(witness, document)
    yield from _chain(witness)
    yield from _locks(witness)
    switch = standing_switch(witness.settings)
    if switch != witness.switch:
        yield f"the kill switch is {switch} and was {witness.switch}"


def untrue(outcomes: Sequence[ResizeOutcome], settings: EnvironmentSettings) -> Iterator[str]:
    """Plans told as applied, just now, at whose sizes the node groups do not stand; no later plan makes that true."""
    sizes = compose_groups(settings).sizes()
    for outcome in outcomes:
        if outcome.status == "applied" and (wrong := mismatches(outcome.sizes, sizes)):
            yield f"plan {outcome.plan_id[:12]} was told applied while {'; '.join(wrong)}"


def _pointer(witness: Witness, document: PlanDocument, sizes: Mapping[str, GroupSize]) -> Iterator[str]:
    if document.plan_id not in {plan.plan_id for plan in witness.plans}:
        yield f"the pointer is at plan {document.plan_id[:12]}, none of those delivered"
    yield from (f"pointer and EKS: {phrase}" for phrase in mismatches(document.sizes, sizes))


def _engine_state(witness: Witness, document: PlanDocument, sizes: Mapping[str, GroupSize]) -> Iterator[str]:
    command = ["pulumi", "--non-interactive", "stack", "export", "--stack", _stack(witness)]
    done = subprocess.run(
        command,
        cwd=witness.project,
        env=dict(witness.variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=ENGINE_SECONDS,
    )
    if done.returncode != 0:
        yield f"the engine's state does not load: {done.stderr.strip()[-300:]}"
        return
    deployment = json.loads(done.stdout)["deployment"]
    if pending := deployment.get("pending_operations"):
        yield f"the engine's state has {len(pending)} operations pending"
    resources = deployment["resources"]
    stated_plan = str(resources[0]["outputs"].get("plan_id"))
    if stated_plan != document.plan_id:
        yield f"the stack's outputs are of plan {stated_plan[:12]}, the pointer {document.plan_id[:12]}"
    stated = {
        resource["inputs"]["tags"]["pool"]: resource["inputs"]["scalingConfig"]
        for resource in resources
        if resource["type"] == NODE_GROUP
    }
    for pool, size in sizes.items():
        limits = (stated.get(pool, {}).get("minSize"), stated.get(pool, {}).get("maxSize"))
        if limits != (size.minimum, size.maximum):
            yield f"state and EKS: {pool} is {limits} in the state and {(size.minimum, size.maximum)} in EKS"


def _outcomes(witness: Witness, document: PlanDocument) -> Iterator[str]:
    kept = S3Outcomes(compose_bucket(witness.settings)).get(document.plan_id)
    if kept is None or kept.status != "applied":
        yield f"plan {document.plan_id[:12]} stands, and kept of it is {kept.status if kept else 'nothing'}"
    last = {outcome.plan_id: outcome for outcome in witness.outcomes}
    for plan in witness.plans:
        outcome = last.get(plan.plan_id)
        if plan.plan_id == document.plan_id:
            if outcome is None or outcome.status != "applied":
                yield f"plan {plan.plan_id[:12]} stands, and was told {outcome.status if outcome else 'nothing'}"
            elif dict(outcome.sizes) not in ({}, dict(document.sizes)):
                yield f"plan {plan.plan_id[:12]} stands, and was told with other sizes"
        elif outcome is not None and outcome.status == "applied" and plan.sequence > document.sequence:
            yield f"plan {plan.plan_id[:12]} was told applied, and the pointer is before it"


def _chain(witness: Witness) -> Iterator[str]:
    store, chain = compose_store(witness.settings), witness.settings.names().audit_chain
    verdict = compose_auditor(witness.settings).verify()
    if not verdict.intact:
        yield verdict.sentence
    head = compose_index(witness.settings).head(chain)
    if head != verdict.head:
        yield f"the chain ends at link {verdict.head.sequence}, its index at {head.sequence}"
    record_ids = {link.record.record_id for link in store.links(chain) if link.record.kind == "outcome"}
    for outcome in witness.outcomes:
        if f"outcome/{outcome.plan_id}/{outcome.status}" not in record_ids:
            yield f"the outcome {outcome.status} of plan {outcome.plan_id[:12]} is not in the chain"
    if len(record_ids) > len({(outcome.plan_id, outcome.status) for outcome in witness.outcomes}):
        yield "the chain has an outcome that was never published"


def _locks(witness: Witness) -> Iterator[str]:
    for path in sorted((witness.state / ".pulumi" / "locks").rglob("*")):
        if path.is_file():
            yield f"a backend lock is left: {path.relative_to(witness.state)}"
    if not lease_is_free(witness.settings):
        yield "the lease is still held"


def standing_switch(settings: EnvironmentSettings) -> Switch:
    """The kill switch of the capacity stack."""
    return compose_switches(settings).read(settings.names().stack("capacity"))


def lease_is_free(settings: EnvironmentSettings) -> bool:
    """Whether the next holder gets the capacity stack's lease."""
    desk = compose_desk(settings, order=StopOrder(), clock=utc_now)
    with desk.hold(settings.names().stack("capacity"), name="sweep", sequence=0) as held:
        return held is not None


def _stack(witness: Witness) -> str:
    return witness.settings.names().stack("capacity")

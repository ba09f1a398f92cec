"""What teams may use of the pools, and what happens when they want more: Kueue's queues, as values and as objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

import pulumi

from components.kubernetes.base.namespace import NAME_LABEL

API_VERSION: Final = "kueue.x-k8s.io/v1beta2"
SPOT_SUFFIX: Final = "-spot"
SPOT_TAINT: Final = "quantos.io/spot"
DEFAULT_QUEUE: Final = "default"
MEMORY: Final = "memory"

PRIORITIES: Final[Mapping[str, tuple[int, str]]] = {
    "background": (-100, "research that may wait, and gives way to everything"),
    "standard": (0, "what is submitted without a priority of its own"),
    "urgent": (1000, "holds up trading or its risk if it waits"),
}


@dataclass(frozen=True, kw_only=True)
class Taint:
    """A node taint in Kubernetes's own words, effect `NoSchedule` and the like."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True, kw_only=True)
class Pool:
    """A node pool; `capacity` is what all its nodes offer jobs at full size: `cpu` in cores, `memory` in GiB, GPUs."""

    name: str
    labels: Mapping[str, str]
    taints: Sequence[Taint]
    capacity: Mapping[str, int]

    @property
    def kind(self) -> str:
        """What the pool is for, whether its nodes can be taken back or not: `cpu` of `cpu-spot`."""
        return self.name.removesuffix(SPOT_SUFFIX)


@dataclass(frozen=True, kw_only=True)
class Team:
    """A team, its fair share beside the others' weights, and the namespace of its jobs."""

    name: str
    weight: int
    namespace: str


@dataclass(frozen=True, kw_only=True)
class JobQueuesArgs:
    """A team borrows at most `borrowing_share`, from 0 to 1, of what the others have of a pool."""

    teams: Sequence[Team]
    pools: Sequence[Pool]
    borrowing_share: float


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A Kueue object; `body` is everything beside its kind and its metadata."""

    kind: str
    name: str
    body: Mapping[str, object]
    namespace: str | None = None


class JobQueues(pulumi.ComponentResource):
    """Flavours of nodes, a cohort of queues for each kind of pool, and a queue in each namespace of jobs.

    Guarded by the chart check, which holds them against their schemas, and by Kueue's own webhooks.
    """

    def __init__(self, name: str, args: JobQueuesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/scaling:JobQueues", name, {}, opts)
        for manifest in manifests(args):
            parts = (manifest.kind.lower(), manifest.namespace, manifest.name)
            place = {"namespace": manifest.namespace} if manifest.namespace else {}
            pulumi.CustomResource(
                # The SDK's own class for custom resources knows no fields beside `spec`, and a priority has others.
                f"kubernetes:{API_VERSION}:{manifest.kind}",
                "-".join(part for part in parts if part),
                {
                    "apiVersion": API_VERSION,
                    "kind": manifest.kind,
                    "metadata": {"name": manifest.name, **place},
                    **manifest.body,
                },
                pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def manifests(args: JobQueuesArgs) -> list[Manifest]:
    """Every object."""
    kinds = pool_kinds(args.pools)
    return [
        *(_flavour(pool) for pool in args.pools),
        *(Manifest(kind="Cohort", name=kind, body={"spec": {}}) for kind in kinds),
        *(_cluster_queue(team, kind, args=args) for kind in kinds for team in args.teams),
        *(_local_queue(team, queue, kind=kind) for team in args.teams for queue, kind in _queues(kinds).items()),
        *(
            Manifest(kind="WorkloadPriorityClass", name=name, body={"value": value, "description": meaning})
            for name, (value, meaning) in PRIORITIES.items()
        ),
    ]


def pool_kinds(pools: Sequence[Pool]) -> list[str]:
    """Kinds of pool, in the order of the environment's file; the first one is where jobs go that name no queue."""
    return list(dict.fromkeys(pool.kind for pool in pools))


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """Parts of `total` in proportion to `weights`, whole and adding up to it exactly."""
    whole = sum(weights)
    return [total * after // whole - total * before // whole for before, after in pairwise([0, *accumulate(weights)])]


def queue_name(team: str, kind: str) -> str:
    """Name of a team's ClusterQueue for a kind of pool."""
    return f"{team}-{kind}"


def _queues(kinds: Sequence[str]) -> dict[str, str]:
    """Kind of pool by name of a queue in a namespace of jobs."""
    return {DEFAULT_QUEUE: kinds[0], **{kind: kind for kind in kinds}}


def _flavour(pool: Pool) -> Manifest:
    """Jobs get the tolerations of the pool they were let into, save that of spot.

    That one a job states itself, and so says that it may be interrupted.
    """
    taints = [{"key": taint.key, "value": taint.value, "effect": taint.effect} for taint in pool.taints]
    tolerated = [{**taint, "operator": "Equal"} for taint in taints if taint["key"] != SPOT_TAINT]
    spec = {
        "nodeLabels": dict(pool.labels),
        **({"nodeTaints": taints} if taints else {}),
        **({"tolerations": tolerated} if tolerated else {}),
    }
    return Manifest(kind="ResourceFlavor", name=pool.name, body={"spec": spec})


def _cluster_queue(team: Team, kind: str, *, args: JobQueuesArgs) -> Manifest:
    """Spot comes first, for jobs that tolerate it; within a cohort a team gets back what others borrowed."""
    pools = sorted(
        (pool for pool in args.pools if pool.kind == kind), key=lambda pool: not pool.name.endswith(SPOT_SUFFIX)
    )
    covered = sorted({resource for pool in pools for resource in pool.capacity})
    spec = {
        "cohortName": kind,
        "namespaceSelector": {"matchLabels": {NAME_LABEL: team.namespace}},
        "queueingStrategy": "BestEffortFIFO",
        "resourceGroups": [
            {
                "coveredResources": covered,
                "flavors": [{"name": pool.name, "resources": _quotas(team, pool, args=args)} for pool in pools],
            }
        ],
        "preemption": {"withinClusterQueue": "LowerPriority", "reclaimWithinCohort": "Any"},
        "fairSharing": {"weight": str(team.weight)},
    }
    return Manifest(kind="ClusterQueue", name=queue_name(team.name, kind), body={"spec": spec})


def _quotas(team: Team, pool: Pool, *, args: JobQueuesArgs) -> list[dict[str, str]]:
    place = [other.name for other in args.teams].index(team.name)
    weights = [other.weight for other in args.teams]
    quotas: list[dict[str, str]] = []
    for resource, total in sorted(pool.capacity.items()):
        own = shares(total, weights)[place]
        unit = "Gi" if resource == MEMORY else ""
        quotas.append(
            {
                "name": resource,
                "nominalQuota": f"{own}{unit}",
                "borrowingLimit": f"{int((total - own) * args.borrowing_share)}{unit}",
            }
        )
    return quotas


def _local_queue(team: Team, name: str, *, kind: str) -> Manifest:
    body = {"spec": {"clusterQueue": queue_name(team.name, kind)}}
    return Manifest(kind="LocalQueue", name=name, body=body, namespace=team.namespace)

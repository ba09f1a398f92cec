"""The namespaces of the platform layer: what may run in each, and whom it reaches. Everything else is denied."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

PodSecurityLevel = Literal["restricted", "baseline", "privileged"]
JOBS_PREFIX = "jobs-"


@dataclass(frozen=True, kw_only=True)
class NamespaceSpec:
    """What a namespace allows.

    Attributes:
        level: Pod Security level; a weaker one than `restricted` says why in `reason`.
        reaches: namespaces that its pods may connect to; those let it in.
        asks_jobs: whether its pods connect to those of jobs, as operators do that ask how a job is.
        data: whether its pods reach the VPC, where S3, ECR, Kafka, Postgres and the cluster's API answer.
        ports: further ports in the VPC that its pods may connect to.
        name_servers: ports of the name servers that its pods may connect to beside that of names.
        webhooks: ports on which the cluster's API calls its pods.
        served: ports on which load balancers of the VPC call its pods.
        share: its part of the environment's quota, in shares; agents have theirs by the count of nodes.

    Raises:
        ValueError: a weaker level without a reason.
    """

    level: PodSecurityLevel = "restricted"
    reason: str = ""
    reaches: tuple[str, ...] = ()
    asks_jobs: bool = False
    data: bool = True
    ports: tuple[int, ...] = ()
    name_servers: tuple[int, ...] = ()
    webhooks: tuple[int, ...] = ()
    served: tuple[int, ...] = ()
    share: int = 1

    def __post_init__(self) -> None:
        if (self.level == "restricted") == bool(self.reason):
            raise ValueError("a level weaker than restricted, and only that, states its reason")


MONITORING = "monitoring"
AGENTS = "node-agents"
KUBELET = 10250
NODE_EXPORTER = 9100
NAME_SERVER_METRICS = 9153
BROKER_EXPORTERS = (11001, 11002)
"""JMX and node exporter of an MSK broker."""
VISIBILITY = 8082
"""Where Kueue says what waits, as an API that the cluster's own passes on to."""

SERVICES: Mapping[str, NamespaceSpec] = {
    "argo": NamespaceSpec(reaches=(MONITORING,), share=2),
    "argo-events": NamespaceSpec(reaches=("argo",)),
    "autoscaling": NamespaceSpec(),
    "bus": NamespaceSpec(share=6),
    "cert-manager": NamespaceSpec(webhooks=(10250,)),
    "clickhouse": NamespaceSpec(reaches=("bus",), share=4),
    "cost": NamespaceSpec(reaches=(MONITORING,)),
    "external-secrets": NamespaceSpec(reaches=("vault",), webhooks=(10250,)),
    "flight": NamespaceSpec(reaches=(MONITORING,), share=2),
    "flink": NamespaceSpec(reaches=("bus", MONITORING), asks_jobs=True, webhooks=(9443,), share=2),
    "gatekeeper-system": NamespaceSpec(webhooks=(8443,)),
    "harbor": NamespaceSpec(served=(8443,), share=2),
    "inference": NamespaceSpec(reaches=("registry", MONITORING), share=4),
    "ingress": NamespaceSpec(webhooks=(9443,)),
    "keda": NamespaceSpec(reaches=("bus", MONITORING), webhooks=(6443, 9443)),
    "kueue-system": NamespaceSpec(webhooks=(VISIBILITY, 8443, 9443)),
    "lineage": NamespaceSpec(
        level="baseline", reason="the chart of Marquez cannot be told of security contexts, which restricted asks for"
    ),
    "materialize": NamespaceSpec(reaches=("bus",), share=2),
    MONITORING: NamespaceSpec(
        ports=(KUBELET, NODE_EXPORTER, *BROKER_EXPORTERS),
        name_servers=(NAME_SERVER_METRICS,),
        webhooks=(10250,),
        share=4,
    ),
    AGENTS: NamespaceSpec(
        level="privileged",
        reason=(
            "the node exporter and the log collector read the node's own files, the CSI node plugin mounts,"
            " and the GPU device plugin speaks to the kubelet"
        ),
        reaches=(MONITORING,),
    ),
    "ray": NamespaceSpec(reaches=("inference", "registry", MONITORING), asks_jobs=True, share=4),
    "registry": NamespaceSpec(),
    "spark": NamespaceSpec(reaches=(MONITORING,), webhooks=(9443,), share=4),
    "storage": NamespaceSpec(),
    "trino": NamespaceSpec(reaches=("bus",), share=4),
    "vault": NamespaceSpec(),
}
"""Namespaces of services, by name."""

JOBS = NamespaceSpec(
    reaches=("argo", "bus", "flight", "inference", "lineage", MONITORING, "ray", "registry", "trino"), share=8
)
"""A namespace of a team's jobs: the submitted pods run here, so nothing in it is trusted."""


def namespaces(teams: tuple[str, ...]) -> dict[str, NamespaceSpec]:
    """Every namespace of an environment by name, a job namespace for each team included; monitoring reaches all."""
    jobs = tuple(job_namespace(team) for team in teams)
    services = {
        name: replace(spec, reaches=(*spec.reaches, *jobs)) if spec.asks_jobs else spec
        for name, spec in SERVICES.items()
    }
    known = {**services, **dict.fromkeys(jobs, JOBS)}
    watched = tuple(sorted(known.keys() - {MONITORING}))
    return {**known, MONITORING: replace(known[MONITORING], reaches=watched)}


def job_namespace(team: str) -> str:
    """Where the jobs of a team run."""
    return f"{JOBS_PREFIX}{team}"


def reached_by(name: str, known: Mapping[str, NamespaceSpec]) -> tuple[str, ...]:
    """Namespaces whose pods may connect to those of `name`."""
    return tuple(sorted(other for other, spec in known.items() if name in spec.reaches))

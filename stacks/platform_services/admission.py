"""What is let into the cluster: rules for every namespace, and the strict ones where submitted jobs run."""

from collections.abc import Mapping
from typing import Final

import pulumi

from components.kubernetes.security.admission_policy import AdmissionPolicy, AdmissionPolicyArgs
from components.kubernetes.security.admission_rule import AdmissionRule
from components.kubernetes.security.admission_rules import (
    CONTAINERS,
    DEFAULT_NAMESPACE,
    EXPOSURE,
    IMAGES,
    NAMESPACE_LABELS,
    TOKENS,
)
from components.kubernetes.security.gatekeeper import SYSTEM_NAMESPACES, Constraint, Gatekeeper, GatekeeperArgs
from quantos.environment.namespaces import JOBS_PREFIX, job_namespace
from quantos.environment.settings.environment import EnvironmentSettings
from stacks.platform_services.context import PlatformContext

NAMESPACE: Final = "gatekeeper-system"
DEFAULT: Final = "default"
POLICY_PREFIX: Final = "quantos-"
JOBS: Final = f"{JOBS_PREFIX}*"
LABELS: Final = ("quantos.io/owner", "quantos.io/cost-centre")
LOAD_BALANCER_CLASS: Final = "service.k8s.aws/nlb"
EXECUTOR: Final = "quay.io/argoproj/argoexec:v4.0.6"
"""What Argo Workflows adds to the pods of jobs, which its chart names by tag."""
PUBLIC_SOURCES: Final = (
    *(f"docker.redpanda.com/{name}/" for name in ("redpandadata",)),
    *(
        f"docker.io/{name}/"
        for name in (
            "altinity", "apache", "clickhouse", "goharbor", "grafana", "hashicorp", "kiwigrid", "library",
            "marquezproject", "materialize", "natsio", "nginxinc", "openpolicyagent", "otel", "prom", "rayproject",
            "redpandadata", "trinodb",
        )
    ),
    *(
        f"ghcr.io/{name}/"
        for name in (
            "apache", "external-secrets", "grafana", "jkroepke", "kedacore", "kubeflow", "open-telemetry", "opencost",
        )
    ),
    *(
        f"quay.io/{name}/"
        for name in ("argoproj", "jetstack", "kiwigrid", "kuberay", "prometheus", "prometheus-operator", "thanos")
    ),
    *(f"public.ecr.aws/{name}/" for name in ("csi-components", "ebs-csi-driver", "eks", "docker")),
    "registry.k8s.io/",
)  # fmt: skip
"""Who publishes the images of the pinned charts."""


def declare(place: PlatformContext, *, last: tuple[pulumi.Resource, ...]) -> None:
    """Declare the API server's own policies, and Gatekeeper, after all that `last` are: it judges what is put there."""
    settings = place.settings
    jobs = [job_namespace(team) for team in settings.platform.teams]
    for policy in policies(settings, labels=place.labels()):
        AdmissionPolicy(policy.policy_name.removeprefix(POLICY_PREFIX), policy, place.inside(*jobs))
    args = GatekeeperArgs(namespace=NAMESPACE, replicas=settings.platform.replicas, constraints=constraints(settings))
    Gatekeeper("gatekeeper", args, place.inside(NAMESPACE, after=last))


def policies(settings: EnvironmentSettings, *, labels: Mapping[str, str]) -> list[AdmissionPolicyArgs]:
    """What the API server itself refuses, with Gatekeeper up or down."""
    jobs = tuple(job_namespace(team) for team in settings.platform.teams)
    return [
        *(
            AdmissionPolicyArgs(
                policy_name=f"{POLICY_PREFIX}jobs-{name}",
                rule=rule,
                parameters=parameters,
                namespaces=jobs,
                labels=labels,
            )
            for name, (rule, parameters) in job_rules(settings).items()
        ),
        AdmissionPolicyArgs(
            policy_name=f"{POLICY_PREFIX}namespace-labels",
            rule=NAMESPACE_LABELS,
            parameters={"labels": list(LABELS)},
            excluded=(*SYSTEM_NAMESPACES, DEFAULT),
            labels=labels,
        ),
        AdmissionPolicyArgs(
            policy_name=f"{POLICY_PREFIX}default-namespace",
            rule=DEFAULT_NAMESPACE,
            parameters={},
            namespaces=(DEFAULT,),
            labels=labels,
        ),
    ]


def own_sources(settings: EnvironmentSettings) -> tuple[str, ...]:
    """The environment's own registries: what is pushed there was scanned."""
    return (
        f"{settings.account_id}.dkr.ecr.{settings.region}.amazonaws.com/",
        f"harbor.{settings.platform.domain}/",
    )


def job_rules(settings: EnvironmentSettings) -> dict[str, tuple[AdmissionRule, dict[str, object]]]:
    """What holds where submitted jobs run, with parameters: own images by digest, and nothing opened."""
    images: dict[str, object] = {"sources": list(own_sources(settings)), "digest": True, "tagged": [EXECUTOR]}
    return {
        "images": (IMAGES, images),
        "tokens": (TOKENS, {"accounts": ["default"]}),
        "containers": (CONTAINERS, {}),
        "exposure": (EXPOSURE, {"loadBalancerClass": LOAD_BALANCER_CLASS}),
    }


def constraints(settings: EnvironmentSettings) -> tuple[Constraint, ...]:
    """What Gatekeeper holds everywhere.

    Of services that write to their root, as some images must, the audit only keeps a list, and of what the API server's
    own policies refuse that of what was there before them.
    """
    sources = [*own_sources(settings), *PUBLIC_SOURCES]
    _, job_images = job_rules(settings)["images"]
    exposure = {"loadBalancerClass": LOAD_BALANCER_CLASS}
    return (
        Constraint(name="job-images", rule=IMAGES, parameters=job_images, namespaces=(JOBS,)),
        Constraint(
            name="service-images",
            rule=IMAGES,
            parameters={"sources": sources, "digest": False, "tagged": []},
            excluded=(JOBS,),
        ),
        Constraint(
            name="namespace-labels",
            rule=NAMESPACE_LABELS,
            parameters={"labels": list(LABELS)},
            excluded=(DEFAULT,),
            action="dryrun",
        ),
        Constraint(name="default-namespace", rule=DEFAULT_NAMESPACE, namespaces=(DEFAULT,), action="dryrun"),
        Constraint(name="tokens", rule=TOKENS, parameters={"accounts": ["default"]}),
        Constraint(name="job-containers", rule=CONTAINERS, namespaces=(JOBS,)),
        Constraint(name="service-containers", rule=CONTAINERS, excluded=(JOBS,), action="dryrun"),
        Constraint(name="exposure", rule=EXPOSURE, parameters=exposure, excluded=()),
    )

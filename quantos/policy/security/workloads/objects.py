"""What plain Kubernetes objects keep to: the pods of every kind, namespaces, rights and services."""

from collections.abc import Iterator
from functools import partial

from quantos.policy.controls import firm, kubernetes
from quantos.policy.rule import Control
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule
from quantos.policy.security.values import at, each, elements, text, texts, values
from quantos.policy.security.workloads.pod_templates import pods_in
from quantos.policy.security.workloads.pods import LET_OFF, POD_RULES, PodRule

EKS_BENCHMARK = "https://www.cisecurity.org/benchmark/kubernetes"
KUBERNETES_TYPES = ("kubernetes:*",)
NAMESPACE = "kubernetes:core/v1:Namespace"
ENFORCED = "pod-security.kubernetes.io/enforce"
REASON_ANNOTATION = "quantos.io/pod-security-reason"
INTERNAL_SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"


def cis_eks(text: str) -> Control:
    """A recommendation of the CIS Amazon EKS Benchmark."""
    return Control(text=f"CIS Amazon EKS Benchmark, {text}", link=EKS_BENCHMARK)


def _pods(resource: Resource, limits: SecurityLimits, *, rule: PodRule) -> Iterator[str]:
    for pod in pods_in(resource.properties):
        weaker = limits.weaker_namespaces.get(pod.namespace)
        if weaker is not None and rule.name in LET_OFF[weaker.level]:
            continue
        yield from rule.complaints(pod, limits.pod_registries)


def _weak_namespace(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    metadata = values(resource.properties, "metadata")
    name = text(metadata, "name") or resource.name
    level = text(values(metadata, "labels"), ENFORCED)
    if level == "restricted":
        return
    known = limits.weaker_namespaces.get(name)
    if known is None or known.level != level:
        yield f"namespace {name} enforces Pod Security {level or 'of no level'}, and the environment does not say why"
    elif text(values(metadata, "annotations"), REASON_ANNOTATION) != known.reason:
        yield f"namespace {name} enforces Pod Security {level} and does not carry the reason for it"


def _wide_role(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    for rule in each(resource.properties, "rules"):
        if "*" in texts(rule, "verbs"):
            about = ", ".join((*texts(rule, "resources"), *texts(rule, "nonResourceURLs")))
            yield f"{resource.name} allows every verb on {about}"
        elif "*" in texts(rule, "resources"):
            yield f"{resource.name} allows {', '.join(texts(rule, 'verbs'))} on every kind of object"


def _cluster_admin(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if text(resource.properties, "roleRef", "name") == "cluster-admin":
        who = ", ".join(text(subject, "name") for subject in each(resource.properties, "subjects"))
        yield f"{resource.name} makes {who or 'nobody'} an administrator of the cluster"


def _outside_service(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    kind = text(resource.properties, "spec", "type")
    annotations = values(resource.properties, "metadata", "annotations")
    if kind == "NodePort":
        yield f"{resource.name} opens a port on every node"
    if kind == "LoadBalancer" and text(annotations, INTERNAL_SCHEME) != "internal":
        yield f"{resource.name} asks for a load balancer that answers to the internet"
    if elements(resource.properties, "spec", "externalIPs"):
        yield f"{resource.name} takes addresses that are not the cluster's"


def _stored_secret(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    kept = [key for key in ("data", "stringData") if values(resource.properties, key)]
    if kept and at(resource.properties, "type") != "kubernetes.io/service-account-token":
        yield f"{resource.name} carries a secret's value, which the stack's state then holds"


KUBERNETES_RULES: tuple[ResourceRule, ...] = (
    *(
        ResourceRule(
            name=rule.name,
            description=rule.description,
            remedy=rule.remedy,
            control=rule.control,
            types=KUBERNETES_TYPES,
            complaints=partial(_pods, rule=rule),
        )
        for rule in POD_RULES
    ),
    ResourceRule(
        name="namespace-pod-security",
        description="Namespaces enforce Pod Security restricted, or the weaker level that the environment gives why.",
        remedy="label it restricted, or state level and reason in quantos/environment/namespaces.py",
        control=kubernetes("Pod Security Admission, enforced per namespace", page="pod-security-admission"),
        types=(NAMESPACE,),
        complaints=_weak_namespace,
    ),
    ResourceRule(
        name="role-named-rights",
        description="Roles in the cluster name the verbs and kinds of objects that they allow.",
        remedy="list verbs and resources",
        control=cis_eks("minimize wildcard use in Roles and ClusterRoles"),
        types=("kubernetes:rbac.authorization.k8s.io/v1:Role", "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"),
        complaints=_wide_role,
    ),
    ResourceRule(
        name="role-no-cluster-admin",
        description="Nobody is bound to cluster-admin.",
        remedy="bind a role with the rights that are needed; people come by access entries",
        control=cis_eks("ensure that the cluster-admin role is only used where required"),
        types=(
            "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
            "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
        ),
        complaints=_cluster_admin,
    ),
    ResourceRule(
        name="service-internal",
        description="Services answer inside the VPC only.",
        remedy=f"use ClusterIP, or a LoadBalancer with the annotation {INTERNAL_SCHEME}: internal",
        control=firm("nothing answers to the internet unsaid", section="exposure"),
        types=("kubernetes:core/v1:Service",),
        complaints=_outside_service,
    ),
    ResourceRule(
        name="secret-not-in-state",
        description="No secret's value passes through a program.",
        remedy="let External Secrets copy it from Secrets Manager or Vault",
        control=firm("no secret passes through a program", section="identities"),
        types=("kubernetes:core/v1:Secret",),
        complaints=_stored_secret,
    ),
)

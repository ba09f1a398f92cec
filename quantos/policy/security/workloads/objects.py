"""What plain Kubernetes objects keep to: the pods of every kind, namespaces, rights and services."""

from collections.abc import Iterator
from functools import partial

from quantos.policy.controls import firm, kubernetes
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule
from quantos.policy.security.values import at, dotted, elements, text, values, walk
from quantos.policy.security.workloads.pod_templates import pods_in
from quantos.policy.security.workloads.pods import LET_OFF, POD_RULES, PodRule
from quantos.policy.security.workloads.rights import RIGHTS_RULES

KUBERNETES_TYPES = ("kubernetes:*",)
NAMESPACE = "kubernetes:core/v1:Namespace"
ENFORCED = "pod-security.kubernetes.io/enforce"
REASON_ANNOTATION = "quantos.io/pod-security-reason"
INGRESS_SCHEME = "alb.ingress.kubernetes.io/scheme"
INTERNAL_SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"


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


def _outside_service(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    kind = text(resource.properties, "spec", "type")
    annotations = values(resource.properties, "metadata", "annotations")
    if kind == "NodePort":
        yield f"{resource.name} opens a port on every node"
    if kind == "LoadBalancer" and text(annotations, INTERNAL_SCHEME) != "internal":
        yield f"{resource.name} asks for a load balancer that answers to the internet"
    if elements(resource.properties, "spec", "externalIPs"):
        yield f"{resource.name} takes addresses that are not the cluster's"


def _outside_ingress(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    """Without a word the controller makes it internal."""
    annotated = text(values(resource.properties, "metadata", "annotations"), INGRESS_SCHEME)
    scheme = annotated or text(resource.properties, "spec", "scheme")
    if scheme not in {"", "internal"}:
        yield f"{resource.name} asks for a load balancer that is {scheme}"


def _patched_pods(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    for path, value in walk(resource.properties):
        if path[-1:] == ("podSpecPatch",) and value:
            yield f"{resource.name} changes its pods by {dotted(path)}, after the rules have read them"


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
    *RIGHTS_RULES,
    ResourceRule(
        name="service-internal",
        description="Services answer inside the VPC only.",
        remedy=f"use ClusterIP, or a LoadBalancer with the annotation {INTERNAL_SCHEME}: internal",
        control=firm("nothing answers to the internet unsaid", section="exposure"),
        types=("kubernetes:core/v1:Service",),
        complaints=_outside_service,
    ),
    ResourceRule(
        name="ingress-internal",
        description="Ingresses answer inside the VPC only.",
        remedy=f"set the annotation {INGRESS_SCHEME}, or the class's spec.scheme, to internal",
        control=firm("nothing answers to the internet unsaid", section="exposure"),
        types=(
            "kubernetes:networking.k8s.io/v1:Ingress",
            "kubernetes:elbv2.k8s.aws/v1beta1:IngressClassParams",
        ),
        complaints=_outside_ingress,
    ),
    ResourceRule(
        name="workflow-pods-as-read",
        description="Workflows run the pods that they declare.",
        remedy="write what podSpecPatch changes into the template itself",
        control=firm("what runs is what was looked at", section="images"),
        types=("kubernetes:argoproj.io/*",),
        complaints=_patched_pods,
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

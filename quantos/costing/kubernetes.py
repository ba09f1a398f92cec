"""Kubernetes objects for which the cloud makes something: volumes, and load balancers of services.

What a chart's release makes cannot be seen in it. Its namespace's quota bounds it: no pod gets a volume beyond
`requests.storage`, no service a load balancer beyond `services.loadbalancers`. So a quota is priced as a ceiling, and
claims in its namespace are part of it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from quantos.costing.compute import Bounds, volume
from quantos.costing.network import load_balancer
from quantos.costing.resource import Resource
from quantos.costing.tariff import Entry, Pricer, Tariff
from quantos.errors import CostingError

INGRESS: Final = "kubernetes:networking.k8s.io/v1:Ingress"
QUOTA: Final = "kubernetes:core/v1:ResourceQuota"
STORAGE: Final = "requests.storage"
LOAD_BALANCERS: Final = "services.loadbalancers"
STORAGE_CLASS: Final = "kubernetes:storage.k8s.io/v1:StorageClass"
PLAIN_CLASSES: Final[Mapping[str, str]] = {"gp2": "gp2", "gp3": "gp3", "io2": "io2", "st1": "st1"}
"""Classes whose name is the kind of EBS volume they make, wherever the class itself is declared."""

AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T|)")
BYTES: Final[Mapping[str, float]] = {
    "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip


def _claim(claim: Resource, tariff: Tariff) -> Iterator[Entry]:
    if _bounded(claim, tariff, STORAGE) is None:
        yield from _volumes(claim, claim.part("spec"), tariff, count=1)


def _stateful_set(made: Resource, tariff: Tariff) -> Iterator[Entry]:
    spec = made.part("spec")
    if _bounded(made, tariff, STORAGE) is None:
        for template in spec.parts("volumeClaimTemplates"):
            yield from _volumes(made, template.part("spec"), tariff, count=spec.number("replicas", default=1))


def _service(service: Resource, tariff: Tariff) -> Iterator[Entry]:
    balanced = service.part("spec").properties.get("type") == "LoadBalancer"
    if balanced and _bounded(service, tariff, LOAD_BALANCERS) is None:
        yield from load_balancer(tariff, service, kind="nlb")


def _ingress(ingress: Resource, tariff: Tariff) -> Iterator[Entry]:
    """An application load balancer of its own, or the first of a group's the one that all of it shares."""
    group = _group(ingress)
    others = (other for other in tariff.resources.values() if other.type == INGRESS)
    if group is None or ingress.urn == min(other.urn for other in others if _group(other) == group):
        yield from load_balancer(tariff, ingress, kind="alb")


def _group(ingress: Resource) -> object:
    return ingress.part("metadata").part("annotations").properties.get("alb.ingress.kubernetes.io/group.name")


def _quota(quota: Resource, tariff: Tariff) -> Iterator[Entry]:
    hard = quota.part("spec").part("hard")
    if (storage := hard.properties.get(STORAGE)) is not None:
        gib = _gib(quota, storage)
        yield tariff.declared("ebs-gp3", gib, unit="GiB-month", floor=0, what="volumes up to the namespace's quota")
    for _ in range(int(hard.number(LOAD_BALANCERS, default=0))):
        yield from load_balancer(tariff, quota, kind="nlb")


def _bounded(owner: Resource, tariff: Tariff, what: str) -> Resource | None:
    """The quota that bounds something in the owner's namespace, where one is declared beside it."""
    namespace = owner.part("metadata").properties.get("namespace")
    for quota in tariff.resources.values():
        here = quota.type == QUOTA and quota.part("metadata").properties.get("namespace") == namespace
        if here and what in quota.part("spec").part("hard").properties:
            return quota
    return None


def _volumes(owner: Resource, spec: Resource, tariff: Tariff, *, count: float) -> Iterator[Entry]:
    kind = _kind(owner, spec.text("storageClassName"), tariff)
    gib = _gib(owner, spec.part("resources").part("requests").properties.get("storage"))
    yield from volume(tariff, owner.bare(), kind=kind, gib=gib, count=Bounds(count, count))


def _kind(owner: Resource, name: str, tariff: Tariff) -> str:
    """The kind of EBS volume a storage class makes: one declared in the stack, or called after the kind."""
    for made in tariff.resources.values():
        if made.type == STORAGE_CLASS and made.part("metadata").properties.get("name") == name:
            return made.part("parameters").text("type", default="gp3")
    if name not in PLAIN_CLASSES:
        raise CostingError(
            f"{owner.name} asks for volumes of storage class {name}, and nobody has said what these are",
            remedy="declare the class in the same stack, or call it after the kind of EBS volume it makes",
        )
    return PLAIN_CLASSES[name]


def _gib(owner: Resource, storage: object) -> float:
    match = AMOUNT.fullmatch(storage) if isinstance(storage, str) else None
    if match is None:
        raise owner.unreadable("resources.requests.storage", storage)
    return float(match[1]) * BYTES[match[2]] / 2**30


PRICERS: Final[Mapping[str, Pricer]] = {
    "kubernetes:core/v1:PersistentVolumeClaim": _claim,
    "kubernetes:apps/v1:StatefulSet": _stateful_set,
    "kubernetes:core/v1:Service": _service,
    INGRESS: _ingress,
    QUOTA: _quota,
}

"""Broken links that are right as they are, each with its reason. One that no environment has any more is refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from quantos.charts.links.broken import BrokenLink, Kind


@dataclass(frozen=True, kw_only=True)
class Exempt:
    """Links that need not hold: of a kind, by patterns of the object and of what it links to."""

    kind: Kind
    subject: str
    about: str = "*"
    reason: str

    def takes(self, link: BrokenLink) -> bool:
        """Whether a link is meant."""
        return (
            self.kind == link.kind and fnmatchcase(link.subject, self.subject) and fnmatchcase(link.about, self.about)
        )


EXEMPT: Final[tuple[Exempt, ...]] = (
    Exempt(
        kind="reference",
        subject="Deployment keda/keda-*",
        about="Secret keda/kedaorg-certs",
        reason="KEDA's operator makes the certificates of its other two parts when it starts, and they wait for them",
    ),
    Exempt(
        kind="reference",
        subject="RoleBinding kueue-system/kueue-prometheus-k8s",
        reason="the chart names the accounts of another stack; Prometheus here reads every namespace by its own role",
    ),
    Exempt(
        kind="reference",
        subject="StatefulSet monitoring/tempo",
        about="Service monitoring/tempo-headless",
        reason="the chart names a Service that it does not make; only names of single pods would need it",
    ),
    Exempt(
        kind="service",
        subject="Service storage/ebs-csi-node",
        about="no pods",
        reason="with the port for metrics the chart makes it beside the controller; `EbsCsiMonitor` measures the pods",
    ),
    Exempt(
        kind="monitor",
        subject="ServiceMonitor storage/ebs-csi-node",
        about="pods of *",
        reason="the chart makes it with the Service without pods of the same name; `EbsCsiMonitor` measures the pods",
    ),
    Exempt(
        kind="secret-reader",
        subject="ServiceAccount external-secrets/external-secrets",
        reason="it makes Secrets in every namespace and keeps them as their stores have them: that is its work",
    ),
    Exempt(
        kind="secret-reader",
        subject="ServiceAccount external-secrets/external-secrets-cert-controller",
        reason="it keeps the certificate of the operator's webhook, and the chart binds it in no smaller place",
    ),
    Exempt(
        kind="secret-reader",
        subject="ServiceAccount cert-manager/cert-manager*",
        reason="certificates and their keys are Secrets where they are asked for, and authorities are read from them",
    ),
    Exempt(
        kind="secret-reader",
        subject="ServiceAccount monitoring/metrics-operator",
        reason="monitors of any namespace may name a Secret, which it writes into Prometheus' configuration",
    ),
    Exempt(
        kind="secret-reader",
        subject="ServiceAccount gatekeeper-system/gatekeeper-admin",
        reason="constraints may be about any kind, and the chart states no fewer; none of ours is about Secrets",
    ),
    Exempt(
        kind="secret-reader",
        subject="ServiceAccount flink/flink-operator",
        about="jobs-*",
        reason="it makes the configuration of Flink's jobs in the namespaces of jobs, Secrets included",
    ),
    Exempt(
        kind="secret-reader",
        subject="ServiceAccount ray/kuberay-operator",
        about="[ij]*",
        reason="it makes Ray's clusters and their tokens in the namespaces of jobs and of inference",
    ),
    Exempt(
        kind="secret-reader",
        subject="ServiceAccount argo/argo-workflows-workflow-controller",
        reason="it stops containers of workflows by commands within them, and the chart grants that nowhere smaller",
    ),
    Exempt(
        kind="budget",
        subject="RayCluster ray/sample *",
        about="no budget",
        reason="workers of a batch cluster come and go by themselves, and Ray starts their tasks again",
    ),
)
"""The table."""


def sorted_out(
    links: Iterable[BrokenLink], table: Iterable[Exempt] = EXEMPT
) -> tuple[list[BrokenLink], frozenset[Exempt]]:
    """Links without those that are exempt, and the exceptions that were needed."""
    table = tuple(table)
    left: list[BrokenLink] = []
    needed: set[Exempt] = set()
    for each in links:
        taking = [exempt for exempt in table if exempt.takes(each)]
        needed.update(taking)
        if not taking:
            left.append(each)
    return left, frozenset(needed)


def stale(needed: Iterable[Exempt], table: Iterable[Exempt] = EXEMPT) -> list[BrokenLink]:
    """Exceptions that nothing needs any more."""
    known = frozenset(needed)
    return [
        BrokenLink(
            kind="exception",
            subject=f"{each.kind} {each.subject}",
            about=each.about,
            what="no environment needs this exception any more",
            remedy="take it out of quantos/charts/links/exceptions.py",
        )
        for each in table
        if each not in known
    ]

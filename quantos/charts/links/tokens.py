"""Pods that are handed a token of the account `default`, whose permissions nobody states."""

from collections.abc import Iterator

from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster
from quantos.charts.links.eks import WORKLOADS


def default_tokens(cluster: Cluster) -> Iterator[BrokenLink]:
    """Workloads that run as `default` with its token."""
    for each in cluster.workloads:
        if each in WORKLOADS or each.account != "default" or each.pod.get("automountServiceAccountToken") is False:
            continue
        account = cluster.get("ServiceAccount", each.namespace, "default")
        withheld = account is not None and account.get("automountServiceAccountToken") is False
        if withheld and each.pod.get("automountServiceAccountToken") is not True:
            continue
        yield BrokenLink(
            kind="token",
            subject=each.name,
            about="default",
            what="it runs as the account default, with a token of it",
            remedy="give it an account of its own, or no token on the namespace's account default",
        )

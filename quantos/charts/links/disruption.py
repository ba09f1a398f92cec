"""Disruption budgets: every replicated service has one, which lets a node be drained and keeps a quorum."""

from collections.abc import Iterator
from typing import Final

from quantos.charts.documents import Document, called, mapping, named
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster
from quantos.charts.links.eks import WORKLOADS
from quantos.charts.links.operated import operated_budgets
from quantos.charts.links.quantities import share
from quantos.charts.links.quorums import members_needed
from quantos.charts.links.selectors import selects
from quantos.charts.links.workloads import Workload
from quantos.errors import ChartsError

_ALONE: Final = "Pod"
"""A pod that nobody starts again: a drain deletes it, budget or none."""


def broken_budgets(cluster: Cluster) -> Iterator[BrokenLink]:
    """Replicated workloads without a budget or with several, and budgets that keep or allow the wrong number."""
    budgets = [*cluster.of("PodDisruptionBudget"), *operated_budgets(cluster.objects)]
    serving = [
        each
        for each in cluster.workloads
        if not (each.per_node or each.finite or each.manifest.get("kind") == _ALONE or each in WORKLOADS)
    ]
    for each in serving:
        own = [budget for budget in budgets if _governs(budget, each)]
        yield from _about_workload(each, own)
        yield from _about_quorum(each, cluster)
    for budget in budgets:
        governed = [each for each in serving if _governs(budget, each)]
        yield from _about_budget(budget, governed)


def _governs(budget: Document, workload: Workload) -> bool:
    inside = named(budget, "namespace") == workload.namespace
    return inside and selects(mapping(budget.get("spec")).get("selector"), workload.labels)


def _about_workload(workload: Workload, budgets: list[Document]) -> Iterator[BrokenLink]:
    if workload.replicas > 1 and not budgets:
        yield BrokenLink(
            kind="budget",
            subject=workload.name,
            about="no budget",
            what=f"its {workload.replicas} pods have no disruption budget, so a drain may stop all of them at once",
            remedy="have the chart or the program declare one with maxUnavailable: 1",
        )
    if len(budgets) > 1:
        names = ", ".join(sorted(named(each, "name") for each in budgets))
        yield BrokenLink(
            kind="budget",
            subject=workload.name,
            about="several budgets",
            what=f"{names} govern the same pods, and with several budgets no pod may be evicted at all",
            remedy="keep one of them",
        )


def _about_budget(budget: Document, governed: list[Workload]) -> Iterator[BrokenLink]:
    if not governed:
        yield BrokenLink(
            kind="budget",
            subject=called(budget),
            about="no pods",
            what="it governs no pods",
            remedy="correct its selector, or do without it",
        )
        return
    least = sum(each.least for each in governed)
    try:
        allowed = _allowed(mapping(budget.get("spec")), least)
    except ChartsError as error:
        yield BrokenLink(kind="budget", subject=called(budget), about="number", what=error.what, remedy=error.remedy)
        return
    if least and allowed < 1:
        yield BrokenLink(
            kind="budget",
            subject=called(budget),
            about="no disruption",
            what=f"of {least} pods it lets none go, so no node that has one of them is ever drained",
            remedy="state maxUnavailable: 1",
        )


def _allowed(spec: Document, pods: int) -> int:
    """How many pods may be gone: shares are rounded up, as Kubernetes rounds both. Raises ChartsError."""
    gone, left = spec.get("maxUnavailable"), spec.get("minAvailable")
    if gone is not None and left is not None:
        raise ChartsError("it states maxUnavailable and minAvailable, of which one rules out the other",
                          remedy="state maxUnavailable alone")  # fmt: skip
    if gone is not None:
        return share(gone, pods)
    return pods - share(1 if left is None else left, pods)


def _about_quorum(workload: Workload, cluster: Cluster) -> Iterator[BrokenLink]:
    needed = members_needed(workload, cluster)
    if workload.least > 1 and needed > workload.least - 1:
        yield BrokenLink(
            kind="budget",
            subject=workload.name,
            about="quorum",
            what=f"it works with {needed} of {workload.least} pods and no fewer, so one node down stops it",
            remedy="give it a pod more, or a smaller replication factor",
        )

"""How many pods of a service a drain of nodes may stop at a time, where its chart cannot say so."""

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s


def disruption_budget(
    name: str, *, namespace: str, budget_name: str, labels: Mapping[str, str], opts: pulumi.ResourceOptions
) -> k8s.policy.v1.PodDisruptionBudget:
    """At most one of the pods that carry `labels`; a single one holds up no drain."""
    return k8s.policy.v1.PodDisruptionBudget(
        f"{name}-{budget_name}",
        metadata=k8s.meta.v1.ObjectMetaArgs(name=budget_name, namespace=namespace),
        spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
            max_unavailable=1, selector=k8s.meta.v1.LabelSelectorArgs(match_labels=dict(labels))
        ),
        opts=opts,
    )

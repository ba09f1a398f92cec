"""A release of a pinned chart, installed whole or not at all."""

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.base.charts import Chart

INSTALL_SECONDS = 900
KEPT_REVISIONS = 5
REGISTRY = "oci://"


def release(
    name: str,
    chart: Chart,
    *,
    namespace: pulumi.Input[str],
    values: Mapping[str, object],
    opts: pulumi.ResourceOptions,
    release_name: str | None = None,
) -> k8s.helm.v3.Release:
    """Install `chart` as `release_name` (the chart's own name where None) into a namespace that is there already.

    A value of None takes out what the chart has by itself. A failed install or upgrade is rolled back. Policy packs
    cannot see into it: `quantos charts check` holds `values` against the chart, and Pod Security and admission policies
    judge its pods in the cluster.
    """
    packed = chart.repository.startswith(REGISTRY)
    return k8s.helm.v3.Release(
        name,
        name=release_name or chart.name,
        chart=f"{chart.repository}/{chart.name}" if packed else chart.name,
        version=chart.version,
        repository_opts=None if packed else k8s.helm.v3.RepositoryOptsArgs(repo=chart.repository),
        namespace=namespace,
        create_namespace=False,
        values=values,
        allow_null_values=True,
        atomic=True,
        cleanup_on_fail=True,
        timeout=INSTALL_SECONDS,
        max_history=KEPT_REVISIONS,
        opts=opts,
    )

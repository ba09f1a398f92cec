"""Where a configured provider's objects live: on a cluster, or in the sandbox's folder of manifests."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from sandbox.providers.account import Account
from sandbox.providers.eks_addresses import endpoint
from sandbox.providers.kubernetes.api_server import ApiServer
from sandbox.providers.kubernetes.cluster_objects import ClusterObjects
from sandbox.providers.kubernetes.configuration import Kubeconfig, ProviderSettings, stand_in_kubeconfig
from sandbox.providers.kubernetes.manifest_folder import ManifestFolder
from sandbox.providers.kubernetes.objects import Objects
from sandbox.providers.kubernetes.readiness import Waiting
from sandbox.providers.store import Store
from sandbox.providers.values import items, mapping, text

_EKS_HOST = re.compile(r"^https://[^/]+\.(?P<region>[a-z0-9-]+)\.eks\.amazonaws\.com/?$")


def place_of_objects(
    settings: ProviderSettings, *, waiting: Waiting, environment: Mapping[str, str] = os.environ
) -> Objects:
    """A cluster where the kubeconfig leads to one; the manifest folder where none is given.

    An EKS cluster of the sandbox has no control plane: its objects go to the cluster that QUANTOS_KUBECONFIG names,
    else to `@<cluster>` in the folder. No other kubeconfig than the provider's own is ever looked for.

    Raises:
        SandboxError: a kubeconfig cannot be used.
    """
    kubeconfig = settings.kubeconfig
    cluster = _cluster_of_the_sandbox(kubeconfig, environment) if kubeconfig is not None else ""
    if cluster:
        kubeconfig = stand_in_kubeconfig(environment)
    if kubeconfig is None:
        return ManifestFolder.from_environment(f"@{cluster}" if cluster else "", default_namespace=settings.namespace)
    return ClusterObjects(
        server=ApiServer.of(kubeconfig),
        default_namespace=settings.namespace,
        force_conflicts=settings.force_conflicts,
        upsert=settings.upsert,
        waiting=waiting,
    )


def _cluster_of_the_sandbox(kubeconfig: Kubeconfig, environment: Mapping[str, str]) -> str:
    """Name of the EKS cluster in moto that the kubeconfig leads to; empty where it leads elsewhere."""
    host = _EKS_HOST.match(kubeconfig.server)
    if host is None or not environment.get("AWS_ENDPOINT_URL"):
        return ""
    account = Account(host["region"], Store.from_environment())
    for name in items(account.call("eks", "list_clusters", {}).get("clusters")):
        cluster = mapping(account.call("eks", "describe_cluster", {"name": name}).get("cluster"))
        if endpoint(cluster).casefold() == kubeconfig.server.casefold():
            return text(name)
    return ""

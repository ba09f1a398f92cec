"""What every part of the platform layer shares: settings, the foundation's outputs, the cluster and its namespaces."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.aws.data.msk import IAM_PORT
from components.aws.network.vpc_endpoints import HTTPS
from components.kubernetes.base.namespace import Namespace, NamespaceArgs
from quantos.environment.conventions import POSTGRES_PORT
from quantos.environment.namespaces import NamespaceSpec, namespaces, reached_by
from quantos.environment.settings.environment import EnvironmentSettings
from stacks.platform_services.quotas import quota


@dataclass(frozen=True, kw_only=True)
class PlatformContext:
    """Where services are declared. `after` is what every service comes after."""

    settings: EnvironmentSettings
    foundation: pulumi.StackReference
    cluster: k8s.Provider
    namespaces: Mapping[str, Namespace]
    after: tuple[pulumi.Resource, ...] = ()

    def output(self, name: str) -> pulumi.Output[str]:
        """An output of the foundation layer."""
        return self.foundation.require_output(name)

    def labels(self) -> dict[str, str]:
        """The environment's tags as labels of Kubernetes objects."""
        return labels(self.settings)

    def inside(self, *names: str, after: tuple[pulumi.Resource, ...] = ()) -> pulumi.ResourceOptions:
        """Options of a component that lives in namespaces: it comes after them, what all need, and what it needs."""
        first = [*(self.namespaces[name] for name in names), *self.after, *after]
        return pulumi.ResourceOptions(providers=[self.cluster], depends_on=first)


def open_context(settings: EnvironmentSettings) -> PlatformContext:
    """Reach the foundation's cluster and declare every namespace of the environment."""
    foundation = pulumi.StackReference(settings.names().qualified_stack("foundation"))
    access = kubeconfig(settings, foundation)
    cluster = k8s.Provider("cluster", kubeconfig=access, enable_server_side_apply=True)
    taking_over = k8s.Provider(
        "cluster-defaults", kubeconfig=access, enable_server_side_apply=True, upsert_existing_objects=True
    )
    known = namespaces(tuple(settings.platform.teams))
    made = {name: _namespace(settings, name, known=known, providers=(cluster, taking_over)) for name in known}
    return PlatformContext(settings=settings, foundation=foundation, cluster=cluster, namespaces=made)


def labels(settings: EnvironmentSettings) -> dict[str, str]:
    """The environment's tags as labels of Kubernetes objects."""
    return {f"quantos.io/{key}": value for key, value in settings.tags().items()}


def kubeconfig(settings: EnvironmentSettings, foundation: pulumi.StackReference) -> pulumi.Output[str]:
    """How to reach the cluster as the caller of AWS; the token is asked of the AWS CLI at each use."""
    name, region = settings.names().cluster, settings.region
    version = "client.authentication.k8s.io/v1beta1"
    arguments = ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"]

    def document(endpoint: str, authority: str) -> str:
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": name,
                "clusters": [{"name": name, "cluster": {"server": endpoint, "certificate-authority-data": authority}}],
                "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
                "users": [
                    {"name": name, "user": {"exec": {"apiVersion": version, "command": "aws", "args": arguments}}}
                ],
            }
        )

    return pulumi.Output.all(
        foundation.require_output("cluster_endpoint"), foundation.require_output("cluster_certificate_authority")
    ).apply(lambda known: document(*known))


def _namespace(
    settings: EnvironmentSettings,
    name: str,
    *,
    known: Mapping[str, NamespaceSpec],
    providers: tuple[k8s.Provider, k8s.Provider],
) -> Namespace:
    """A namespace by the first provider; the second takes over what Kubernetes makes in it by itself."""
    spec = known[name]
    cluster, taking_over = providers
    args = NamespaceArgs(
        namespace=name,
        level=spec.level,
        reason=spec.reason,
        quota=quota(settings, name, spec=spec),
        reaches=spec.reaches,
        reached_by=reached_by(name, known),
        data_cidr=str(settings.network.cidr) if spec.data else None,
        data_ports=(HTTPS, IAM_PORT, POSTGRES_PORT, *spec.ports),
        name_server_ports=spec.name_servers,
        webhooks=(*spec.webhooks, *spec.served),
        api_cidr=str(settings.network.cidr),
        labels=labels(settings),
        taking_over=taking_over,
    )
    return Namespace(name, args, pulumi.ResourceOptions(providers=[cluster]))

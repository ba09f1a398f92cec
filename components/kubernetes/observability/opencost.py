"""OpenCost: what each namespace, team and pod costs, from what it asks for and uses."""

from dataclasses import dataclass

import pulumi

from components.kubernetes.base.charts import OPENCOST
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, POD_SECURITY_CONTEXT, resources
from components.kubernetes.base.release import release

NAME = "opencost"


@dataclass(frozen=True, kw_only=True)
class OpenCostArgs:
    """`prometheus_service` of `prometheus_namespace` holds the measurements."""

    namespace: str
    cluster_name: str
    prometheus_service: str
    prometheus_namespace: str
    prometheus_port: int


class OpenCost(pulumi.ComponentResource):
    """OpenCost's exporter; its numbers are looked at in Grafana, so its own pages are left out.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`.
    """

    def __init__(self, name: str, args: OpenCostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/observability:OpenCost", name, {}, opts)
        release(
            name,
            OPENCOST,
            namespace=args.namespace,
            values=values(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def values(args: OpenCostArgs) -> dict[str, object]:
    """Values of the chart."""
    return {
        "fullnameOverride": NAME,
        "clusterName": "cluster.local",
        "podSecurityContext": POD_SECURITY_CONTEXT,
        "opencost": {
            "exporter": {
                "defaultClusterId": args.cluster_name,
                "securityContext": CONTAINER_SECURITY_CONTEXT,
                "resources": resources(cpu="50m", memory="128Mi", memory_limit="1Gi"),
            },
            "prometheus": {
                "internal": {
                    "enabled": True,
                    "serviceName": args.prometheus_service,
                    "namespaceName": args.prometheus_namespace,
                    "port": args.prometheus_port,
                }
            },
            "metrics": {"serviceMonitor": {"enabled": True}},
            "ui": {"enabled": False},
            "mcp": {"enabled": False},
        },
    }

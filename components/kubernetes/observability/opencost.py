"""OpenCost: what each namespace, team and pod costs, from what it asks for and uses."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.base.charts import OPENCOST
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, POD_SECURITY_CONTEXT, resources
from components.kubernetes.base.release import release

NAME = "opencost"
PRICES = "opencost-prices"
PRICES_FOLDER = "/prices"
PRICES_FILE = "prices.csv"
SETTINGS_FOLDER = "/var/configs"


@dataclass(frozen=True, kw_only=True)
class Prices:
    """USD for an hour: of a node by the value of its label `pool_label`, of one without it, of a GiB by class of disk.

    OpenCost shares a node's price out between its cores, its memory and its GPUs.
    """

    pool_label: str
    node_usd: Mapping[str, float]
    other_node_usd: float
    gib_usd: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class OpenCostArgs:
    """`prometheus_service` of `prometheus_namespace` holds the measurements."""

    namespace: str
    cluster_name: str
    prometheus_service: str
    prometheus_namespace: str
    prometheus_port: int
    prices: Prices


class OpenCost(pulumi.ComponentResource):
    """OpenCost's exporter; its numbers are looked at in Grafana, so its own pages are left out.

    Its prices are ours: no pod reaches the list that AWS publishes.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`.
    """

    def __init__(self, name: str, args: OpenCostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/observability:OpenCost", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        prices = k8s.core.v1.ConfigMap(
            name,
            metadata={"name": PRICES, "namespace": args.namespace},
            data={PRICES_FILE: price_list(args.prices)},
            opts=child,
        )
        release(
            name,
            OPENCOST,
            namespace=args.namespace,
            values=values(args),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[prices])),
        )
        self.register_outputs({})


def price_list(prices: Prices) -> str:
    """The prices as OpenCost's CSV provider reads them, again each hour.

    Columns are its own: EndTimestamp, InstanceID, Region, AssetClass, InstanceIDField, InstanceType, MarketPriceHourly,
    Version. A region or type would match nodes before their pool does. A node without the label has an empty one.
    """
    nodes = {**prices.node_usd, "": prices.other_node_usd}
    pool = f"metadata.labels.{prices.pool_label}"
    return "".join((
        *(_row(each, asset="node", of=pool, usd=usd) for each, usd in nodes.items()),
        *(_row(each, asset="pv", of="spec.storageClassName", usd=usd) for each, usd in prices.gib_usd.items()),
    ))  # fmt: skip


def _row(identity: str, *, asset: str, of: str, usd: float) -> str:
    return f",{identity},,{asset},{of},,{usd:.9f},\n"


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
                "extraEnv": {
                    "USE_CUSTOM_PROVIDER": "true",
                    "USE_CSV_PROVIDER": "true",
                    "CSV_PATH": f"{PRICES_FOLDER}/{PRICES_FILE}",
                    "CONFIG_PATH": SETTINGS_FOLDER,
                },
                "extraVolumeMounts": [
                    {"name": "prices", "mountPath": PRICES_FOLDER, "readOnly": True},
                    {"name": "settings", "mountPath": SETTINGS_FOLDER},
                ],
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
        "extraVolumes": [
            {"name": "prices", "configMap": {"name": PRICES}},
            {"name": "settings", "emptyDir": {"sizeLimit": "16Mi"}},
        ],
    }

"""KEDA: consumers scaled by the lag of their topics."""

from dataclasses import dataclass

import pulumi

from components.kubernetes.base.charts import KEDA
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, POD_SECURITY_CONTEXT, resources
from components.kubernetes.base.layout import zone_spread
from components.kubernetes.base.release import release

SERVICE_ACCOUNT = "keda-operator"


@dataclass(frozen=True, kw_only=True)
class KedaArgs:
    """`replicas` of the operator, of which one leads; the metrics server and the webhooks have as many."""

    namespace: str
    cluster_name: str
    replicas: int


class Keda(pulumi.ComponentResource):
    """The operator, its metrics server and its webhooks.

    Outputs: `ready`, known once the release stands; scalers wait for it.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`.
    """

    ready: pulumi.Output[str]

    def __init__(self, name: str, args: KedaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/scaling:Keda", name, {}, opts)
        installed = release(
            name,
            KEDA,
            namespace=args.namespace,
            values=values(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.ready = installed.id
        self.register_outputs({"ready": self.ready})


def values(args: KedaArgs) -> dict[str, object]:
    """Values of the chart."""
    parts = ("operator", "metricServer", "webhooks")
    return {
        "clusterName": args.cluster_name,
        "operator": {"replicaCount": args.replicas},
        "metricsServer": {"replicaCount": args.replicas},
        "webhooks": {"enabled": True, "replicaCount": args.replicas, "failurePolicy": "Fail"},
        "podSecurityContext": dict.fromkeys(parts, POD_SECURITY_CONTEXT),
        "securityContext": dict.fromkeys(parts, CONTAINER_SECURITY_CONTEXT),
        "resources": {part: resources(cpu="100m", memory="256Mi", memory_limit="1Gi") for part in parts},
        "podDisruptionBudget": {part: {"maxUnavailable": 1} for part in parts},
        "topologySpreadConstraints": {
            part: zone_spread({"app": name})
            for part, name in {
                "operator": SERVICE_ACCOUNT,
                "metricsServer": f"{SERVICE_ACCOUNT}-metrics-apiserver",
                "webhooks": "keda-admission-webhooks",
            }.items()
        },
        # Deployments and StatefulSets are what is scaled: other kinds would come with reading every kind there is.
        "rbac": {"create": True, "enabledCustomScaledRefKinds": False},
        # Scalers log in by roles of AWS or not at all.
        "permissions": {part: {"restrict": {"secret": True}} for part in ("operator", "metricServer")},
        "serviceAccount": {"operator": {"create": True, "name": SERVICE_ACCOUNT}},
        "prometheus": {
            part: {"enabled": True, "serviceMonitor": {"enabled": True}}
            for part in ("operator", "metricServer", "webhooks")
        },
    }

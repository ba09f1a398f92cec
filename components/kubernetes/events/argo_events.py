"""Argo Events: an event bus in the cluster, from which workflows can be triggered."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.base.charts import ARGO_EVENTS
from components.kubernetes.base.disruption_budget import disruption_budget
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, POD_SECURITY_CONTEXT, resources
from components.kubernetes.base.layout import survives_drain, zone_spread
from components.kubernetes.base.release import release

BUS = "default"
BUS_REPLICAS = 3
MEMBERS = {"controller": "eventbus-controller", "eventbus-name": BUS}
NATS = "2.10.10"
MOST_MESSAGES = "1000000"
"""As text: a chart writes whole numbers of this size as `1e+06`, which the controller does not read."""


@dataclass(frozen=True, kw_only=True)
class ArgoEventsArgs:
    """`storage_class` and `storage_gib` are of each of the bus's three members; it needs three at any size."""

    namespace: str
    storage_class: str
    storage_gib: int
    replicas: int


class ArgoEvents(pulumi.ComponentResource):
    """The controller and, in its own namespace alone, the bus that event sources and sensors meet on.

    The controller judges these itself: the chart's webhook would read Secrets of the whole cluster.

    No source reads `orch.jobs`: its consumer is the dispatch function, and a second one would start every job twice.

    Outputs: `ready`, known once the release stands.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`.
    """

    ready: pulumi.Output[str]

    def __init__(self, name: str, args: ArgoEventsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/events:ArgoEvents", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        installed = release(name, ARGO_EVENTS, namespace=args.namespace, values=values(args), opts=child)
        k8s.apiextensions.CustomResource(
            f"{name}-bus",
            api_version="argoproj.io/v1alpha1",
            kind="EventBus",
            metadata={"name": BUS, "namespace": args.namespace},
            spec=bus(args),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[installed])),
        )
        disruption_budget(name, namespace=args.namespace, budget_name=f"eventbus-{BUS}", labels=MEMBERS, opts=child)
        self.ready = installed.id
        self.register_outputs({"ready": self.ready})


def values(args: ArgoEventsArgs) -> dict[str, object]:
    """Values of the chart."""
    return {
        "crds": {"install": True, "keep": True},
        "global": {"securityContext": POD_SECURITY_CONTEXT},
        "configs": {
            "jetstream": {
                "streamConfig": {"maxMsgs": MOST_MESSAGES},
                "versions": [
                    {
                        "version": NATS,
                        "natsImage": f"nats:{NATS}",
                        "metricsExporterImage": "natsio/prometheus-nats-exporter:0.14.0",
                        "configReloaderImage": "natsio/nats-server-config-reloader:0.14.0",
                        "startCommand": "/nats-server",
                    }
                ],
            }
        },
        "controller": {
            **_replicated("controller-manager", args.replicas),
            "rbac": {"namespaced": True},
            "metrics": {"enabled": True, "serviceMonitor": {"enabled": True}},
        },
    }


def _replicated(component: str, replicas: int) -> dict[str, object]:
    labels = {"app.kubernetes.io/instance": ARGO_EVENTS.name, "app.kubernetes.io/component": component}
    return {
        "replicas": replicas,
        "pdb": {"enabled": survives_drain(replicas), "minAvailable": 1},
        "topologySpreadConstraints": zone_spread(labels),
        "containerSecurityContext": CONTAINER_SECURITY_CONTEXT,
        "resources": resources(cpu="100m", memory="128Mi", memory_limit="512Mi"),
    }


def bus(args: ArgoEventsArgs) -> dict[str, object]:
    """The specification of the bus: three members with disks. It always speaks TLS."""
    container = {
        "securityContext": CONTAINER_SECURITY_CONTEXT,
        "resources": resources(cpu="100m", memory="256Mi", memory_limit="512Mi"),
    }
    return {
        "jetstream": {
            "version": NATS,
            "replicas": BUS_REPLICAS,
            "securityContext": POD_SECURITY_CONTEXT,
            "containerTemplate": container,
            "metricsContainerTemplate": container,
            "reloaderContainerTemplate": container,
            "persistence": {
                "accessMode": "ReadWriteOnce",
                "storageClassName": args.storage_class,
                "volumeSize": f"{args.storage_gib}Gi",
            },
            "affinity": {
                "podAntiAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {
                            "weight": 100,
                            "podAffinityTerm": {
                                "topologyKey": "topology.kubernetes.io/zone",
                                "labelSelector": {"matchLabels": MEMBERS},
                            },
                        }
                    ]
                }
            },
        }
    }

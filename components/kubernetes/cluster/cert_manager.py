"""cert-manager: certificates that services of the cluster ask for, renewed before they end."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.base.charts import CERT_MANAGER
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, POD_SECURITY_CONTEXT, resources
from components.kubernetes.base.layout import survives_drain, zone_spread
from components.kubernetes.base.release import release

PARTS: Final = ("webhook", "cainjector")


@dataclass(frozen=True, kw_only=True)
class CertManagerArgs:
    """`replicas` of the controller, of which one leads, of its webhook and of what injects its authority."""

    namespace: str
    replicas: int


class CertManager(pulumi.ComponentResource):
    """The controller with its kinds; those stay when the release goes, and the certificates with them.

    Outputs: `ready`, known once its webhook answers, so that certificates can be asked for.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`.
    """

    ready: pulumi.Output[str]

    def __init__(self, name: str, args: CertManagerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/cluster:CertManager", name, {}, opts)
        installed = release(
            name,
            CERT_MANAGER,
            namespace=args.namespace,
            values=values(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.ready = installed.id
        self.register_outputs({"ready": self.ready})


class CertManagerMonitor(pulumi.ComponentResource):
    """Has cert-manager measured. Apart from it, since what measures has its certificates from it.

    Guarded by the chart check, which holds its object against its schema.
    """

    def __init__(self, name: str, namespace: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/cluster:CertManagerMonitor", name, {}, opts)
        k8s.apiextensions.CustomResource(
            name,
            api_version="monitoring.coreos.com/v1",
            kind="PodMonitor",
            metadata={"name": "cert-manager", "namespace": namespace},
            spec={
                "selector": {"matchLabels": {"app.kubernetes.io/instance": "cert-manager"}},
                "podMetricsEndpoints": [{"port": "http-metrics"}],
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def values(args: CertManagerArgs) -> dict[str, object]:
    """Values of the chart."""
    return {
        "crds": {"enabled": True, "keep": True},
        "global": {
            "priorityClassName": "system-cluster-critical",
            "leaderElection": {"namespace": args.namespace},
        },
        **_part(args, "controller"),
        **{part: _part(args, part) for part in PARTS},
        "startupapicheck": {
            "enabled": True,
            "securityContext": POD_SECURITY_CONTEXT,
            "containerSecurityContext": CONTAINER_SECURITY_CONTEXT,
            "resources": resources(cpu="10m", memory="64Mi"),
        },
        # Measured by `CertManagerMonitor`: the kinds of monitors come after certificates.
        "prometheus": {"enabled": True, "servicemonitor": {"enabled": False}},
    }


def _part(args: CertManagerArgs, component: str) -> dict[str, object]:
    return {
        "replicaCount": args.replicas,
        "podDisruptionBudget": {"enabled": survives_drain(args.replicas)},
        "topologySpreadConstraints": zone_spread({"app.kubernetes.io/component": component}),
        "securityContext": POD_SECURITY_CONTEXT,
        "containerSecurityContext": CONTAINER_SECURITY_CONTEXT,
        "resources": resources(cpu="50m", memory="128Mi", memory_limit="512Mi"),
    }

"""The NVIDIA device plugin: it tells the kubelet of each node with GPUs how many there are, and hands them out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, agent_resources
from components.kubernetes.scaling.job_queues import Taint
from quantos.environment.node_agents import GPU_AGENTS, GPU_PLUGIN

SOCKETS = "/var/lib/kubelet/device-plugins"
NAME_LABEL = "app.kubernetes.io/name"


@dataclass(frozen=True, kw_only=True)
class GpuDevicePluginArgs:
    """`image` is NVIDIA's, by digest. It runs where the label `pool_label` names one of `pools`, whose `taints` it
    tolerates and no others.
    """

    namespace: str
    image: str
    pool_label: str
    pools: Sequence[str]
    taints: Sequence[Taint]
    labels: Mapping[str, str]


class GpuDevicePlugin(pulumi.ComponentResource):
    """A DaemonSet on nodes with GPUs, whose image brings driver and runtime but not the plugin.

    It is root, for the kubelet's sockets are root's, and may do nothing else: no capability, no token, nothing of the
    node but the folder of these sockets.

    Guarded by the security pack, since its objects are plain, and in the cluster by Pod Security `privileged`, the only
    level that lets a pod have a folder of its node.
    """

    def __init__(self, name: str, args: GpuDevicePluginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/compute:GpuDevicePlugin", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        metadata = {"name": GPU_PLUGIN, "namespace": args.namespace, "labels": {**args.labels, NAME_LABEL: GPU_PLUGIN}}
        account = k8s.core.v1.ServiceAccount(name, metadata=metadata, automount_service_account_token=False, opts=child)
        k8s.apiextensions.CustomResource(
            name,
            api_version="apps/v1",
            kind="DaemonSet",
            metadata=metadata,
            spec=daemon_set_spec(args),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[account])),
        )
        self.register_outputs({})


def daemon_set_spec(args: GpuDevicePluginArgs) -> dict[str, object]:
    """Specification of the DaemonSet."""
    wanted = {"key": args.pool_label, "operator": "In", "values": list(args.pools)}
    return {
        "selector": {"matchLabels": {NAME_LABEL: GPU_PLUGIN}},
        "template": {
            "metadata": {"labels": {**args.labels, NAME_LABEL: GPU_PLUGIN}},
            "spec": {
                "serviceAccountName": GPU_PLUGIN,
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "priorityClassName": "system-node-critical",
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [{"matchExpressions": [wanted]}]
                        }
                    }
                },
                "tolerations": [
                    {"key": taint.key, "operator": "Equal", "value": taint.value, "effect": taint.effect}
                    for taint in args.taints
                ],
                "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [_container(args)],
                "volumes": [{"name": "sockets", "hostPath": {"path": SOCKETS, "type": "Directory"}}],
            },
        },
    }


def _container(args: GpuDevicePluginArgs) -> dict[str, object]:
    return {
        "name": GPU_PLUGIN,
        "image": args.image,
        "resources": agent_resources(GPU_AGENTS[GPU_PLUGIN][GPU_PLUGIN], memory_limit="256Mi"),
        "securityContext": {**CONTAINER_SECURITY_CONTEXT, "runAsNonRoot": False, "runAsUser": 0},
        "volumeMounts": [{"name": "sockets", "mountPath": SOCKETS}],
    }

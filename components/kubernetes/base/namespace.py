"""A namespace and what holds in it from its first pod on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

POD_SECURITY = "pod-security.kubernetes.io"
REASON_ANNOTATION = "quantos.io/pod-security-reason"
NAME_LABEL = "kubernetes.io/metadata.name"
NAME_SERVERS = "kube-system"
DNS = 53
POD_IDENTITY_CIDR = "169.254.170.23/32"
POD_IDENTITY_PORT = 80
"""Where the EKS Pod Identity agent of a node hands out credentials.

Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
"""

API_CIDRS = ("10.100.0.1/32", "172.20.0.1/32")
API_PORT = 443
"""Where pods ask for the cluster's API: the first address of either range that EKS gives to services by itself.

A policy that is enforced at the pod, as the VPC CNI does, sees this address and not the API's own in the VPC.
Source: https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html
"""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """What all pods of a namespace may ask for together."""

    cpu: int
    memory_gib: int
    pods: int
    storage_gib: int


@dataclass(frozen=True, kw_only=True)
class NamespaceArgs:
    """`level` is a Pod Security level; where it is not `restricted`, `reason` says why.

    `reaches` and `reached_by` are namespaces; `data_cidr` is where data and registries answer, None where the
    namespace may not reach them, and `data_ports` on which ports. `name_server_ports` are further ports of the name
    servers. `webhooks` are ports that the API server calls, from `api_cidr`. `taking_over` is a provider that may take
    over what Kubernetes makes by itself: the namespace's account `default`.
    """

    namespace: str
    level: str
    reason: str
    quota: Quota
    reaches: Sequence[str]
    reached_by: Sequence[str]
    data_cidr: str | None
    data_ports: Sequence[int]
    name_server_ports: Sequence[int]
    webhooks: Sequence[int]
    api_cidr: str
    labels: Mapping[str, str]
    taking_over: pulumi.ProviderResource


class Namespace(pulumi.ComponentResource):
    """A namespace with a Pod Security level, everything denied but what is listed, a quota and limits.

    Its account `default`, which pods take that name none, hands them no token.

    Outputs: `namespace`, the name, known once all of this holds.

    Guarded by the security pack, since its objects are plain.
    """

    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/base:Namespace", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        made = k8s.core.v1.Namespace(
            name,
            metadata={
                "name": args.namespace,
                "labels": {**args.labels, **_pod_security(args.level)},
                "annotations": {REASON_ANNOTATION: args.reason} if args.reason else {},
            },
            opts=child,
        )
        inside = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[made]))
        guards: list[pulumi.CustomResource] = [
            *_policies(name, args, opts=inside),
            _quota(name, args, opts=inside),
            _limits(name, args, opts=inside),
            _account(name, args, opts=inside),
        ]
        self.namespace = pulumi.Output.all(made.metadata.name, *[guard.id for guard in guards]).apply(
            lambda parts: str(parts[0])
        )
        self.register_outputs({"namespace": self.namespace})


def _metadata(args: NamespaceArgs, name: str) -> k8s.meta.v1.ObjectMetaArgs:
    return k8s.meta.v1.ObjectMetaArgs(name=name, namespace=args.namespace, labels=dict(args.labels))


def _policies(name: str, args: NamespaceArgs, *, opts: pulumi.ResourceOptions) -> list[k8s.networking.v1.NetworkPolicy]:
    """Everything is denied, but what is allowed."""
    return [
        k8s.networking.v1.NetworkPolicy(
            f"{name}-default-deny",
            metadata=_metadata(args, "default-deny"),
            spec={"pod_selector": {}, "policy_types": ["Ingress", "Egress"]},
            opts=opts,
        ),
        k8s.networking.v1.NetworkPolicy(
            f"{name}-allowed",
            metadata=_metadata(args, "allowed"),
            spec=k8s.networking.v1.NetworkPolicySpecArgs(
                pod_selector=k8s.meta.v1.LabelSelectorArgs(),
                policy_types=["Ingress", "Egress"],
                ingress=_ingress(args),
                egress=_egress(args),
            ),
            opts=opts,
        ),
    ]


def _quota(name: str, args: NamespaceArgs, *, opts: pulumi.ResourceOptions) -> k8s.core.v1.ResourceQuota:
    return k8s.core.v1.ResourceQuota(
        name,
        metadata=_metadata(args, "quota"),
        spec={
            "hard": {
                "requests.cpu": str(args.quota.cpu),
                "requests.memory": f"{args.quota.memory_gib}Gi",
                "requests.storage": f"{args.quota.storage_gib}Gi",
                "pods": str(args.quota.pods),
            }
        },
        opts=opts,
    )


def _account(name: str, args: NamespaceArgs, *, opts: pulumi.ResourceOptions) -> k8s.core.v1.ServiceAccount:
    return k8s.core.v1.ServiceAccount(
        f"{name}-default",
        metadata=_metadata(args, "default"),
        automount_service_account_token=False,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(provider=args.taking_over)),
    )


def _limits(name: str, args: NamespaceArgs, *, opts: pulumi.ResourceOptions) -> k8s.core.v1.LimitRange:
    """What a container asks for that says nothing of it."""
    return k8s.core.v1.LimitRange(
        name,
        metadata=_metadata(args, "limits"),
        spec={
            "limits": [
                {
                    "type": "Container",
                    "default_request": {"cpu": "100m", "memory": "128Mi"},
                    "default": {"memory": "512Mi"},
                }
            ]
        },
        opts=opts,
    )


def _pod_security(level: str) -> dict[str, str]:
    """Enforced at `level`; what breaks `restricted` is told to whoever applies it, and audited, at any level."""
    return {
        f"{POD_SECURITY}/enforce": level,
        f"{POD_SECURITY}/warn": "restricted",
        f"{POD_SECURITY}/audit": "restricted",
    }


def _ingress(args: NamespaceArgs) -> list[k8s.networking.v1.NetworkPolicyIngressRuleArgs]:
    """Who may connect: the namespace itself, those that reach it, and the API server to its webhooks."""
    rule = k8s.networking.v1.NetworkPolicyIngressRuleArgs
    rules = [rule(from_=[_WITHIN, *_peers(args.reached_by)])]
    if args.webhooks:
        rules.append(rule(from_=[_block(args.api_cidr)], ports=_ports(args.webhooks)))
    return rules


def _egress(args: NamespaceArgs) -> list[k8s.networking.v1.NetworkPolicyEgressRuleArgs]:
    """Where pods may connect to: the name servers, the namespace itself, those it reaches, and data by port.

    Who reaches data also reaches the cluster's API and the agent that hands out credentials for AWS.
    """
    rule = k8s.networking.v1.NetworkPolicyEgressRuleArgs
    rules = [
        rule(
            to=_peers([NAME_SERVERS]),
            ports=[*_ports([DNS], protocol="UDP"), *_ports([DNS, *args.name_server_ports])],
        ),
        rule(to=[_WITHIN, *_peers(args.reaches)]),
    ]
    if args.data_cidr is not None:
        rules.append(rule(to=[_block(args.data_cidr)], ports=_ports(args.data_ports)))
        rules.append(rule(to=[_block(POD_IDENTITY_CIDR)], ports=_ports([POD_IDENTITY_PORT])))
        rules.append(rule(to=[_block(cidr) for cidr in API_CIDRS], ports=_ports([API_PORT])))
    return rules


_Peer = k8s.networking.v1.NetworkPolicyPeerArgs
_WITHIN = _Peer(pod_selector=k8s.meta.v1.LabelSelectorArgs())


def _peers(namespaces: Sequence[str]) -> list[_Peer]:
    return [
        _Peer(namespace_selector=k8s.meta.v1.LabelSelectorArgs(match_labels={NAME_LABEL: namespace}))
        for namespace in namespaces
    ]


def _block(cidr: str) -> _Peer:
    return _Peer(ip_block=k8s.networking.v1.IPBlockArgs(cidr=cidr))


def _ports(ports: Sequence[int], *, protocol: str = "TCP") -> list[k8s.networking.v1.NetworkPolicyPortArgs]:
    return [k8s.networking.v1.NetworkPolicyPortArgs(port=port, protocol=protocol) for port in ports]

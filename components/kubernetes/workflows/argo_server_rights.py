"""What Argo's server may do by itself: all that its chart grants, but reading the Secrets of the cluster."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

READING = ("get", "list", "watch")
KEPT = ("workflows", "workflowtemplates", "cronworkflows", "workfloweventbindings", "eventsources", "sensors")


@dataclass(frozen=True, kw_only=True)
class ServerRightsArgs:
    """`account` of `namespace` may read `secrets` there, all where none is named.

    People who sign on are given accounts of that namespace, whose tokens are secrets with names of their own.
    """

    namespace: str
    account: str
    secrets: Sequence[str] = ()


class ServerRights(pulumi.ComponentResource):
    """Roles of the server and their bindings. The chart's own would let it read every Secret of the cluster.

    Whoever asks the server does so with rights of their own.

    Guarded by the security pack, since its objects are plain.
    """

    def __init__(self, name: str, args: ServerRightsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/workflows:ServerRights", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        subjects = [{"kind": "ServiceAccount", "name": args.account, "namespace": args.namespace}]
        everywhere = {"name": args.account}
        within = {**everywhere, "namespace": args.namespace}
        k8s.rbac.v1.ClusterRole(name, metadata=everywhere, rules=cluster_rules(), opts=child)
        k8s.rbac.v1.ClusterRoleBinding(
            name, metadata=everywhere, role_ref=_refer("ClusterRole", args.account), subjects=subjects, opts=child
        )
        k8s.rbac.v1.Role(name, metadata=within, rules=own_rules(args), opts=child)
        k8s.rbac.v1.RoleBinding(
            name, metadata=within, role_ref=_refer("Role", args.account), subjects=subjects, opts=child
        )
        self.register_outputs({})


def _refer(kind: str, name: str) -> k8s.rbac.v1.RoleRefArgs:
    return k8s.rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind=kind, name=name)


def cluster_rules() -> list[k8s.rbac.v1.PolicyRuleArgs]:
    """Of every namespace: workflows and what they are made of, their pods and logs, and no Secret."""
    return [
        _rule("", "configmaps", "events", "serviceaccounts", verbs=READING),
        _rule("", "pods", verbs=(*READING, "delete")),
        _rule("", "pods/log", verbs=("get", "list")),
        _rule("", "events", verbs=("create", "patch")),
        _rule("argoproj.io", *KEPT, verbs=(*READING, "create", "update", "patch", "delete")),
        _rule("argoproj.io", "clusterworkflowtemplates", verbs=READING),
    ]


def own_rules(args: ServerRightsArgs) -> list[k8s.rbac.v1.PolicyRuleArgs]:
    """Of its own namespace: the secrets that it logs in with, and the key that it signs sessions with."""
    return [
        _rule("", "secrets", verbs=("get",), names=args.secrets),
        *([] if args.secrets else [_rule("", "secrets", verbs=("create",))]),
    ]


def _rule(group: str, *kinds: str, verbs: Sequence[str], names: Sequence[str] = ()) -> k8s.rbac.v1.PolicyRuleArgs:
    return k8s.rbac.v1.PolicyRuleArgs(
        api_groups=[group], resources=list(kinds), verbs=list(verbs), resource_names=list(names) or None
    )

"""External Secrets: copies of secrets kept elsewhere, each store within a scope of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi

from components.aws.eks.pod_identity import PodIdentity, PodIdentityArgs
from components.aws.iam.statements import Statement
from components.kubernetes.base.charts import EXTERNAL_SECRETS
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, POD_SECURITY_CONTEXT, resources
from components.kubernetes.base.layout import survives_drain, zone_spread
from components.kubernetes.base.release import release

SERVICE_ACCOUNT: Final = "external-secrets"


@dataclass(frozen=True, kw_only=True)
class ExternalSecretsArgs:
    """`store_roles` is a pattern of the ARNs of the roles that stores read with."""

    namespace: str
    cluster_name: str
    role_name: str
    store_roles: str
    replicas: int
    tags: Mapping[str, str]


class ExternalSecrets(pulumi.ComponentResource):
    """The operator. Its own role reads nothing: it takes the role of the store that is asked, and no other.

    Outputs: `role_arn`, of the operator, known once the release stands.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`; its role by the security pack.
    """

    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ExternalSecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/security:ExternalSecrets", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        identity = PodIdentity(
            name,
            PodIdentityArgs(
                role_name=args.role_name,
                cluster_name=args.cluster_name,
                namespace=args.namespace,
                service_account=SERVICE_ACCOUNT,
                statements=(take_store_roles(args.store_roles),),
                tags=args.tags,
            ),
            opts=child,
        )
        installed = release(
            name,
            EXTERNAL_SECRETS,
            namespace=args.namespace,
            values=values(args),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[identity])),
        )
        self.role_arn = pulumi.Output.all(identity.role_arn, installed.id).apply(lambda parts: str(parts[0]))
        self.register_outputs({"roleArn": self.role_arn})


def take_store_roles(pattern: str) -> Statement:
    """The tags of a Pod Identity session go along with it, and need leave to."""
    return Statement(sid="TakeRoleOfStore", actions=("sts:AssumeRole", "sts:TagSession"), resources=(pattern,))


def values(args: ExternalSecretsArgs) -> dict[str, object]:
    """Values of the chart.

    Its kinds are not handed to whoever may edit a namespace: a store names the role it reads with.
    """
    return {
        "installCRDs": True,
        "leaderElect": True,
        "rbac": {
            "create": True,
            "servicebindings": {"create": False},
            "aggregateToView": True,
            "aggregateToEdit": False,
            "aggregateToAdmin": False,
        },
        "serviceAccount": {"create": True, "name": SERVICE_ACCOUNT},
        **_part(args, EXTERNAL_SECRETS.name),
        "webhook": {**_part(args, "external-secrets-webhook"), "failurePolicy": "Fail"},
        "certController": _part(args, "external-secrets-cert-controller"),
        # Its monitor is declared apart, after the kinds of monitoring, whose own secrets come from here.
        "serviceMonitor": {"enabled": False},
    }


def _part(args: ExternalSecretsArgs, name: str) -> dict[str, object]:
    return {
        "replicaCount": args.replicas,
        "podDisruptionBudget": {"enabled": survives_drain(args.replicas)},
        "topologySpreadConstraints": zone_spread({"app.kubernetes.io/name": name}),
        "priorityClassName": "system-cluster-critical",
        "podSecurityContext": POD_SECURITY_CONTEXT,
        "securityContext": CONTAINER_SECURITY_CONTEXT,
        "resources": resources(cpu="20m", memory="128Mi", memory_limit="512Mi"),
        "metrics": {"service": {"enabled": True}},
    }

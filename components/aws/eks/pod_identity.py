"""The AWS role of one service account in the cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pulumi
import pulumi_aws as aws

from components.aws.iam.service_role import ServiceRole, ServiceRoleArgs
from components.aws.iam.statements import Statement, assume_role_document, policy_document

PODS = "pods.eks.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class PodIdentityArgs:
    """`managed_policies` maps a short key to the ARN of a policy that AWS keeps; `statements` are the role's own."""

    role_name: str
    cluster_name: pulumi.Input[str]
    namespace: str
    service_account: str
    tags: Mapping[str, str]
    statements: Sequence[Statement] | pulumi.Output[Sequence[Statement]] = ()
    managed_policies: Mapping[str, str] = field(default_factory=dict)


class PodIdentity(pulumi.ComponentResource):
    """A role that only the pods of one service account take, by EKS Pod Identity; no pod holds a key.

    Pods that were there before the association have no credentials: let them depend on this component.

    Outputs: `role_arn`, which waits for the association.

    Guarded by the security pack, since its objects are plain.
    """

    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: PodIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/eks:PodIdentity", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = ServiceRole(
            name,
            ServiceRoleArgs(
                role_name=args.role_name,
                trust_policy=pod_trust(namespace=args.namespace, service_account=args.service_account),
                managed_policies=args.managed_policies,
                policy=_own_policy(args.statements),
                tags=args.tags,
            ),
            opts=child,
        )
        association = aws.eks.PodIdentityAssociation(
            name,
            cluster_name=args.cluster_name,
            namespace=args.namespace,
            service_account=args.service_account,
            role_arn=role.arn,
            tags=args.tags,
            opts=child,
        )
        self.role_arn = association.role_arn
        self.register_outputs({"roleArn": self.role_arn})


class ServiceWithRole(Protocol):
    """The arguments of a service in the cluster whose pods take a role."""

    @property
    def role_name(self) -> str:
        """Name of the role."""
        ...

    @property
    def cluster_name(self) -> str:
        """The cluster that the service runs in."""
        ...

    @property
    def namespace(self) -> str:
        """Namespace of the service account."""
        ...

    @property
    def tags(self) -> Mapping[str, str]:
        """Tags of role and association."""
        ...


def with_role(
    name: str,
    service: ServiceWithRole,
    *,
    service_account: str,
    statements: Sequence[Statement] | pulumi.Output[Sequence[Statement]],
    opts: pulumi.ResourceOptions,
) -> pulumi.ResourceOptions:
    """Give the pods of a service its role; the answer are options for what starts them, which then comes after it."""
    identity = PodIdentity(
        name,
        PodIdentityArgs(
            role_name=service.role_name,
            cluster_name=service.cluster_name,
            namespace=service.namespace,
            service_account=service_account,
            statements=statements,
            tags=service.tags,
        ),
        opts=opts,
    )
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[identity]))


def pod_trust(*, namespace: str, service_account: str) -> str:
    """The trust policy of a role that EKS hands to the pods of one service account.

    The session tags that EKS sets name both, so that an association made for another account fails.
    Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
    """
    return assume_role_document(
        PODS,
        actions=("sts:AssumeRole", "sts:TagSession"),
        conditions={
            "aws:RequestTag/kubernetes-namespace": namespace,
            "aws:RequestTag/kubernetes-service-account": service_account,
        },
    )


def _own_policy(statements: Sequence[Statement] | pulumi.Output[Sequence[Statement]]) -> pulumi.Input[str] | None:
    if isinstance(statements, pulumi.Output):
        return statements.apply(policy_document)
    return policy_document(statements) if statements else None

"""A role that an AWS service takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class ServiceRoleArgs:
    """`managed_policies` maps a short key to the ARN of a policy that AWS keeps.

    `policy` is the role's own policy document; None where the managed ones say it all.
    """

    role_name: str
    trust_policy: str
    tags: Mapping[str, str]
    managed_policies: Mapping[str, str]
    policy: pulumi.Input[str] | None = None


class ServiceRole(pulumi.ComponentResource):
    """A role and what it may do.

    Outputs: `arn`; it waits for the policies, so that whoever is given it can act at once.

    Guarded by the security pack, since its objects are plain.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: ServiceRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/iam:ServiceRole", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(name, name=args.role_name, assume_role_policy=args.trust_policy, tags=args.tags, opts=child)
        grants: Sequence[pulumi.Output[str]] = [
            aws.iam.RolePolicyAttachment(f"{name}-{key}", role=role.name, policy_arn=arn, opts=child).id
            for key, arn in args.managed_policies.items()
        ]
        if args.policy is not None:
            own = aws.iam.RolePolicy(name, name="own", role=role.name, policy=args.policy, opts=child)
            grants = [*grants, own.id]
        self.arn = pulumi.Output.all(role.arn, *grants).apply(lambda parts: str(parts[0]))
        self.register_outputs({"arn": self.arn})

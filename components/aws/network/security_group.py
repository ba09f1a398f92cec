"""A security group whose rules are data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class PortRule:
    """TCP on one port, from or to a CIDR block, another group, a prefix list, or the group itself."""

    key: str
    description: str
    port: int
    cidr: str | None = None
    group_id: pulumi.Input[str] | None = None
    prefix_list_id: pulumi.Input[str] | None = None
    itself: bool = False


@dataclass(frozen=True, kw_only=True)
class SecurityGroupArgs:
    """`name` is the group's name in the VPC."""

    name: str
    description: str
    vpc_id: pulumi.Input[str]
    tags: Mapping[str, str]
    ingress: Sequence[PortRule] = ()
    egress: Sequence[PortRule] = ()


class SecurityGroup(pulumi.ComponentResource):
    """A group that lets through what its rules name and nothing else.

    Outputs: `group_id`.

    Guarded by the security pack, since its objects are plain.
    """

    group_id: pulumi.Output[str]

    def __init__(self, name: str, args: SecurityGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/network:SecurityGroup", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            name,
            name=args.name,
            description=args.description,
            vpc_id=args.vpc_id,
            tags={**args.tags, "Name": args.name},
            opts=child,
        )
        for rule in args.ingress:
            _let_in(f"{name}-in-{rule.key}", rule, group, tags=args.tags, opts=child)
        for rule in args.egress:
            _let_out(f"{name}-out-{rule.key}", rule, group, tags=args.tags, opts=child)
        self.group_id = group.id
        self.register_outputs({"groupId": self.group_id})


def _let_in(
    name: str,
    rule: PortRule,
    group: aws.ec2.SecurityGroup,
    *,
    tags: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> None:
    aws.vpc.SecurityGroupIngressRule(
        name,
        security_group_id=group.id,
        description=rule.description,
        ip_protocol="tcp",
        from_port=rule.port,
        to_port=rule.port,
        cidr_ipv4=rule.cidr,
        prefix_list_id=rule.prefix_list_id,
        referenced_security_group_id=group.id if rule.itself else rule.group_id,
        tags=tags,
        opts=opts,
    )


def _let_out(
    name: str,
    rule: PortRule,
    group: aws.ec2.SecurityGroup,
    *,
    tags: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> None:
    aws.vpc.SecurityGroupEgressRule(
        name,
        security_group_id=group.id,
        description=rule.description,
        ip_protocol="tcp",
        from_port=rule.port,
        to_port=rule.port,
        cidr_ipv4=rule.cidr,
        prefix_list_id=rule.prefix_list_id,
        referenced_security_group_id=group.id if rule.itself else rule.group_id,
        tags=tags,
        opts=opts,
    )

"""Private ways to the AWS services that nodes and functions call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.network.security_group import PortRule, SecurityGroup, SecurityGroupArgs

GATEWAY_SERVICES = ("s3", "dynamodb")
HTTPS = 443


@dataclass(frozen=True, kw_only=True)
class VpcEndpointsArgs:
    """`services` are the short names of interface endpoints, such as `ecr.api`; each costs by the hour and zone."""

    name: str
    region: str
    vpc_id: pulumi.Input[str]
    vpc_cidr: str
    subnet_ids: Sequence[pulumi.Input[str]]
    route_table_ids: Sequence[pulumi.Input[str]]
    services: Sequence[str]
    tags: Mapping[str, str]


class VpcEndpoints(pulumi.ComponentResource):
    """Gateway endpoints for S3 and DynamoDB, interface endpoints for what is named, reached from inside the VPC only.

    S3 may have both: then its names lead to addresses of the VPC, which is all that pods may reach.

    Outputs: `gateway_prefix_list_ids` by service, for egress rules.

    Guarded by the security and cost packs, since its objects are plain.
    """

    gateway_prefix_list_ids: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: VpcEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/network:VpcEndpoints", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        gateways = _gateways(name, args, opts=child)
        group = SecurityGroup(
            f"{name}-endpoints",
            SecurityGroupArgs(
                name=f"{args.name}-endpoints",
                description="Interface endpoints: HTTPS from inside the VPC",
                vpc_id=args.vpc_id,
                ingress=[PortRule(key="https", description="HTTPS from the VPC", port=HTTPS, cidr=args.vpc_cidr)],
                tags=args.tags,
            ),
            opts=child,
        )
        for service in args.services:
            _interface(name, args, service, group_id=group.group_id, opts=child)
        self.gateway_prefix_list_ids = {service: endpoint.prefix_list_id for service, endpoint in gateways.items()}
        self.register_outputs({"gatewayPrefixListIds": self.gateway_prefix_list_ids})


def _gateways(name: str, args: VpcEndpointsArgs, *, opts: pulumi.ResourceOptions) -> dict[str, aws.ec2.VpcEndpoint]:
    """By service, endpoints that cost nothing."""
    return {
        service: aws.ec2.VpcEndpoint(
            f"{name}-{service}",
            vpc_id=args.vpc_id,
            service_name=f"com.amazonaws.{args.region}.{service}",
            vpc_endpoint_type="Gateway",
            route_table_ids=args.route_table_ids,
            tags={**args.tags, "Name": f"{args.name}-{service}"},
            opts=opts,
        )
        for service in GATEWAY_SERVICES
    }


def _interface(
    name: str, args: VpcEndpointsArgs, service: str, *, group_id: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> None:
    aws.ec2.VpcEndpoint(
        f"{name}-{service}-interface" if service in GATEWAY_SERVICES else f"{name}-{service}",
        vpc_id=args.vpc_id,
        service_name=f"com.amazonaws.{args.region}.{service}",
        vpc_endpoint_type="Interface",
        subnet_ids=args.subnet_ids,
        security_group_ids=[group_id],
        private_dns_enabled=True,
        dns_options=_answered_everywhere() if service in GATEWAY_SERVICES else None,
        tags={**args.tags, "Name": f"{args.name}-{service}"},
        opts=opts,
    )


def _answered_everywhere() -> aws.ec2.VpcEndpointDnsOptionsArgs:
    """Beside a gateway, private names are otherwise answered to networks outside the VPC only."""
    return aws.ec2.VpcEndpointDnsOptionsArgs(
        dns_record_ip_type="ipv4", private_dns_only_for_inbound_resolver_endpoint=False
    )

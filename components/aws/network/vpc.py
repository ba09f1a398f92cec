"""The VPC: a public and a private subnet in each zone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.network.flow_log import FlowLog, FlowLogArgs
from components.aws.network.security_group import PortRule, SecurityGroup, SecurityGroupArgs
from components.aws.network.vpc_endpoints import HTTPS, VpcEndpoints, VpcEndpointsArgs

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class ZoneArgs:
    """One availability zone and the blocks of its subnets."""

    name: str
    public_cidr: str
    private_cidr: str


@dataclass(frozen=True, kw_only=True)
class VpcArgs:
    """`nat_per_zone` buys a NAT gateway in each zone; otherwise the first zone's serves all.

    `cluster_name` is what the subnets are tagged for, so that load balancers find them. `endpoint_services` are the
    AWS services reached privately, by short name; S3 and DynamoDB always are. `bus_port` and `database_port` are where
    Kafka and Postgres listen.
    """

    name: str
    account_id: str
    region: str
    cluster_name: str
    cidr: str
    zones: Sequence[ZoneArgs]
    nat_per_zone: bool
    bus_port: int
    database_port: int
    endpoint_services: Sequence[str]
    kms_key_arn: pulumi.Input[str]
    log_retention_days: int
    tags: Mapping[str, str]


class Vpc(pulumi.ComponentResource):
    """A VPC whose private subnets reach out through NAT and are reached by nobody.

    Its default security group is emptied, AWS services are reached by endpoints, and every connection is logged.

    Outputs: `vpc_id`; `public_subnet_ids` and `private_subnet_ids` by zone name; `function_group_id`, the security
    group of Lambda functions, who reach the endpoints, the bus and the database and are reached by nobody.

    Guarded by the security and cost packs, since its objects are plain.
    """

    vpc_id: pulumi.Output[str]
    public_subnet_ids: dict[str, pulumi.Output[str]]
    private_subnet_ids: dict[str, pulumi.Output[str]]
    function_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: VpcArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/network:Vpc", name, {}, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        vpc = aws.ec2.Vpc(
            name,
            cidr_block=args.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=self._tags(""),
            opts=self._child,
        )
        aws.ec2.DefaultSecurityGroup(f"{name}-default", vpc_id=vpc.id, tags=self._tags("-default"), opts=self._child)
        self.vpc_id = vpc.id
        self.public_subnet_ids = {zone.name: self._subnet(zone, public=True) for zone in args.zones}
        self.private_subnet_ids = {zone.name: self._subnet(zone, public=False) for zone in args.zones}
        self._public_routes()
        gateways = self._nat_gateways()
        tables = [
            self._private_routes(zone.name, gateways.get(zone.name, gateways[args.zones[0].name]))
            for zone in args.zones
        ]
        self.function_group_id = self._function_group(self._endpoints(tables)).group_id
        self._flow_log()
        self.register_outputs(
            {
                "vpcId": self.vpc_id,
                "publicSubnetIds": self.public_subnet_ids,
                "privateSubnetIds": self.private_subnet_ids,
                "functionGroupId": self.function_group_id,
            }
        )

    def _tags(self, suffix: str) -> dict[str, str]:
        return {**self._args.tags, "Name": f"{self._args.name}{suffix}"}

    def _subnet(self, zone: ZoneArgs, *, public: bool) -> pulumi.Output[str]:
        kind = "public" if public else "private"
        role = "elb" if public else "internal-elb"
        subnet = aws.ec2.Subnet(
            f"{self._name}-{kind}-{zone.name}",
            vpc_id=self.vpc_id,
            availability_zone=zone.name,
            cidr_block=zone.public_cidr if public else zone.private_cidr,
            map_public_ip_on_launch=False,
            tags={
                **self._tags(f"-{kind}-{zone.name}"),
                f"kubernetes.io/role/{role}": "1",
                f"kubernetes.io/cluster/{self._args.cluster_name}": "shared",
            },
            opts=self._child,
        )
        return subnet.id

    def _public_routes(self) -> None:
        gateway = aws.ec2.InternetGateway(self._name, vpc_id=self.vpc_id, tags=self._tags(""), opts=self._child)
        table = aws.ec2.RouteTable(
            f"{self._name}-public", vpc_id=self.vpc_id, tags=self._tags("-public"), opts=self._child
        )
        aws.ec2.Route(
            f"{self._name}-public",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=self._child,
        )
        self._associate("public", table.id, subnet_ids=self.public_subnet_ids)

    def _nat_gateways(self) -> dict[str, pulumi.Output[str]]:
        zones = self._args.zones if self._args.nat_per_zone else self._args.zones[:1]
        gateways: dict[str, pulumi.Output[str]] = {}
        for zone in zones:
            tags = self._tags(f"-nat-{zone.name}")
            address = aws.ec2.Eip(f"{self._name}-nat-{zone.name}", domain="vpc", tags=tags, opts=self._child)
            gateway = aws.ec2.NatGateway(
                f"{self._name}-nat-{zone.name}",
                subnet_id=self.public_subnet_ids[zone.name],
                allocation_id=address.allocation_id,
                tags=tags,
                opts=self._child,
            )
            gateways[zone.name] = gateway.id
        return gateways

    def _private_routes(self, zone: str, gateway_id: pulumi.Output[str]) -> pulumi.Output[str]:
        table = aws.ec2.RouteTable(
            f"{self._name}-private-{zone}",
            vpc_id=self.vpc_id,
            tags=self._tags(f"-private-{zone}"),
            opts=self._child,
        )
        aws.ec2.Route(
            f"{self._name}-private-{zone}",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            nat_gateway_id=gateway_id,
            opts=self._child,
        )
        self._associate("private", table.id, subnet_ids={zone: self.private_subnet_ids[zone]})
        return table.id

    def _associate(
        self, kind: str, table_id: pulumi.Output[str], *, subnet_ids: Mapping[str, pulumi.Output[str]]
    ) -> None:
        for zone, subnet_id in subnet_ids.items():
            aws.ec2.RouteTableAssociation(
                f"{self._name}-{kind}-{zone}", route_table_id=table_id, subnet_id=subnet_id, opts=self._child
            )

    def _endpoints(self, route_table_ids: Sequence[pulumi.Output[str]]) -> VpcEndpoints:
        return VpcEndpoints(
            self._name,
            VpcEndpointsArgs(
                name=self._args.name,
                region=self._args.region,
                vpc_id=self.vpc_id,
                vpc_cidr=self._args.cidr,
                subnet_ids=list(self.private_subnet_ids.values()),
                route_table_ids=route_table_ids,
                services=self._args.endpoint_services,
                tags=self._args.tags,
            ),
            opts=self._child,
        )

    def _function_group(self, endpoints: VpcEndpoints) -> SecurityGroup:
        args = self._args
        gateways = [
            PortRule(key=service, description=f"HTTPS to {service}", port=HTTPS, prefix_list_id=prefix_list_id)
            for service, prefix_list_id in endpoints.gateway_prefix_list_ids.items()
        ]
        return SecurityGroup(
            f"{self._name}-functions",
            SecurityGroupArgs(
                name=f"{args.name}-functions",
                description="Lambda functions: to Kafka and to the endpoints, from nowhere",
                vpc_id=self.vpc_id,
                egress=[
                    PortRule(key="kafka", description="Kafka", port=args.bus_port, cidr=args.cidr),
                    PortRule(key="postgres", description="Postgres", port=args.database_port, cidr=args.cidr),
                    PortRule(key="https", description="HTTPS to interface endpoints", port=HTTPS, cidr=args.cidr),
                    *gateways,
                ],
                tags=args.tags,
            ),
            opts=self._child,
        )

    def _flow_log(self) -> None:
        FlowLog(
            f"{self._name}-flow",
            FlowLogArgs(
                name=self._args.name,
                account_id=self._args.account_id,
                region=self._args.region,
                vpc_id=self.vpc_id,
                kms_key_arn=self._args.kms_key_arn,
                retention_days=self._args.log_retention_days,
                tags=self._args.tags,
            ),
            opts=self._child,
        )

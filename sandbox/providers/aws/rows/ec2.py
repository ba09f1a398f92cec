"""EC2: the network of an environment."""

from __future__ import annotations

from sandbox.providers.aws.api_object import ApiObject, Update
from sandbox.providers.aws.row import Change, Held, Row, Scene, Tagging
from sandbox.providers.values import Document, Json, items, mapping, text


def ec2_tags(resource_type: str) -> Tagging:
    """Tags of an EC2 object, given as tag specifications and answered with it."""
    return Tagging(
        member=f"TagSpecifications:{resource_type}",
        add="create_tags",
        remove="delete_tags",
        keys="",
        identity=("Resources", "{id}[]"),
        described="Tags",
    )


def _attribute(name: str, member: str) -> Update:
    def send(scene: Scene, change: Change) -> None:
        value = change.new.get(name)
        request: Document = {"VpcId": change.held.id, member: {"Value": bool(value)}}
        scene.account.call("ec2", "modify_vpc_attribute", request)

    return Update(names=frozenset({name}), settles=True, send=send)


def _first(answer: Document, member: str) -> Document:
    found = items(answer.get(member))
    return mapping(found[0]) if found else {}


def _vpc(scene: Scene, found: Document, held: Held) -> Document:
    del found
    filters: Json = [{"Name": "vpc-id", "Values": [held.id]}]
    query: Document = {"Filters": filters}
    call = scene.account.call
    switches: Document = {}
    for name, attribute in (("enableDnsHostnames", "enableDnsHostnames"), ("enableDnsSupport", "enableDnsSupport")):
        answer = call("ec2", "describe_vpc_attribute", {"VpcId": held.id, "Attribute": attribute})
        switches[name] = mapping(answer.get(attribute[0].upper() + attribute[1:])).get("Value")
    groups = call("ec2", "describe_security_groups", query)
    default_group = next(
        (mapping(group) for group in items(groups.get("SecurityGroups")) if mapping(group)["GroupName"] == "default"),
        {},
    )
    main_table: Json = [*items(filters), {"Name": "association.main", "Values": ["true"]}]
    table = _first(call("ec2", "describe_route_tables", {"Filters": main_table}), "RouteTables").get("RouteTableId")
    acl = _first(call("ec2", "describe_network_acls", query), "NetworkAcls").get("NetworkAclId")
    return {
        **switches,
        "defaultSecurityGroupId": default_group.get("GroupId"),
        "mainRouteTableId": table,
        "defaultRouteTableId": table,
        "defaultNetworkAclId": acl,
        "enableNetworkAddressUsageMetrics": False,
    }


VPC = Row(
    resource="aws:ec2/vpc:Vpc",
    replaces=frozenset({"cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength"}),
    kept=frozenset({"enableNetworkAddressUsageMetrics"}),
    handler=ApiObject(
        service="ec2",
        create_operation="create_vpc",
        read_operation="describe_vpcs",
        delete_operation="delete_vpc",
        identity={"VpcIds[]": "{id}"},
        delete_identity={"VpcId": "{id}"},
        id_at="Vpc.VpcId",
        at="Vpcs[0]",
        gone=frozenset({"InvalidVpcID.NotFound"}),
        tagging=ec2_tags("vpc"),
        present=_vpc,
        outputs={"arn": "arn:{partition}:ec2:{region}:{account}:vpc/{id}"},
        updates=(
            _attribute("enableDnsSupport", "EnableDnsSupport"),
            _attribute("enableDnsHostnames", "EnableDnsHostnames"),
        ),
    ),
)


def _public_addresses(scene: Scene, change: Change) -> None:
    request: Document = {
        "SubnetId": change.held.id,
        "MapPublicIpOnLaunch": {"Value": bool(change.new.get("mapPublicIpOnLaunch"))},
    }
    scene.account.call("ec2", "modify_subnet_attribute", request)


SUBNET = Row(
    resource="aws:ec2/subnet:Subnet",
    replaces=frozenset({"availabilityZone", "availabilityZoneId", "cidrBlock", "vpcId", "ipv6Native", "outpostArn"}),
    kept=frozenset({"enableResourceNameDnsARecordOnLaunch", "privateDnsHostnameTypeOnLaunch"}),
    handler=ApiObject(
        service="ec2",
        create_operation="create_subnet",
        read_operation="describe_subnets",
        delete_operation="delete_subnet",
        identity={"SubnetIds[]": "{id}"},
        delete_identity={"SubnetId": "{id}"},
        id_at="Subnet.SubnetId",
        at="Subnets[0]",
        gone=frozenset({"InvalidSubnetID.NotFound"}),
        tagging=ec2_tags("subnet"),
        outputs={"arn": "arn:{partition}:ec2:{region}:{account}:subnet/{id}"},
        present=lambda _, found, __: {"ownerId": text(found.get("OwnerId"))},
        updates=(Update(names=frozenset({"mapPublicIpOnLaunch"}), settles=True, send=_public_addresses),),
    ),
)

ROWS = (VPC, SUBNET)

"""EC2: ways out of a network."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_object import ApiObject, Update
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row
from sandbox.providers.aws.rows.ec2_tagging import ec2_tags
from sandbox.providers.values import Document, Json, at_path, items, text


def _attach(context: HandlerContext, change: Change) -> None:
    for vpc, operation in (
        (change.old.get("vpcId"), "detach_internet_gateway"),
        (change.new.get("vpcId"), "attach_internet_gateway"),
    ):
        if vpc:
            context.account.call("ec2", operation, {"InternetGatewayId": change.existing.id, "VpcId": vpc})


def _detach(context: HandlerContext, existing: ResourceState) -> None:
    vpc = existing.state.get("vpcId")
    if vpc:
        context.account.call("ec2", "detach_internet_gateway", {"InternetGatewayId": existing.id, "VpcId": vpc})


INTERNET_GATEWAY = Row(
    resource="aws:ec2/internetGateway:InternetGateway",
    handler=ApiObject(
        service="ec2",
        create_operation="create_internet_gateway",
        read_operation="describe_internet_gateways",
        delete_operation="delete_internet_gateway",
        identity={"InternetGatewayIds[]": "{id}"},
        delete_identity={"InternetGatewayId": "{id}"},
        id_at="InternetGateway.InternetGatewayId",
        at="InternetGateways[0]",
        gone=frozenset({"InvalidInternetGatewayID.NotFound", "Gateway.NotAttached"}),
        tagging=ec2_tags("internet-gateway"),
        outside=frozenset({"vpcId"}),
        present=lambda context, description, _: {
            "vpcId": at_path(description, "Attachments[0].VpcId"),
            "ownerId": context.account.account_id,
        },
        before_delete=_detach,
        outputs={"arn": "arn:{partition}:ec2:{region}:{account}:internet-gateway/{id}"},
        updates=(Update(names=frozenset({"vpcId"}), settles=True, send=_attach),),
    ),
)

EIP = Row(
    resource="aws:ec2/eip:Eip",
    replaces=frozenset({"address", "customerOwnedIpv4Pool", "domain", "networkBorderGroup", "publicIpv4Pool"}),
    differs="addresses are taken, never routed; associating an address here is refused",
    handler=ApiObject(
        service="ec2",
        create_operation="allocate_address",
        read_operation="describe_addresses",
        delete_operation="release_address",
        identity={"AllocationIds[]": "{id}"},
        delete_identity={"AllocationId": "{id}"},
        id_at="AllocationId",
        at="Addresses[0]",
        gone=frozenset({"InvalidAllocationID.NotFound", "InvalidAddressID.NotFound"}),
        constants={"Domain": "vpc"},
        tagging=ec2_tags("elastic-ip"),
        outside=frozenset({"associateWithPrivateIp", "instance", "networkInterface"}),
        present=lambda _, description, existing: {
            "allocationId": existing.id,
            "publicDns": f"ec2-{text(description.get('PublicIp')).replace('.', '-')}.compute-1.amazonaws.com",
        },
        outputs={"arn": "arn:{partition}:ec2:{region}:{account}:elastic-ip/{id}"},
    ),
)


def _nat(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    del context
    shown: Document = {
        "allocationId": at_path(description, "NatGatewayAddresses[0].AllocationId"),
        "associationId": at_path(description, "NatGatewayAddresses[0].AssociationId"),
        "networkInterfaceId": at_path(description, "NatGatewayAddresses[0].NetworkInterfaceId"),
        "privateIp": at_path(description, "NatGatewayAddresses[0].PrivateIp"),
        "publicIp": at_path(description, "NatGatewayAddresses[0].PublicIp"),
        "availabilityMode": "zonal",
        "connectivityType": description.get("ConnectivityType") or existing.state.get("connectivityType") or "public",
    }
    return shown


NAT_GATEWAY = Row(
    resource="aws:ec2/natGateway:NatGateway",
    replaces=frozenset(
        {
            "allocationId",
            "availabilityMode",
            "connectivityType",
            "privateIp",
            "subnetId",
            "vpcId",
        }
    ),
    differs="zonal only; there at once where AWS takes about two minutes",
    handler=ApiObject(
        service="ec2",
        create_operation="create_nat_gateway",
        read_operation="describe_nat_gateways",
        delete_operation="delete_nat_gateway",
        identity={"NatGatewayIds[]": "{id}"},
        delete_identity={"NatGatewayId": "{id}"},
        id_at="NatGateway.NatGatewayId",
        at="NatGateways[0]",
        gone=frozenset({"NatGatewayNotFound", "InvalidNatGatewayID.NotFound"}),
        absent=lambda description: text(description.get("State")) in {"deleted", "deleting"},
        tagging=ec2_tags("natgateway"),
        present=_nat,
    ),
)


def _endpoint(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    del existing
    shown: Document = {
        "securityGroupIds": [at_path(group, "GroupId") for group in items(description.get("Groups"))],
        "ownerId": context.account.account_id,
        "state": text(description.get("State")).lower(),
        "policy": description.get("PolicyDocument"),
    }
    service = text(description.get("ServiceName"))
    if description.get("VpcEndpointType") == "Gateway":
        filters: Document = {"Filters": [{"Name": "prefix-list-name", "Values": [service]}]}
        lists = context.account.call("ec2", "describe_managed_prefix_lists", filters)
        shown["prefixListId"] = at_path(lists, "PrefixLists[0].PrefixListId")
    return shown


def _modify_endpoint(context: HandlerContext, change: Change) -> None:
    request: Document = {"VpcEndpointId": change.existing.id}
    for name, member in (
        ("subnetIds", "SubnetIds"),
        ("routeTableIds", "RouteTableIds"),
        ("securityGroupIds", "SecurityGroupIds"),
    ):
        if name in change.names:
            old, new = items(change.old.get(name)), items(change.new.get(name))
            request[f"Add{member}"] = [part for part in new if part not in old]
            request[f"Remove{member}"] = [part for part in old if part not in new]
    for name, member in (("policy", "PolicyDocument"), ("privateDnsEnabled", "PrivateDnsEnabled")):
        if name in change.names and change.new.get(name) is not None:
            request[member] = change.new[name]
    context.account.call("ec2", "modify_vpc_endpoint", request)


def _of_a_service(context: HandlerContext, inputs: Mapping[str, Json], request: Document) -> Document:
    """EC2 makes endpoints of services that it lists, and moto of any name."""
    wanted, region = text(inputs.get("serviceName")), text(inputs.get("region"))
    page: Document = {}
    while wanted.startswith("com.amazonaws."):
        answer = context.account.call("ec2", "describe_vpc_endpoint_services", page, region=region)
        if wanted in items(answer.get("ServiceNames")):
            break
        if not answer.get("NextToken"):
            raise ApiError(
                service="ec2",
                operation="CreateVpcEndpoint",
                reason="InvalidServiceName",
                message=f"The Vpc Endpoint Service '{wanted}' does not exist",
            )
        page = {"NextToken": answer["NextToken"]}
    return request


VPC_ENDPOINT = Row(
    resource="aws:ec2/vpcEndpoint:VpcEndpoint",
    replaces=frozenset({"serviceName", "vpcEndpointType", "vpcId", "serviceRegion", "resourceConfigurationArn"}),
    kept=frozenset({"dnsOptions", "securityGroupIds", "ipAddressType", "policy"}),
    local=frozenset({"autoAccept"}),
    differs="routes and names nothing; services are those that moto lists",
    handler=ApiObject(
        service="ec2",
        create_operation="create_vpc_endpoint",
        read_operation="describe_vpc_endpoints",
        delete_operation="delete_vpc_endpoints",
        identity={"VpcEndpointIds[]": "{id}"},
        id_at="VpcEndpoint.VpcEndpointId",
        at="VpcEndpoints[0]",
        gone=frozenset({"InvalidVpcEndpointId.NotFound"}),
        absent=lambda description: text(description.get("State")) == "deleted",
        renames={"policy": "PolicyDocument"},
        tagging=ec2_tags("vpc-endpoint"),
        prepare=_of_a_service,
        present=_endpoint,
        outputs={"arn": "arn:{partition}:ec2:{region}:{account}:vpc-endpoint/{id}"},
        updates=(
            Update(
                names=frozenset({"subnetIds", "routeTableIds", "securityGroupIds", "policy", "privateDnsEnabled"}),
                send=_modify_endpoint,
            ),
        ),
    ),
)

ROWS = (INTERNET_GATEWAY, EIP, NAT_GATEWAY, VPC_ENDPOINT)

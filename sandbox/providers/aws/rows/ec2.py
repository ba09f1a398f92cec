"""EC2: the network of an environment."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.aws.api_object import ApiObject, Update
from sandbox.providers.aws.api_shapes import ApiRequest, Block
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row
from sandbox.providers.aws.rows.ec2_gateways import ROWS as GATEWAYS
from sandbox.providers.aws.rows.ec2_routing import ROWS as ROUTING
from sandbox.providers.aws.rows.ec2_security import ROWS as SECURITY
from sandbox.providers.aws.rows.ec2_security_rule import ROWS as SECURITY_RULES
from sandbox.providers.aws.rows.ec2_tagging import ec2_tags
from sandbox.providers.aws.tags import member_shape
from sandbox.providers.aws.translation import Decoding, Encoding
from sandbox.providers.values import Document, Json, items, mapping, text


def _attribute(name: str, member: str) -> Update:
    def send(context: HandlerContext, change: Change) -> None:
        value = change.new.get(name)
        request: Document = {"VpcId": change.existing.id, member: {"Value": bool(value)}}
        context.account.call("ec2", "modify_vpc_attribute", request)

    return Update(names=frozenset({name}), settles=True, send=send)


def _first(answer: Document, member: str) -> Document:
    members = items(answer.get(member))
    return mapping(members[0]) if members else {}


def _vpc(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    del description
    filters: Json = [{"Name": "vpc-id", "Values": [existing.id]}]
    query: Document = {"Filters": filters}
    call = context.account.call
    switches: Document = {}
    for name, attribute in (("enableDnsHostnames", "enableDnsHostnames"), ("enableDnsSupport", "enableDnsSupport")):
        answer = call("ec2", "describe_vpc_attribute", {"VpcId": existing.id, "Attribute": attribute})
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
    limits={"cidrBlock": Block(4, 16, 28)},
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


def _public_addresses(context: HandlerContext, change: Change) -> None:
    request: Document = {
        "SubnetId": change.existing.id,
        "MapPublicIpOnLaunch": {"Value": bool(change.new.get("mapPublicIpOnLaunch"))},
    }
    context.account.call("ec2", "modify_subnet_attribute", request)


SUBNET = Row(
    resource="aws:ec2/subnet:Subnet",
    replaces=frozenset({"availabilityZone", "availabilityZoneId", "cidrBlock", "vpcId", "ipv6Native", "outpostArn"}),
    kept=frozenset({"enableResourceNameDnsARecordOnLaunch", "privateDnsHostnameTypeOnLaunch"}),
    limits={"cidrBlock": Block(4, 16, 28)},
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
        present=lambda _, description, __: {"ownerId": text(description.get("OwnerId"))},
        updates=(Update(names=frozenset({"mapPublicIpOnLaunch"}), settles=True, send=_public_addresses),),
    ),
)


def _flow_log_request(context: HandlerContext, inputs: Mapping[str, Json], request: Document) -> Document:
    del context
    for name, kind in (("vpcId", "VPC"), ("subnetId", "Subnet"), ("eniId", "NetworkInterface")):
        if inputs.get(name):
            request |= {"ResourceType": kind, "ResourceIds": [inputs[name]]}
    if isinstance(inputs.get("logDestination"), str) and ":log-group:" in text(inputs["logDestination"]):
        group = text(inputs["logDestination"]).partition(":log-group:")[2].removesuffix(":*")
        request["LogGroupName"] = group
        request.pop("LogDestination", None)
    return request


def _flow_log(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    resource = text(description.get("ResourceId"))
    name = {"vpc": "vpcId", "subnet": "subnetId"}.get(resource.partition("-")[0], "eniId")
    shown: Document = {name: resource}
    if description.get("LogGroupName"):
        group = text(description["LogGroupName"])
        given = text(existing.state.get("logDestination"))
        arn = context.account.arn("logs", f"log-group:{group}")
        shown["logDestination"] = given if given.removesuffix(":*") == arn else arn
    return shown


FLOW_LOG = Row(
    resource="aws:ec2/flowLog:FlowLog",
    replaces=frozenset(
        {
            "destinationOptions",
            "eniId",
            "iamRoleArn",
            "logDestination",
            "logDestinationType",
            "logFormat",
            "maxAggregationInterval",
            "subnetId",
            "trafficType",
            "vpcId",
        }
    ),
    kept=frozenset({"destinationOptions"}),
    differs="no traffic is logged",
    handler=ApiObject(
        service="ec2",
        create_operation="create_flow_logs",
        read_operation="describe_flow_logs",
        delete_operation="delete_flow_logs",
        identity={"FlowLogIds[]": "{id}"},
        id_at="FlowLogIds[0]",
        at="FlowLogs[0]",
        gone=frozenset({"InvalidFlowLogId.NotFound"}),
        renames={"iamRoleArn": "DeliverLogsPermissionArn"},
        tagging=ec2_tags("vpc-flow-log"),
        handled=frozenset({"vpcId", "subnetId", "eniId"}),
        prepare=_flow_log_request,
        present=_flow_log,
        outputs={"arn": "arn:{partition}:ec2:{region}:{account}:vpc-flow-log/{id}"},
    ),
)


def _template_data(context: HandlerContext, inputs: Mapping[str, Json], request: Document) -> Document:
    shape = member_shape(context.account.input_shape("ec2", "create_launch_template"), "LaunchTemplateData")
    plain = {name: value for name, value in inputs.items() if name in _TEMPLATE_DATA}
    return request | {"LaunchTemplateData": Encoding(_TEMPLATE_RENAMES).request(plain, shape)}


_TEMPLATE_RENAMES = {
    "blockDeviceMappings": "BlockDeviceMappings",
    "vpcSecurityGroupIds": "SecurityGroupIds",
    "networkInterfaces.securityGroups": "Groups",
}
_TEMPLATE_DATA = frozenset(
    {
        "blockDeviceMappings",
        "ebsOptimized",
        "iamInstanceProfile",
        "imageId",
        "instanceType",
        "keyName",
        "metadataOptions",
        "monitoring",
        "networkInterfaces",
        "placement",
        "tagSpecifications",
        "userData",
        "vpcSecurityGroupIds",
    }
)
"""What the stand-in puts into a version of a launch template; the other settings are refused."""


class _LaunchTemplate(ApiObject):
    """A launch template: a change of its data is a new version."""

    def unmapped(self, context: HandlerContext, inputs: Mapping[str, Json]) -> list[str]:
        """Everything outside the settings above, and members of them that EC2 does not know."""
        shape = member_shape(context.account.input_shape("ec2", "create_launch_template"), "LaunchTemplateData")
        encoding = Encoding(_TEMPLATE_RENAMES)
        known = {"name", "tags", "region", "description", "updateDefaultVersion"}
        encoding.request({name: value for name, value in inputs.items() if name in _TEMPLATE_DATA}, shape)
        return [*encoding.unmapped, *(name for name in inputs if name not in known | _TEMPLATE_DATA)]


def _new_template_version(context: HandlerContext, change: Change) -> None:
    request: Document = {"LaunchTemplateId": change.existing.id}
    if change.new.get("description"):
        request["VersionDescription"] = change.new["description"]
    request = _template_data(context, change.new, request)
    answer = context.account.call("ec2", "create_launch_template_version", request)
    if change.new.get("updateDefaultVersion"):
        version = mapping(answer.get("LaunchTemplateVersion")).get("VersionNumber")
        default: Document = {"LaunchTemplateId": change.existing.id, "DefaultVersion": text(version)}
        context.account.call("ec2", "modify_launch_template", default)


def _template(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    request: Document = {"LaunchTemplateId": existing.id, "Versions": ["$Latest"]}
    answer = context.account.call("ec2", "describe_launch_template_versions", request)
    version = _first(answer, "LaunchTemplateVersions")
    data = {**mapping(version.get("LaunchTemplateData"))}
    specifications = items(data.get("TagSpecifications"))
    data["TagSpecifications"] = [
        specification
        for specification in specifications
        if mapping(specification).get("ResourceType") != "launch-template"
    ]  # moto puts the template's own tags among those of what is launched from it
    fields = {name: declared for name, declared in context.type.outputs.items() if name in _TEMPLATE_DATA}
    shown = Decoding(context.schemas, _TEMPLATE_RENAMES).outputs(data, fields)
    return {
        **shown,
        "name": description.get("LaunchTemplateName"),
        "latestVersion": description.get("LatestVersionNumber"),
        "defaultVersion": description.get("DefaultVersionNumber"),
        "description": version.get("VersionDescription"),
    }


LAUNCH_TEMPLATE = Row(
    resource="aws:ec2/launchTemplate:LaunchTemplate",
    name="name",
    name_limit=125,
    replaces=frozenset({"name", "namePrefix"}),
    local=frozenset({"updateDefaultVersion"}),
    volatile=frozenset({"latestVersion", "defaultVersion"}),
    differs="settings outside disks, network, image, profile, metadata and tags are refused",
    requests=(
        ApiRequest(
            service="ec2", operation="create_launch_template", at="LaunchTemplateData", renames=_TEMPLATE_RENAMES
        ),
    ),
    limits={
        "blockDeviceMappings.ebs.volumeSize": range(1, 65537),
        "metadataOptions.httpPutResponseHopLimit": range(1, 65),
    },
    handler=_LaunchTemplate(
        service="ec2",
        create_operation="create_launch_template",
        read_operation="describe_launch_templates",
        delete_operation="delete_launch_template",
        identity={"LaunchTemplateIds[]": "{id}"},
        delete_identity={"LaunchTemplateId": "{id}"},
        id_at="LaunchTemplate.LaunchTemplateId",
        at="LaunchTemplates[0]",
        gone=frozenset({"InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.NotFoundException"}),
        renames={"name": "LaunchTemplateName", "description": "VersionDescription"},
        tagging=ec2_tags("launch-template"),
        handled=_TEMPLATE_DATA,
        prepare=_template_data,
        present=_template,
        outputs={"arn": "arn:{partition}:ec2:{region}:{account}:launch-template/{id}"},
        updates=(Update(names=_TEMPLATE_DATA | {"description"}, send=_new_template_version),),
    ),
)

ROWS = (VPC, SUBNET, *GATEWAYS, *ROUTING, *SECURITY, *SECURITY_RULES, FLOW_LOG, LAUNCH_TEMPLATE)

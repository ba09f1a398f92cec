"""EC2: security groups and their rules."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.aws.api_object import ApiObject, Update
from sandbox.providers.aws.api_shapes import ANY_BLOCK, ANY_BLOCK_6, PORTS
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row
from sandbox.providers.aws.rows.ec2_tagging import ec2_tags
from sandbox.providers.aws.tags import all_tags, retag
from sandbox.providers.values import Document, Json, at_path, items, mapping, string_map, text

_GONE = frozenset({"InvalidGroup.NotFound", "InvalidGroupId.NotFound", "InvalidSecurityGroupRuleId.NotFound"})
_DIRECTIONS = (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress"))
_RULE_LIMITS = {"cidrBlocks": ANY_BLOCK, "ipv6CidrBlocks": ANY_BLOCK_6, "fromPort": PORTS, "toPort": PORTS}
_LIMITS = {f"{direction}.{name}": allowed for direction, _ in _DIRECTIONS for name, allowed in _RULE_LIMITS.items()}


def _permission(rule: Document, group: str) -> Document:
    note: Document = {"Description": rule["description"]} if rule.get("description") else {}
    sources = [*items(rule.get("securityGroups")), *([group] if rule.get("self") else [])]
    permission: Document = {"IpProtocol": rule.get("protocol")}
    if text(rule.get("protocol")) != "-1":
        permission |= {"FromPort": rule.get("fromPort"), "ToPort": rule.get("toPort")}
    for name, member, key in (
        ("cidrBlocks", "IpRanges", "CidrIp"),
        ("ipv6CidrBlocks", "Ipv6Ranges", "CidrIpv6"),
        ("prefixListIds", "PrefixListIds", "PrefixListId"),
    ):
        if rule.get(name):
            permission[member] = [{key: part, **note} for part in items(rule[name])]
    if sources:
        permission["UserIdGroupPairs"] = [{"GroupId": source, **note} for source in sources]
    return permission


def _rule(permission: Document, group: str) -> Document:
    pairs = [text(mapping(pair).get("GroupId")) for pair in items(permission.get("UserIdGroupPairs"))]
    ranges = map(mapping, [*items(permission.get("IpRanges")), *items(permission.get("UserIdGroupPairs"))])
    rule: Document = {
        "protocol": permission.get("IpProtocol"),
        "fromPort": permission.get("FromPort") or 0,
        "toPort": permission.get("ToPort") or 0,
        "self": group in pairs,
        "cidrBlocks": [mapping(part).get("CidrIp") for part in items(permission.get("IpRanges"))],
        "ipv6CidrBlocks": [mapping(part).get("CidrIpv6") for part in items(permission.get("Ipv6Ranges"))],
        "securityGroups": [pair for pair in pairs if pair != group],
        "description": next((part["Description"] for part in ranges if part.get("Description")), None),
    }
    return {name: value for name, value in rule.items() if value not in ([], None, False)}


def _set_rules(context: HandlerContext, group: str, wanted: Mapping[str, list[Json]]) -> None:
    answer = context.account.call("ec2", "describe_security_groups", {"GroupIds": [group]})
    for name, member in _DIRECTIONS:
        if name not in wanted:
            continue
        present = items(at_path(answer, f"SecurityGroups[0].{member}"))
        if present:
            context.account.call("ec2", f"revoke_security_group_{name}", {"GroupId": group, "IpPermissions": present})
        rules: list[Json] = [_permission(mapping(rule), group) for rule in wanted[name]]
        if rules:
            context.account.call("ec2", f"authorize_security_group_{name}", {"GroupId": group, "IpPermissions": rules})


def _send_rules(context: HandlerContext, change: Change) -> None:
    _set_rules(context, change.existing.id, {name: items(change.new.get(name)) for name in change.names})


def _group(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    """Rules show only where the program gives them: others are resources of their own."""
    shown: Document = {"name": description.get("GroupName"), "ownerId": context.account.account_id}
    for name, member in _DIRECTIONS:
        rules: list[Json] = [_rule(mapping(part), existing.id) for part in items(description.get(member))]
        shown[name] = rules if existing.state.get(name) else None
    return shown


class _SecurityGroup(ApiObject):
    """A security group; the provider takes away the rule with which EC2 lets everything out."""

    def settle(self, context: HandlerContext, existing: ResourceState, inputs: Mapping[str, Json]) -> None:
        """Set the rules of the program, none where it gives none; see `Handler`."""
        _set_rules(context, existing.id, {name: items(inputs.get(name)) for name, _ in _DIRECTIONS})


SECURITY_GROUP = Row(
    resource="aws:ec2/securityGroup:SecurityGroup",
    name="name",
    replaces=frozenset({"description", "name", "namePrefix", "vpcId"}),
    local=frozenset({"revokeRulesOnDelete"}),
    limits=_LIMITS,
    differs="filters no traffic",
    handler=_SecurityGroup(
        service="ec2",
        create_operation="create_security_group",
        read_operation="describe_security_groups",
        delete_operation="delete_security_group",
        identity={"GroupIds[]": "{id}"},
        delete_identity={"GroupId": "{id}"},
        id_at="GroupId",
        at="SecurityGroups[0]",
        gone=_GONE,
        renames={"name": "GroupName"},
        tagging=ec2_tags("security-group"),
        outside=frozenset({"ingress", "egress"}),
        prepare=lambda _, inputs, request: {
            **request,
            "Description": inputs.get("description") or "Managed by Pulumi",
        },
        present=_group,
        outputs={"arn": "arn:{partition}:ec2:{region}:{account}:security-group/{id}"},
        updates=(Update(names=frozenset({"ingress", "egress"}), send=_send_rules),),
    ),
)


class _DefaultSecurityGroup(_SecurityGroup):
    """The group which every VPC has: taken over, not created, and left where it is on deletion."""

    def create(self, context: HandlerContext, inputs: Mapping[str, Json]) -> str:
        """Take the VPC's default group over; see `Handler`."""
        filters: list[Json] = [{"Name": "group-name", "Values": ["default"]}]
        if inputs.get("vpcId"):
            filters.append({"Name": "vpc-id", "Values": [inputs["vpcId"]]})
        answer = context.account.call("ec2", "describe_security_groups", {"Filters": filters})
        group = text(at_path(answer, "SecurityGroups[0].GroupId"))
        tagging = self.tagging
        if tagging is not None:
            old = string_map({})
            new = all_tags(context.account, inputs)
            retag(context.account, tagging, service="ec2", identity=[group], old=old, new=new)
        return group


DEFAULT_SECURITY_GROUP = Row(
    resource="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    replaces=frozenset({"vpcId"}),
    local=frozenset({"revokeRulesOnDelete"}),
    limits=_LIMITS,
    handler=_DefaultSecurityGroup(
        service="ec2",
        create_operation="create_security_group",
        read_operation="describe_security_groups",
        delete_operation="",
        identity={"GroupIds[]": "{id}"},
        id_at="GroupId",
        at="SecurityGroups[0]",
        gone=_GONE,
        tagging=ec2_tags("security-group"),
        outside=frozenset({"ingress", "egress"}),
        present=_group,
        outputs={"arn": "arn:{partition}:ec2:{region}:{account}:security-group/{id}"},
        updates=(Update(names=frozenset({"ingress", "egress"}), send=_send_rules),),
    ),
)


def _rule_request(context: HandlerContext, inputs: Mapping[str, Json], request: Document) -> Document:
    del context
    note: Document = {"Description": inputs["description"]} if inputs.get("description") else {}
    permission: Document = {"IpProtocol": inputs["ipProtocol"]}
    for name, member in (("fromPort", "FromPort"), ("toPort", "ToPort")):
        if inputs.get(name) is not None:
            permission[member] = inputs[name]
    for name, member, key in (
        ("cidrIpv4", "IpRanges", "CidrIp"),
        ("cidrIpv6", "Ipv6Ranges", "CidrIpv6"),
        ("prefixListId", "PrefixListIds", "PrefixListId"),
        ("referencedSecurityGroupId", "UserIdGroupPairs", "GroupId"),
    ):
        if inputs.get(name):
            permission[member] = [{key: inputs[name], **note}]
    return {**request, "GroupId": inputs["securityGroupId"], "IpPermissions": [permission]}


_RULE_INPUTS = frozenset(
    {
        "cidrIpv4",
        "cidrIpv6",
        "description",
        "fromPort",
        "ipProtocol",
        "prefixListId",
        "referencedSecurityGroupId",
        "securityGroupId",
        "toPort",
    }
)


def _shown_rule(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    del context
    open_ports = description.get("IpProtocol") == "-1"
    return {
        "securityGroupRuleId": existing.id,
        "securityGroupId": description.get("GroupId"),
        "referencedSecurityGroupId": at_path(description, "ReferencedGroupInfo.GroupId"),
        "fromPort": None if open_ports else description.get("FromPort"),
        "toPort": None if open_ports else description.get("ToPort"),
        "description": description.get("Description") or existing.state.get("description"),
    }


def _rule_row(direction: str) -> Row:
    token = f"aws:vpc/securityGroup{direction.capitalize()}Rule:SecurityGroup{direction.capitalize()}Rule"
    return Row(
        resource=token,
        replaces=_RULE_INPUTS,
        limits={"cidrIpv4": ANY_BLOCK, "cidrIpv6": ANY_BLOCK_6, "fromPort": PORTS, "toPort": PORTS},
        source="EC2 API reference",
        differs="every change replaces the rule, where the provider modifies it in place",
        handler=ApiObject(
            service="ec2",
            create_operation=f"authorize_security_group_{direction}",
            read_operation="describe_security_group_rules",
            delete_operation=f"revoke_security_group_{direction}",
            identity={"SecurityGroupRuleIds[]": "{id}"},
            delete_identity={"GroupId": "{securityGroupId}", "SecurityGroupRuleIds[]": "{id}"},
            id_at="SecurityGroupRules[0].SecurityGroupRuleId",
            at="SecurityGroupRules[0]",
            gone=_GONE,
            tagging=ec2_tags("security-group-rule"),
            handled=_RULE_INPUTS,
            prepare=_rule_request,
            present=_shown_rule,
            outputs={"arn": "arn:{partition}:ec2:{region}:{account}:security-group-rule/{id}"},
        ),
    )


ROWS = (SECURITY_GROUP, DEFAULT_SECURITY_GROUP, _rule_row("ingress"), _rule_row("egress"))

"""EC2: one rule of a security group under the provider's older type, which names its direction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sandbox.providers.aws.api_object import ApiObject
from sandbox.providers.aws.api_shapes import ANY_BLOCK, ANY_BLOCK_6, PORTS, ApiRequest
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row
from sandbox.providers.validation import Failure
from sandbox.providers.values import Document, Json, items, mapping, text

_SOURCES = ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "sourceSecurityGroupId", "self")
_INPUTS = frozenset({"description", "fromPort", "protocol", "securityGroupId", "toPort", "type", *_SOURCES})
_GONE = frozenset({"InvalidGroup.NotFound", "InvalidGroupId.NotFound", "InvalidSecurityGroupRuleId.NotFound"})
_RANGES = (
    ("cidrBlocks", "IpRanges", "CidrIp", "CidrIpv4"),
    ("ipv6CidrBlocks", "Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
    ("prefixListIds", "PrefixListIds", "PrefixListId", "PrefixListId"),
)


def _request(context: HandlerContext, inputs: Mapping[str, Json], request: Document) -> Document:
    del context
    note: Document = {"Description": inputs["description"]} if inputs.get("description") else {}
    permission: Document = {"IpProtocol": inputs["protocol"]}
    if text(inputs["protocol"]) != "-1":
        permission |= {"FromPort": inputs["fromPort"], "ToPort": inputs["toPort"]}
    for name, member, key, _ in _RANGES:
        if inputs.get(name):
            permission[member] = [{key: part, **note} for part in items(inputs[name])]
    group = inputs["securityGroupId"] if inputs.get("self") else inputs.get("sourceSecurityGroupId")
    if group:
        permission["UserIdGroupPairs"] = [{"GroupId": group, **note}]
    return {**request, "GroupId": inputs["securityGroupId"], "IpPermissions": [permission]}


def _shown(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    del context
    group = mapping(description.get("ReferencedGroupInfo")).get("GroupId")
    own = group is not None and group == description.get("GroupId")
    open_ports = description.get("IpProtocol") == "-1"
    shown: Document = {
        "securityGroupRuleId": existing.id,
        "securityGroupId": description.get("GroupId"),
        "type": "egress" if description.get("IsEgress") else "ingress",
        "protocol": description.get("IpProtocol"),
        "fromPort": 0 if open_ports else description.get("FromPort"),
        "toPort": 0 if open_ports else description.get("ToPort"),
        "self": own or None,
        "sourceSecurityGroupId": None if own else group,
        "description": description.get("Description") or existing.state.get("description"),
    }
    return shown | {name: [description[key]] if description.get(key) else None for name, _, _, key in _RANGES}


def _refusals(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    sources = [part for name in _SOURCES for part in items(inputs.get(name)) if part]
    if len(sources) != 1:
        yield Failure("cidrBlocks", f"the AWS stand-in holds a rule of one source, not of {len(sources)}")
    if inputs.get("type") not in {"ingress", "egress"}:
        yield Failure("type", "expected type to be one of ingress, egress")


def _rules(direction: str) -> ApiObject:
    return ApiObject(
        service="ec2",
        create_operation=f"authorize_security_group_{direction}",
        read_operation="describe_security_group_rules",
        delete_operation=f"revoke_security_group_{direction}",
        identity={"SecurityGroupRuleIds[]": "{id}"},
        delete_identity={"GroupId": "{securityGroupId}", "SecurityGroupRuleIds[]": "{id}"},
        id_at="SecurityGroupRules[0].SecurityGroupRuleId",
        at="SecurityGroupRules[0]",
        gone=_GONE,
        handled=_INPUTS,
        prepare=_request,
        present=_shown,
    )


@dataclass(frozen=True)
class DirectedRule:
    """A rule whose operations follow from its `type`."""

    ingress: ApiObject
    egress: ApiObject

    def _of(self, properties: Mapping[str, Json]) -> ApiObject:
        return self.egress if properties.get("type") == "egress" else self.ingress

    def create(self, context: HandlerContext, inputs: Mapping[str, Json]) -> str:
        """See `Handler`."""
        return self._of(inputs).create(context, inputs)

    def settle(self, context: HandlerContext, existing: ResourceState, inputs: Mapping[str, Json]) -> None:
        """See `Handler`."""
        self._of(inputs).settle(context, existing, inputs)

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """See `Handler`."""
        return self.ingress.read(context, existing)

    def update(self, context: HandlerContext, change: Change) -> None:
        """See `Handler`."""
        self._of(change.new).update(context, change)

    def delete(self, context: HandlerContext, existing: ResourceState) -> None:
        """See `Handler`."""
        self._of(existing.state).delete(context, existing)

    @property
    def requests(self) -> tuple[ApiRequest, ...]:
        """None whose members are properties; see `Handler`."""
        return ()

    def unmapped(self, context: HandlerContext, inputs: Mapping[str, Json]) -> Iterable[str]:
        """See `Handler`."""
        return self._of(inputs).unmapped(context, inputs)

    def changeable(self, name: str) -> bool:
        """See `Handler`."""
        return self.ingress.changeable(name)


SECURITY_GROUP_RULE = Row(
    resource="aws:ec2/securityGroupRule:SecurityGroupRule",
    replaces=_INPUTS,
    refusals=_refusals,
    source="provider: ForceNew marks; EC2 API reference",
    differs="one source a rule, a changed description replaces, and the id is EC2's own instead of `sgrule-...`",
    limits={"cidrBlocks": ANY_BLOCK, "ipv6CidrBlocks": ANY_BLOCK_6, "fromPort": PORTS, "toPort": PORTS},
    handler=DirectedRule(_rules("ingress"), _rules("egress")),
)

ROWS = (SECURITY_GROUP_RULE,)

"""EC2: route tables, their routes and associations."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_object import ApiObject, Update
from sandbox.providers.aws.api_shapes import ANY_BLOCK, ANY_BLOCK_6
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row
from sandbox.providers.aws.rows.ec2_tagging import ec2_tags
from sandbox.providers.values import Document, Json, at_path, items, mapping, text

_GONE = frozenset(
    {
        "InvalidRouteTableID.NotFound",
        "InvalidRouteTableId.NotFound",
        "InvalidRoute.NotFound",
        "InvalidAssociationID.NotFound",
    }
)

ROUTE_TABLE = Row(
    resource="aws:ec2/routeTable:RouteTable",
    replaces=frozenset({"vpcId"}),
    differs="routes in the table's own property are refused: each is a Route of its own",
    handler=ApiObject(
        service="ec2",
        create_operation="create_route_table",
        read_operation="describe_route_tables",
        delete_operation="delete_route_table",
        identity={"RouteTableIds[]": "{id}"},
        delete_identity={"RouteTableId": "{id}"},
        id_at="RouteTable.RouteTableId",
        at="RouteTables[0]",
        gone=_GONE,
        tagging=ec2_tags("route-table"),
        present=lambda context, _, __: {"routes": None, "ownerId": context.account.account_id},
        outputs={"arn": "arn:{partition}:ec2:{region}:{account}:route-table/{id}"},
    ),
)

_DESTINATIONS = ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")
_TARGETS = frozenset(
    {
        "carrierGatewayId",
        "coreNetworkArn",
        "egressOnlyGatewayId",
        "gatewayId",
        "localGatewayId",
        "natGatewayId",
        "networkInterfaceId",
        "transitGatewayId",
        "vpcEndpointId",
        "vpcPeeringConnectionId",
    }
)


def _destination(properties: Mapping[str, Json]) -> str:
    return next((text(properties[name]) for name in _DESTINATIONS if properties.get(name)), "")


class _Route(ApiObject):
    """One route of a table; its id is a checksum of the destination, as the provider makes it."""

    def create(self, context: HandlerContext, inputs: Mapping[str, Json]) -> str:
        """Add the route; see `Handler`."""
        super().create(context, inputs)
        checksum = zlib.crc32(_destination(inputs).encode())
        return f"r-{text(inputs['routeTableId'])}{checksum}"

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """The route among those of the table; an import names it `<table>_<destination>`."""
        table, _, wanted = existing.id.partition("_")
        if existing.state:
            table, wanted = text(existing.state.get("routeTableId")), _destination(existing.state)
        try:
            answer = context.account.call("ec2", "describe_route_tables", {"RouteTableIds": [table]})
        except ApiError as error:
            if error.reason in _GONE:
                return None
            raise
        for route in map(mapping, items(at_path(answer, "RouteTables[0].Routes"))):
            destination = route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")
            if wanted in {destination, route.get("DestinationPrefixListId")}:
                shown = self._presented(context, existing, route)
                return {**shown, "routeTableId": table, "state": route.get("State") or "active"}
        return None

    def delete(self, context: HandlerContext, existing: ResourceState) -> None:
        """Remove the route; see `Handler`."""
        request: Document = {"RouteTableId": existing.state.get("routeTableId")}
        for name in _DESTINATIONS:
            if existing.state.get(name):
                request[name[0].upper() + name[1:]] = existing.state[name]
        try:
            context.account.call("ec2", "delete_route", request)
        except ApiError as error:
            if error.reason not in _GONE:
                raise


def _replace_route(context: HandlerContext, change: Change) -> None:
    request: Document = {"RouteTableId": change.new["routeTableId"]}
    for name in (*_DESTINATIONS, *_TARGETS):
        if change.new.get(name):
            request[name[0].upper() + name[1:]] = change.new[name]
    context.account.call("ec2", "replace_route", request)


ROUTE = Row(
    resource="aws:ec2/route:Route",
    replaces=frozenset({"routeTableId", *_DESTINATIONS}),
    differs="carries no traffic; a blackhole is not noticed",
    limits={"destinationCidrBlock": ANY_BLOCK, "destinationIpv6CidrBlock": ANY_BLOCK_6},
    handler=_Route(
        service="ec2",
        create_operation="create_route",
        read_operation="describe_route_tables",
        delete_operation="delete_route",
        identity={"RouteTableId": "{routeTableId}"},
        gone=_GONE,
        renames={"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"},
        updates=(Update(names=_TARGETS, send=_replace_route),),
    ),
)


class _Association(ApiObject):
    """The route table of a subnet, found among the associations of tables."""

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """The association by its id; an import names it `<subnet>/<table>`."""
        filters: Json = [{"Name": "association.route-table-association-id", "Values": [existing.id]}]
        if "/" in existing.id:
            filters = [{"Name": "association.subnet-id", "Values": [existing.id.partition("/")[0]]}]
        answer = context.account.call("ec2", "describe_route_tables", {"Filters": filters})
        for table in map(mapping, items(answer.get("RouteTables"))):
            for association in map(mapping, items(table.get("Associations"))):
                if existing.id == association.get("RouteTableAssociationId") or "/" in existing.id:
                    return {"routeTableId": table["RouteTableId"], "subnetId": association.get("SubnetId")}
        return None


ROUTE_TABLE_ASSOCIATION = Row(
    resource="aws:ec2/routeTableAssociation:RouteTableAssociation",
    replaces=frozenset({"gatewayId", "routeTableId", "subnetId"}),
    differs="another table replaces the association, where the provider moves it in place",
    handler=_Association(
        service="ec2",
        create_operation="associate_route_table",
        read_operation="describe_route_tables",
        delete_operation="disassociate_route_table",
        identity={"AssociationId": "{id}"},
        id_at="AssociationId",
        gone=_GONE,
    ),
)

ROWS = (ROUTE_TABLE, ROUTE, ROUTE_TABLE_ASSOCIATION)

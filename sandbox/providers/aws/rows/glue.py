"""Glue's catalog: databases and tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sandbox.providers.aws.api_object import CENTRAL, ApiObject
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row, Tagging
from sandbox.providers.aws.tags import all_tags, member_shape
from sandbox.providers.aws.translation import Encoding
from sandbox.providers.values import Document, Json

_GONE = frozenset({"EntityNotFoundException"})
_BESIDE = frozenset({"catalogId", "databaseName"})


@dataclass(frozen=True, kw_only=True)
class _Catalogued(ApiObject):
    """What the catalog takes whole, in a member of its own: `wrapper`, beside the names of where it belongs."""

    wrapper: str
    update_operation: str

    @property
    def requests(self) -> tuple[ApiRequest, ...]:
        """The create operation's member for it; see `Handler`."""
        return (ApiRequest(service=self.service, operation=self.create_operation, at=self.wrapper),)

    def _encoded(
        self, context: HandlerContext, inputs: Mapping[str, Json], operation: str
    ) -> tuple[Document, list[str]]:
        shape = context.account.input_shape(self.service, operation)
        central = CENTRAL if self.tagging else frozenset({"region"})
        inner = {name: value for name, value in inputs.items() if name not in central | _BESIDE}
        outer = {name: value for name, value in inputs.items() if name in _BESIDE}
        encoding = Encoding(self.renames)
        wrapped = encoding.request(inner, member_shape(shape, self.wrapper))
        return {**Encoding({}).request(outer, shape), self.wrapper: wrapped}, encoding.unmapped

    def unmapped(self, context: HandlerContext, inputs: Mapping[str, Json]) -> Iterable[str]:
        """Paths of inputs that the catalog has no member for; see `Handler`."""
        return self._encoded(context, inputs, self.create_operation)[1]

    def create(self, context: HandlerContext, inputs: Mapping[str, Json]) -> str:
        """Create the entry; see `Handler`."""
        whole: Document = {"catalogId": context.account.account_id, **inputs}
        request, _ = self._encoded(context, whole, self.create_operation)
        tags = all_tags(context.account, inputs)
        if self.tagging is not None and tags:
            request["Tags"] = {**tags}
        context.account.call(self.service, self.create_operation, request, region=self._region(inputs))
        return self.id_format.format_map(whole)

    def update(self, context: HandlerContext, change: Change) -> None:
        """Write the entry whole; see `Handler`."""
        whole: Document = {"catalogId": context.account.account_id, **change.new}
        request, _ = self._encoded(context, whole, self.update_operation)
        if "DatabaseName" not in request:
            request["Name"] = change.new["name"]
        context.account.call(self.service, self.update_operation, request, region=self._region(change.new))
        if self.tagging is not None:
            self._retag(context, change)

    def changeable(self, name: str) -> bool:
        """All but the names."""
        return name not in {*_BESIDE, "name", "partitionIndices", "openTableFormatInput"}


def _database(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    del existing
    everybody: Document = {
        "principal": {"dataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"},
        "permissions": ["ALL"],
    }
    shown: Document = {"catalogId": context.account.account_id, "locationUri": description.get("LocationUri") or ""}
    if not description.get("CreateTableDefaultPermissions"):
        shown["createTableDefaultPermissions"] = [everybody]
    return shown


DATABASE = Row(
    resource="aws:glue/catalogDatabase:CatalogDatabase",
    name="name",
    replaces=frozenset({"catalogId", "name"}),
    differs="nothing known beyond the above; permissions of Lake Formation are not held",
    handler=_Catalogued(
        service="glue",
        create_operation="create_database",
        read_operation="get_database",
        update_operation="update_database",
        delete_operation="delete_database",
        wrapper="DatabaseInput",
        identity={"Name": "{name}"},
        id_format="{catalogId}:{name}",
        at="Database",
        gone=_GONE,
        outputs={"arn": "arn:{partition}:glue:{region}:{account}:database/{name}"},
        present=_database,
        tagging=Tagging(
            member="",
            add="tag_resource",
            remove="untag_resource",
            keys="TagsToRemove",
            identity=("ResourceArn", "arn:{partition}:glue:{region}:{account}:database/{name}"),
            listing="get_tags",
            described="Tags",
        ),
    ),
)

TABLE = Row(
    resource="aws:glue/catalogTable:CatalogTable",
    name="name",
    replaces=frozenset({"catalogId", "databaseName", "name", "openTableFormatInput", "partitionIndices"}),
    differs="nothing reads it: no query runs, and locations and formats are not looked at",
    handler=_Catalogued(
        service="glue",
        create_operation="create_table",
        read_operation="get_table",
        update_operation="update_table",
        delete_operation="delete_table",
        wrapper="TableInput",
        identity={"DatabaseName": "{databaseName}", "Name": "{name}"},
        id_format="{catalogId}:{databaseName}:{name}",
        at="Table",
        gone=_GONE,
        outputs={"arn": "arn:{partition}:glue:{region}:{account}:table/{databaseName}/{name}"},
        present=lambda context, *_: {"catalogId": context.account.account_id},
    ),
)

ROWS = (DATABASE, TABLE)

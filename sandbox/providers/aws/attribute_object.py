"""The handler of objects whose settings are a flat map of texts, as queues and topics have."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Tagging
from sandbox.providers.aws.tags import all_tags, create_member, retag, tag_map
from sandbox.providers.values import Document, Json, at_path, mapping, string_map, text


@dataclass(frozen=True, kw_only=True)
class AttributeObject:
    """Holds one type of object by get and set operations on attributes.

    Attributes:
        attributes: attribute name by property; kinds come from the SDK's types.
        create_names: API member of `create` by property, such as the name.
        identity: API member which names the object; its value is the id.
        id_at: path of the id in the answer of `create`.
        setter: `all` sends changed attributes in one call, `each` one call an attribute.
        constant: attributes which the object has without a property.
    """

    service: str
    create_operation: str
    read_operation: str
    set_operation: str
    delete_operation: str
    identity: str
    id_at: str
    attributes: Mapping[str, str]
    create_names: Mapping[str, str]
    gone: frozenset[str]
    setter: str = "all"
    read_more: Mapping[str, Json] = field(default_factory=dict)
    tagging: Tagging | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    name_from_id: str = ""

    @property
    def requests(self) -> tuple[ApiRequest, ...]:
        """The create operation, for what it takes beside attributes; see `Handler`."""
        return (ApiRequest(service=self.service, operation=self.create_operation, renames=self.create_names),)

    def unmapped(self, context: HandlerContext, inputs: Mapping[str, Json]) -> Iterable[str]:
        """Properties which are neither attributes nor members of the create operation."""
        del context
        central = {"region", *(["tags"] if self.tagging else [])}
        return [name for name in inputs if name not in {*self.attributes, *self.create_names, *central}]

    def changeable(self, name: str) -> bool:
        """Attributes and tags."""
        return name in self.attributes or name == "tags"

    def _encoded(self, inputs: Mapping[str, Json], names: Iterable[str]) -> dict[str, str]:
        attributes: dict[str, str] = {}
        for name in names:
            value = inputs.get(name)
            if isinstance(value, bool):
                attributes[self.attributes[name]] = str(value).lower()
            elif isinstance(value, (dict, list)):
                attributes[self.attributes[name]] = json.dumps(value)
            else:
                attributes[self.attributes[name]] = text(value)
        return attributes

    def create(self, context: HandlerContext, inputs: Mapping[str, Json]) -> str:
        """Create the object with its attributes; see `Handler`."""
        given = [name for name in self.attributes if inputs.get(name) is not None]
        request: Document = {
            member: inputs[name] for name, member in self.create_names.items() if inputs.get(name) is not None
        }
        if given:
            request["Attributes"] = {**self._encoded(inputs, given)}
        if self.tagging is not None:
            tags = all_tags(context.account, inputs)
            request |= create_member(
                context.account, self.tagging, service=self.service, operation=self.create_operation, tags=tags
            )
        answer = context.account.call(self.service, self.create_operation, request)
        return text(at_path(answer, self.id_at))

    def settle(self, context: HandlerContext, existing: ResourceState, inputs: Mapping[str, Json]) -> None:
        """Nothing is left to send."""

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """Attributes as properties of the SDK's kinds; see `Handler`."""
        request: Document = {self.identity: existing.id, **self.read_more}
        try:
            answer = context.account.call(self.service, self.read_operation, request)
        except ApiError as error:
            if error.reason in self.gone:
                return None
            raise
        attributes = string_map(answer.get("Attributes"))
        actual: Document = {}
        for name, attribute in self.attributes.items():
            if attribute in attributes and name in context.type.outputs:
                actual[name] = _decoded(attributes[attribute], context.type.outputs[name].kind.name)
        actual |= {name: attributes.get(attribute) for name, attribute in self.outputs.items()}
        if self.name_from_id:
            actual["name"] = existing.id.rpartition(self.name_from_id)[2]
        if self.tagging is not None:
            tags = context.account.call(self.service, self.tagging.listing, {self.tagging.identity[0]: existing.id})
            actual["tagsAll"] = {**tag_map(tags.get(self.tagging.described or "Tags"))}
        return actual

    def update(self, context: HandlerContext, change: Change) -> None:
        """Set the attributes which differ, and tags; see `Handler`."""
        changed = sorted(change.names & set(self.attributes))
        encoded = self._encoded(change.new, changed)
        if encoded and self.setter == "all":
            request: Document = {self.identity: change.existing.id, "Attributes": {**encoded}}
            context.account.call(self.service, self.set_operation, request)
        elif encoded:
            for name, value in encoded.items():
                request = {self.identity: change.existing.id, "AttributeName": name, "AttributeValue": value}
                context.account.call(self.service, self.set_operation, request)
        if self.tagging is not None:
            old = string_map(mapping(change.existing.state.get("tagsAll")))
            new = all_tags(context.account, change.new)
            retag(context.account, self.tagging, service=self.service, identity=change.existing.id, old=old, new=new)

    def delete(self, context: HandlerContext, existing: ResourceState) -> None:
        """Delete the object; one which is gone already counts as deleted."""
        try:
            context.account.call(self.service, self.delete_operation, {self.identity: existing.id})
        except ApiError as error:
            if error.reason not in self.gone:
                raise


def _decoded(value: str, kind: str) -> Json:
    if kind == "integer":
        return int(value)
    if kind == "boolean":
        return value.lower() == "true"
    return value

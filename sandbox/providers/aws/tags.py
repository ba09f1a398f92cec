"""Tags in the forms in which AWS services take and answer them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sandbox.providers.account import Account
from sandbox.providers.aws.row import Tagging
from sandbox.providers.values import Document, Json, items, mapping, string_map, text

if TYPE_CHECKING:
    from botocore.model import Shape

_LIST_KEYS = ("Key", "key", "TagKey")
_LIST_VALUES = ("Value", "value", "TagValue")


def all_tags(account: Account, inputs: Mapping[str, Json]) -> dict[str, str]:
    """The provider's default tags under the resource's own."""
    return {**account.default_tags, **string_map(inputs.get("tags"))}


def tag_list(tags: Mapping[str, str], shape: Shape) -> Json:
    """`tags` in the shape of a request member: a map or a list of key and value."""
    if shape.type_name == "map":
        return dict(tags)
    members: Mapping[str, object] = getattr(getattr(shape, "member", None), "members", {})
    key = next(name for name in _LIST_KEYS if name in members)
    value = next(name for name in _LIST_VALUES if name in members)
    return [{key: name, value: part} for name, part in tags.items()]


def tag_map(answer: Json) -> dict[str, str]:
    """Tags of an answer in either form; those of AWS itself are left out, as the provider does."""
    if isinstance(answer, dict):
        tags = string_map(answer)
    else:
        rows = [mapping(row) for row in items(answer)]
        tags = {_first(row, _LIST_KEYS): _first(row, _LIST_VALUES) for row in rows}
    return {key: value for key, value in tags.items() if not key.startswith("aws:")}


def _first(row: Document, names: tuple[str, ...]) -> str:
    return next((text(row[name]) for name in names if name in row), "")


def member_shape(shape: Shape, name: str) -> Shape:
    """The shape of one member of a structure."""
    members: Mapping[str, Shape] = getattr(shape, "members", {})
    return members[name]


def create_member(
    account: Account, tagging: Tagging, *, service: str, operation: str, tags: Mapping[str, str]
) -> Document:
    """The request member which gives a new object its tags; empty without tags."""
    if not tags:
        return {}
    name, _, resource_type = tagging.member.partition(":")
    shape = member_shape(account.input_shape(service, operation), name)
    if not resource_type:
        return {name: tag_list(tags, shape)}
    inner = member_shape(getattr(shape, "member", shape), "Tags")
    return {name: [{"ResourceType": resource_type, "Tags": tag_list(tags, inner)}]}


def retag(
    account: Account, tagging: Tagging, *, service: str, identity: Json, old: Mapping[str, str], new: Mapping[str, str]
) -> None:
    """Send the difference between two sets of tags."""
    member = tagging.identity[0]
    gone = [key for key in old if key not in new]
    changed = {key: value for key, value in new.items() if old.get(key) != value}
    if gone:
        shape = account.input_shape(service, tagging.remove)
        if tagging.keys in getattr(shape, "members", {}):
            removal: Json = [*gone]
            keys = tagging.keys
        else:
            removal = [{"Key": key} for key in gone]
            keys = "Tags"
        account.call(service, tagging.remove, {member: identity, keys: removal, **tagging.extra})
    if changed:
        shape = account.input_shape(service, tagging.add)
        name = next(part for part in ("tags", "Tags", "TagsToAdd") if part in getattr(shape, "members", {}))
        encoded = tag_list(changed, member_shape(shape, name))
        account.call(service, tagging.add, {member: identity, name: encoded, **tagging.extra})

"""The declarative handler: one object of the AWS API, described by operations, identity and renames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.row import Change, HandlerContext, Identity, ResourceState, Tagging
from sandbox.providers.aws.tags import all_tags, create_member, retag, tag_map
from sandbox.providers.aws.translation import Decoding, Encoding
from sandbox.providers.values import Document, Json, at_path, mapping, text

CENTRAL = frozenset({"tags", "region"})
"""Inputs which every handler treats alike: tags by the row's tagging, region by the account."""

Present = Callable[[HandlerContext, Document, ResourceState], Document]
Send = Callable[[HandlerContext, Change], None]
Prepare = Callable[[HandlerContext, Mapping[str, Json], Document], Document]


@dataclass(frozen=True, kw_only=True)
class Update:
    """Which properties one operation changes.

    Without `send` the operation gets the object's identity and the changed ones of `names`, or all of them when
    `whole`. A `send` function does it all. With `settles` it also runs right after creation, for properties which the
    create operation does not take.
    """

    names: frozenset[str]
    operation: str = ""
    whole: bool = False
    settles: bool = False
    send: Send | None = None


@dataclass(frozen=True, kw_only=True)
class ApiObject:
    """Holds one type of object in the AWS API.

    Attributes:
        service: botocore client.
        create, read, delete: operations in botocore's spelling; an empty `delete` leaves the object to its owner.
        identity: API members which name the object, as templates over its properties and `id`; a member ending in
            `[]` takes a list.
        id_format: the id as a template over properties, or
        id_at: its path in the answer of `create`.
        at: path of the object in the answer of `read`.
        gone: error codes which say that the object is not there.
        renames: API member by dotted Pulumi path.
        prepare: the last word on the create request; `handled` are the inputs it sends.
        present: more outputs, from the API object.
        absent: whether an answer without error means that the object is gone.
        outputs: constant outputs as templates over properties, `id`, `region`, `account`, `partition`.
        delete_more: further members of the delete operation.
    """

    service: str
    create_operation: str
    read_operation: str
    delete_operation: str
    identity: Mapping[str, str]
    gone: frozenset[str]
    id_format: str = ""
    id_at: str = ""
    at: str = ""
    renames: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Json] = field(default_factory=dict)
    updates: tuple[Update, ...] = ()
    tagging: Tagging | None = None
    prepare: Prepare | None = None
    handled: frozenset[str] = frozenset()
    present: Present | None = None
    absent: Callable[[Document], bool] | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    before_delete: Callable[[HandlerContext, ResourceState], None] | None = None
    delete_more: Mapping[str, Json] = field(default_factory=dict)
    delete_identity: Mapping[str, str] | None = None
    outside: frozenset[str] = frozenset()

    @property
    def requests(self) -> tuple[ApiRequest, ...]:
        """The create operation, and what changes properties by a call that is described; see `Handler`."""
        operations = dict.fromkeys((self.create_operation, *(update.operation for update in self.updates)))
        return tuple(
            ApiRequest(service=self.service, operation=operation, renames=self.renames)
            for operation in operations
            if operation
        )

    def _properties(self, context: HandlerContext, existing: ResourceState) -> Document:
        account = context.account
        known: Document = {"account": account.account_id, "partition": account.partition, "region": account.region}
        parts = Identity(self.id_format).parts(existing.id) if self.id_format else {}
        return {**known, **parts, **existing.state, "id": existing.id}

    def _named(
        self, context: HandlerContext, existing: ResourceState, templates: Mapping[str, str] | None = None
    ) -> Document:
        properties = {key: text(value) for key, value in self._properties(context, existing).items()}
        named: Document = {}
        for member, template in (self.identity if templates is None else templates).items():
            value = template.format_map(properties)
            named[member.removesuffix("[]")] = [value] if member.endswith("[]") else value
        return named

    def _region(self, properties: Mapping[str, Json]) -> str:
        return text(properties.get("region"))

    def encoded(self, context: HandlerContext, inputs: Mapping[str, Json], operation: str) -> Encoding:
        """Translate inputs for an operation, for what it does not take."""
        encoding = Encoding(self.renames)
        encoding.request(inputs, context.account.input_shape(self.service, operation))
        return encoding

    def unmapped(self, context: HandlerContext, inputs: Mapping[str, Json]) -> Iterable[str]:
        """Paths of inputs without a member of the create operation, other than those the row treats itself."""
        settled = {name for update in self.updates if update.settles for name in update.names}
        special = self.handled | self.outside | settled
        central = CENTRAL if self.tagging else frozenset({"region"})
        plain = {name: value for name, value in inputs.items() if name not in special | central}
        return self.encoded(context, plain, self.create_operation).unmapped

    def changeable(self, name: str) -> bool:
        """Whether some operation changes this property."""
        return name in CENTRAL or any(name in update.names for update in self.updates)

    def create(self, context: HandlerContext, inputs: Mapping[str, Json]) -> str:
        """Create the object; see `Handler`."""
        account = context.account
        plain = {name: value for name, value in inputs.items() if name not in CENTRAL | self.handled | self.outside}
        request = Encoding(self.renames).request(plain, account.input_shape(self.service, self.create_operation))
        request |= self.constants
        if self.tagging is not None and self.tagging.member:
            tags = all_tags(account, inputs)
            request |= create_member(
                account, self.tagging, service=self.service, operation=self.create_operation, tags=tags
            )
        if self.prepare is not None:
            request = self.prepare(context, inputs, request)
        answer = account.call(self.service, self.create_operation, request, region=self._region(inputs))
        return text(at_path(answer, self.id_at)) if self.id_at else Identity(self.id_format).of(inputs)

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """Describe the object; see `Handler`."""
        account = context.account
        try:
            answer = account.call(
                self.service, self.read_operation, self._named(context, existing), region=self._region(existing.state)
            )
        except ApiError as error:
            if error.reason in self.gone:
                return None
            raise
        description = at_path(answer, self.at) if self.at else answer
        if not isinstance(description, dict) or (self.absent is not None and self.absent(description)):
            return None
        return self._presented(context, existing, description)

    def settle(self, context: HandlerContext, existing: ResourceState, inputs: Mapping[str, Json]) -> None:
        """Send what the create operation does not take; see `Handler`."""
        settling = tuple(update for update in self.updates if update.settles)
        names = frozenset(name for update in settling for name in update.names if inputs.get(name) is not None)
        if names:
            self._send(context, Change(existing, {}, inputs, names), settling)

    def _presented(self, context: HandlerContext, existing: ResourceState, description: Document) -> Document:
        actual = Decoding(context.schemas, self.renames).outputs(description, context.type.outputs)
        for name in ("tags", "tagsAll", "region"):
            actual.pop(name, None)
        parts = Identity(self.id_format).parts(existing.id) if self.id_format else {}
        known = {name: value for name, value in parts.items() if name in context.type.outputs}
        actual = {**known, **actual}
        if self.present is not None:
            actual |= self.present(context, description, ResourceState(existing.id, {**existing.state, **actual}))
        if self.tagging is not None:
            actual["tagsAll"] = {
                **self._tags(context, ResourceState(existing.id, {**existing.state, **actual}), description)
            }
        properties = {key: text(value) for key, value in {**self._properties(context, existing), **actual}.items()}
        actual |= {name: template.format_map(properties) for name, template in self.outputs.items()}
        return actual

    def _tags(self, context: HandlerContext, existing: ResourceState, description: Document) -> dict[str, str]:
        tagging = self.tagging
        if tagging is None:
            return {}
        if not tagging.listing:
            return tag_map(at_path(description, tagging.described or tagging.member.partition(":")[0]))
        member, template = tagging.identity
        answer = context.account.call(
            self.service, tagging.listing, {member: self._tag_identity(context, existing, template), **tagging.extra}
        )
        return tag_map(at_path(answer, tagging.described or "tags"))

    def _tag_identity(self, context: HandlerContext, existing: ResourceState, template: str) -> Json:
        plain = template.removesuffix("[]")
        value = plain.format_map({key: text(part) for key, part in self._properties(context, existing).items()})
        return [value] if template.endswith("[]") else value

    def update(self, context: HandlerContext, change: Change) -> None:
        """Send every changed property by its operation; see `Handler`."""
        self._send(context, change, self.updates)
        if self.tagging is not None:
            self._retag(context, change)

    def _send(self, context: HandlerContext, change: Change, updates: tuple[Update, ...]) -> None:
        for update in updates:
            changed = update.names & change.names
            if not changed:
                continue
            if update.send is not None:
                update.send(context, change)
                continue
            names = update.names if update.whole else changed
            wanted = {name: change.new[name] for name in names if change.new.get(name) is not None}
            shape = context.account.input_shape(self.service, update.operation)
            request = self._named(context, change.existing) | Encoding(self.renames).request(wanted, shape)
            context.account.call(self.service, update.operation, request, region=self._region(change.new))

    def _retag(self, context: HandlerContext, change: Change) -> None:
        tagging = self.tagging
        old = {key: text(value) for key, value in mapping(change.existing.state.get("tagsAll")).items()}
        new = all_tags(context.account, change.new)
        if tagging is None or old == new:
            return
        identity = self._tag_identity(context, change.existing, tagging.identity[1])
        retag(context.account, tagging, service=self.service, identity=identity, old=old, new=new)

    def delete(self, context: HandlerContext, existing: ResourceState) -> None:
        """Delete the object; one which is gone already counts as deleted."""
        try:
            if self.before_delete is not None:
                self.before_delete(context, existing)
            if self.delete_operation:
                request = {**self._named(context, existing, self.delete_identity), **self.delete_more}
                context.account.call(self.service, self.delete_operation, request, region=self._region(existing.state))
        except ApiError as error:
            if error.reason not in self.gone:
                raise

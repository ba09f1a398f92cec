"""What happens to one resource: check, preview, create, read, update, difference; over a row and its handler."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sandbox.errors import SandboxError
from sandbox.providers.account import Account, GoneError
from sandbox.providers.aws.api_shapes import limit_failures, request_failures
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row
from sandbox.providers.aws.tags import all_tags
from sandbox.providers.comparison import (
    DEFAULTS_KEY,
    Difference,
    differences,
    missing_paths,
    overlaid,
    predicted,
    same,
    with_path,
)
from sandbox.providers.schema import SdkSchemas
from sandbox.providers.validation import Failure, failures
from sandbox.providers.values import (
    UNKNOWN,
    Document,
    Json,
    at_path,
    holds_unknown,
    items,
    mapping,
    string_map,
    text,
    without_nothing,
)


class UnsettledError(SandboxError):
    """An object was created, but not wholly; Pulumi keeps it in the state as failed."""

    code: ClassVar[str] = "sandbox.unsettled"

    def __init__(self, *, existing: ResourceState, cause: SandboxError) -> None:
        super().__init__(cause.what, remedy=cause.remedy)
        self.existing = existing


@dataclass(frozen=True)
class Naming:
    """Where a generated name comes from: the resource's name and the engine's seed (empty: really random)."""

    name: str
    seed: bytes

    def generated(self, *, limit: int) -> str:
        """`<name>-<7 hex digits>`, as the real provider names, cut to AWS's limit."""
        digits = hashlib.sha256(self.seed).hexdigest() if self.seed else secrets.token_hex(4)
        return f"{self.name[: limit - 8]}-{digits[:7]}"


@dataclass(frozen=True)
class Resource:
    """One resource type in one account."""

    row: Row
    account: Account
    schemas: SdkSchemas

    @property
    def context(self) -> HandlerContext:
        """What the row's handler works in."""
        return HandlerContext(self.account, self.schemas, self.schemas.type(self.row.resource))

    def checked(self, news: Document, *, olds: Document, naming: Naming) -> tuple[Document, list[Failure]]:
        """Inputs with a generated name where none is given, and everything that AWS or the stand-in would refuse."""
        inputs = without_nothing({name: value for name, value in news.items() if name != DEFAULTS_KEY})
        context = self.context
        refusals = list(failures(self.schemas, context.type.inputs, value=inputs))
        if self.row.name and inputs.get(self.row.name) is None:
            existing = olds.get(self.row.name) if self.row.name in items(olds.get(DEFAULTS_KEY)) else None
            generated = existing or self.row.name_prefix + naming.generated(limit=self.row.name_limit)
            inputs[self.row.name] = self._cased(text(generated))
            inputs[DEFAULTS_KEY] = [self.row.name]
        else:
            none: list[Json] = []
            inputs[DEFAULTS_KEY] = none
        if not refusals:
            refusals = [*self._refusals(context, inputs)]
        return inputs, refusals

    def _cased(self, name: str) -> str:
        return name.lower() if self.row.resource == "aws:s3/bucket:Bucket" else name

    def _refusals(self, context: HandlerContext, inputs: Document) -> Iterator[Failure]:
        if self.row.refusals is not None:
            yield from self.row.refusals(inputs)
        yield from self._outside_api(self._plain(inputs))
        given = {name: value for name, value in inputs.items() if name != DEFAULTS_KEY and name not in self.row.local}
        for path in self.row.handler.unmapped(context, given):
            if path not in self.row.kept and path.partition(".")[0] not in self.row.kept:
                yield Failure(
                    path,
                    f"the stand-in does not model {path} of {self.row.resource}: map it, or list it as kept, in the row"
                    " under sandbox/providers/aws/rows/",
                )

    def _outside_api(self, inputs: Document) -> Iterator[Failure]:
        requests = (*self.row.handler.requests, *self.row.requests)
        refused = [failure for request in requests for failure in request_failures(self.account, request, inputs)]
        yield from dict.fromkeys([*refused, *limit_failures(inputs, self.row.limits)])

    def preview_created(self, inputs: Document) -> Document:
        """Outputs of a resource that an update would create."""
        context = self.context
        outputs = predicted(
            self.schemas, inputs=context.type.inputs, outputs=context.type.outputs, wanted=self._plain(inputs)
        )
        return self._with_tags(outputs, inputs)

    def _plain(self, inputs: Mapping[str, Json]) -> Document:
        return {name: value for name, value in inputs.items() if name != DEFAULTS_KEY}

    def _with_tags(self, outputs: Document, inputs: Document) -> Document:
        context = self.context
        if "region" in context.type.outputs:
            outputs["region"] = inputs.get("region") or self.account.region
        if "tagsAll" in context.type.outputs:
            known = not holds_unknown(inputs.get("tags"))
            outputs["tagsAll"] = {**all_tags(self.account, inputs)} if known else UNKNOWN
        return outputs

    def preview_updated(self, inputs: Document, *, olds: Document, old_inputs: Document) -> Document:
        """Outputs after an update that has not run: old ones under the new inputs."""
        outputs = {**olds}
        fresh = self.preview_created(inputs)
        for name in self._changed(old_inputs, inputs):
            outputs[name] = fresh.get(name)
        outputs |= dict.fromkeys(self.row.volatile, UNKNOWN)
        return self._with_tags({name: value for name, value in outputs.items() if value is not None}, inputs)

    def created(self, inputs: Document) -> ResourceState:
        """Create the object and return it as AWS shows it. Errors: `ApiError`, `UnsettledError`."""
        context, plain = self.context, self._plain(inputs)
        identity = self.row.handler.create(context, plain)
        existing = ResourceState(identity, plain)
        try:
            self.row.handler.settle(context, existing, plain)
            self._keep(context, existing, plain)
            outputs = self._actual(existing, local=plain)
            if outputs is None:
                raise GoneError(f"{self.row.resource} {identity} is not there after creation", remedy="run again")
            self._nothing_dropped(plain, outputs)
        except SandboxError as error:
            raise UnsettledError(existing=existing, cause=error) from error
        return ResourceState(identity, outputs)

    def _keep(self, context: HandlerContext, existing: ResourceState, inputs: Document) -> None:
        document: Document = {path: value for path in self.row.kept if (value := at_path(inputs, path)) is not None}
        if self.row.kept:
            self.account.store.put(f"{context.token}#kept", existing.id, document=document)

    def _nothing_dropped(self, inputs: Document, outputs: Document) -> None:
        fields = self.context.type.inputs
        wanted = {name: value for name, value in inputs.items() if name not in self.row.local}
        lost = list(missing_paths(self.schemas, fields, wanted=wanted, actual=outputs))
        if lost:
            raise SandboxError(
                f"moto took but does not hold {', '.join(lost)} of {self.row.resource}",
                remedy="list the property as kept in the row under sandbox/providers/aws/rows/",
            )

    def _actual(self, existing: ResourceState, *, local: Mapping[str, Json]) -> Document | None:
        context = self.context
        actual = self.row.handler.read(context, existing)
        if actual is None:
            return None
        kept = self.account.store.get(f"{context.token}#kept", existing.id) or {}
        for path, value in kept.items():
            with_path(actual, path, value=value)
        for name in self.row.local:
            if local.get(name) is not None:
                actual[name] = local[name]
        if "region" in context.type.outputs:
            actual["region"] = existing.state.get("region") or self.account.region
        if "tagsAll" in actual:
            self._own_tags(actual, existing)
        return {name: value for name, value in actual.items() if name in context.type.outputs and value is not None}

    def _own_tags(self, actual: Document, existing: ResourceState) -> None:
        defaults, mine = self.account.default_tags, string_map(existing.state.get("tags"))
        everything = string_map(actual["tagsAll"])
        own = {key: value for key, value in everything.items() if defaults.get(key) != value or key in mine}
        if own or "tags" in existing.state:
            actual["tags"] = {**own}

    def read(self, existing: ResourceState, *, inputs: Document) -> tuple[Document, Document] | None:
        """Actual outputs and inputs of the object; None when it is gone.

        Inputs keep to the properties which the program gave and take their actual values, and gain what somebody
        added; an import, without inputs, takes all that the type has.
        """
        outputs = self._actual(existing, local=existing.state)
        if outputs is None:
            return None
        fields = self.context.type.inputs
        fresh: Document = {DEFAULTS_KEY: inputs.get(DEFAULTS_KEY) or []}
        for name, declared in fields.items():
            actual = outputs.get(name)
            if name in inputs:
                fresh[name] = overlaid(self.schemas, declared.kind, existing=inputs[name], actual=actual)
            elif actual not in (None, "", [], {}) and self._appeared(existing, name, importing=not inputs):
                fresh[name] = actual
        return outputs, fresh

    def _appeared(self, existing: ResourceState, name: str, *, importing: bool) -> bool:
        declared = self.context.type.outputs.get(name)
        required = self.context.type.inputs[name].required
        if importing:
            return required or (declared is not None and not declared.required)
        was = existing.state.get(name)
        return declared is not None and not declared.required and was in (None, "", [], {}) and name != "region"

    def updated(self, existing: ResourceState, *, inputs: Document, old_inputs: Document) -> Document:
        """Change the object in place and return its outputs. Errors: `ApiError`, `GoneError`."""
        context, plain = self.context, self._plain(inputs)
        names = frozenset(self._changed(old_inputs, inputs))
        self.row.handler.update(context, Change(existing, old_inputs, plain, names - self.row.local))
        self._keep(context, existing, plain)
        outputs = self._actual(ResourceState(existing.id, {**existing.state, **plain}), local=plain)
        if outputs is None:
            raise GoneError(
                f"{self.row.resource} {existing.id} is gone",
                remedy="run `pulumi refresh`, then update again to create it",
            )
        self._nothing_dropped(plain, outputs)
        return outputs

    def deleted(self, existing: ResourceState) -> None:
        """Delete the object and what was kept for it."""
        self.row.handler.delete(self.context, existing)
        self.account.store.drop(f"{self.row.resource}#kept", existing.id)

    def _changed(self, old: Mapping[str, Json], new: Mapping[str, Json]) -> set[str]:
        names = {*old, *new} - {DEFAULTS_KEY}
        return {name for name in names if not same(old.get(name), new.get(name))}

    def differences(self, existing: ResourceState, *, old: Document, new: Document) -> Sequence[Difference]:
        """What an update would change; a change of the provider's default tags shows at `tagsAll`.

        Raises:
            SandboxError: a property differs which neither replaces the object nor has an operation to change it.
        """
        changes = list(differences(self._plain(old), self._plain(new)))
        if not changes and "tagsAll" in existing.state and not holds_unknown(new.get("tags")):
            changes = list(differences(existing.state["tagsAll"], {**all_tags(self.account, new)}, path="tagsAll"))
        for difference in changes:
            name = difference.path.partition(".")[0].partition("[")[0]
            known = {"tagsAll", *self.row.local, *(path.partition(".")[0] for path in self.row.kept)}
            if not (name in known or self.row.replacing(difference.path) or self.row.handler.changeable(name)):
                raise SandboxError(
                    f"the stand-in cannot change {difference.path} of {self.row.resource} {existing.id}",
                    remedy="add the update, or a replacement mark, to the row under sandbox/providers/aws/rows/",
                )
        return changes

    def deletes_first(self, new: Document) -> bool:
        """Whether a replacement cannot stand beside the old object, because its name is given and not generated."""
        return bool(self.row.name) and self.row.name not in items(mapping(new).get(DEFAULTS_KEY))

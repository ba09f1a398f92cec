"""Objects on a cluster, applied on the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.errors import SandboxError
from sandbox.providers.kubernetes import manifest as form
from sandbox.providers.kubernetes.api_server import NOT_FOUND, ApiResource, ApiServer, ApiServerError
from sandbox.providers.kubernetes.kinds import KindOfObject
from sandbox.providers.kubernetes.objects import ExistingObjectError, ObjectState, Wanted
from sandbox.providers.kubernetes.readiness import DEFAULT_SECONDS, Waiting, wait_until_gone, wait_until_ready
from sandbox.providers.values import Document, holds_unknown, mapping, text

DISCOVERY_SECONDS = 15.0
"""How long a kind may take to be served after its definition is established."""
_DISCOVERY_PAUSE_SECONDS = 0.2
_NAMED_BY_CONTENT = frozenset({"APIService", "CustomResourceDefinition"})
_PROPAGATION = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}


@dataclass(frozen=True, kw_only=True)
class ClusterObjects:
    """A cluster as the provider sees it: where objects go by default, whether it takes fields from other managers."""

    server: ApiServer
    default_namespace: str
    force_conflicts: bool
    upsert: bool
    waiting: Waiting

    def namespaced(self, kind: KindOfObject) -> bool | None:
        """As the server's discovery says."""
        resource = self.server.resource(kind.api_version, kind.kind)
        return resource.namespaced if resource else None

    def create(self, wanted: Wanted) -> Document:
        """Apply an object that is not there yet, and wait until it is ready."""
        if wanted.preview:
            return self._previewed(wanted)
        resource = self._served(wanted.kind)
        name = text(form.metadata_of(wanted.manifest).get("name"))
        live = self._read(resource, wanted.manifest) if name else None
        called = f"{wanted.kind.kind} {form.identity(wanted.manifest)}"
        if live is None and wanted.kind.patch:
            raise SandboxError(f"{called} is not there to be patched", remedy="make it before its patch")
        if live is not None and not wanted.kind.patch and not self.upsert:
            remedy = "import it, take another name, or set the provider's upsertExistingObjects"
            raise ExistingObjectError(f"{called} already exists", remedy=remedy)
        return self._settled(wanted, resource, self._stored(wanted, resource))

    def update(self, wanted: Wanted) -> Document:
        """Apply an object anew; fields of a manager that an annotation no longer names are given up."""
        if wanted.preview:
            return self._previewed(wanted)
        resource = self._served(wanted.kind)
        live = self._stored(wanted, resource)
        before = text(wanted.held.get(form.MANAGER_KEY))
        if before and before != self._manager(wanted):
            self._give_up(resource, live, manager=before)
        return self._settled(wanted, resource, live)

    def read(self, held: ObjectState) -> Document | None:
        """As the server has it; None also where the kind itself is gone."""
        resource = self.server.resource(held.kind.api_version, held.kind.kind)
        if resource is None:
            return None
        live = self._named(resource, held.identifier)
        return form.with_manager(live, form.field_manager(live, held.state, held.urn)) if live else None

    def delete(self, held: ObjectState) -> None:
        """Delete and wait until it is gone; of a patch, give up its fields."""
        resource = self.server.resource(held.kind.api_version, held.kind.kind)
        live = self._named(resource, held.identifier) if resource else None
        if resource is None or live is None:
            return
        if held.kind.patch:
            self._give_up(resource, live, manager=form.field_manager({}, held.state, held.urn))
            return
        namespace, name = self._place(resource, held.identifier)
        asked = form.annotation(held.state, form.PROPAGATION).lower() or "foreground"
        if asked not in _PROPAGATION:
            raise SandboxError(f"{form.PROPAGATION} is {asked}", remedy=f"give one of {', '.join(_PROPAGATION)}")
        self.server.delete(resource, namespace=namespace, name=name, propagation=_PROPAGATION[asked])
        if not form.flagged(held.state, form.SKIP_AWAIT):
            seconds = _patience(held.state, held.timeout_seconds)
            wait_until_gone(self._reader(resource, live), within_seconds=seconds, waiting=self.waiting)

    def _reader(self, resource: ApiResource, seen: Document) -> Callable[[], Document | None]:
        """Reads an object again, under the field manager of its state; another of the same name does not count."""
        identifier, uid = form.identity(seen), form.metadata_of(seen).get("uid")

        def read() -> Document | None:
            live = self._named(resource, identifier)
            if live is None or form.metadata_of(live).get("uid") != uid:
                return None
            return {**live, **{key: seen[key] for key in (form.MANAGER_KEY,) if key in seen}}

        return read

    def _previewed(self, wanted: Wanted) -> Document:
        resource = self.server.resource(wanted.kind.api_version, wanted.kind.kind)
        if resource is None or holds_unknown(wanted.manifest):
            return form.guessed(wanted.manifest)
        try:
            answer = self._dry(wanted, resource)
        except ApiServerError as error:
            if error.status == NOT_FOUND and error.about == "namespaces":
                return form.guessed(wanted.manifest)
            raise
        if answer is None:
            return form.guessed(wanted.manifest)
        return form.previewed(wanted.manifest, answer, old=wanted.held or None)

    def _dry(self, wanted: Wanted, resource: ApiResource) -> Document | None:
        """The server's answer to a dry run; None where only the update itself can tell.

        A new object whose name is taken is tried under another name: it may be about to replace the one that is there.
        """
        if wanted.held:
            return self._applied(wanted, resource, dry_run=True)
        named = bool(form.metadata_of(wanted.manifest).get("name"))
        taken = named and self._read(resource, wanted.manifest) is not None
        if wanted.kind.patch:
            return self._applied(wanted, resource, dry_run=True) if taken else None
        if named and not taken:
            return self._applied(wanted, resource, dry_run=True)
        if taken and wanted.kind.kind in _NAMED_BY_CONTENT:
            return None
        return self._made(
            wanted, resource, form.without_name(wanted.manifest) if taken else wanted.manifest, dry_run=True
        )

    def _stored(self, wanted: Wanted, resource: ApiResource) -> Document:
        if form.metadata_of(wanted.manifest).get("name"):
            return self._applied(wanted, resource, dry_run=False)
        return self._made(wanted, resource, wanted.manifest, dry_run=False)

    def _made(self, wanted: Wanted, resource: ApiResource, manifest: Document, *, dry_run: bool) -> Document:
        namespace, manager = self._namespace(resource, wanted.manifest), self._manager(wanted)
        return self.server.create(resource, form.sent(manifest), namespace=namespace, manager=manager, dry_run=dry_run)

    def _applied(self, wanted: Wanted, resource: ApiResource, *, dry_run: bool) -> Document:
        manifest = form.sent(wanted.manifest)
        if wanted.ignored and (live := self._read(resource, wanted.manifest)):
            manifest = form.with_live(manifest, live, paths=wanted.ignored)
        return self.server.apply(
            resource,
            manifest,
            namespace=self._namespace(resource, manifest),
            manager=self._manager(wanted),
            force=self.force_conflicts or form.flagged(wanted.manifest, form.PATCH_FORCE),
            dry_run=dry_run,
        )

    def _settled(self, wanted: Wanted, resource: ApiResource, live: Document) -> Document:
        live = form.with_manager(live, self._manager(wanted))
        if not form.flagged(wanted.manifest, form.SKIP_AWAIT) and not wanted.kind.patch:
            seconds = _patience(wanted.manifest, wanted.timeout_seconds)
            live = wait_until_ready(self._reader(resource, live), within_seconds=seconds, waiting=self.waiting)
        return live

    def _give_up(self, resource: ApiResource, live: Document, *, manager: str) -> None:
        namespace, name = form.split_identity(form.identity(live))
        empty = form.named_in(live, namespace=namespace, name=name)
        self.server.apply(resource, empty, namespace=namespace, manager=manager, force=False, dry_run=False)

    def _served(self, kind: KindOfObject) -> ApiResource:
        deadline = self.waiting.now_seconds() + (DISCOVERY_SECONDS if kind.custom else 0.0)
        while (resource := self.server.resource(kind.api_version, kind.kind)) is None:
            if self.waiting.now_seconds() >= deadline or self.waiting.pause(_DISCOVERY_PAUSE_SECONDS):
                raise SandboxError(
                    f"the cluster serves no {kind.kind} of {kind.api_version}",
                    remedy="install its CustomResourceDefinition first, or correct apiVersion and kind",
                )
        return resource

    def _manager(self, wanted: Wanted) -> str:
        return form.field_manager(wanted.manifest, wanted.held, wanted.urn)

    def _namespace(self, resource: ApiResource, manifest: Document) -> str:
        given = text(mapping(manifest.get("metadata")).get("namespace"))
        return (given or self.default_namespace) if resource.namespaced else ""

    def _place(self, resource: ApiResource, identifier: str) -> tuple[str, str]:
        namespace, name = form.split_identity(identifier)
        return ((namespace or self.default_namespace) if resource.namespaced else "", name)

    def _read(self, resource: ApiResource, manifest: Document) -> Document | None:
        name = text(form.metadata_of(manifest).get("name"))
        return self.server.read(resource, namespace=self._namespace(resource, manifest), name=name)

    def _named(self, resource: ApiResource, identifier: str) -> Document | None:
        namespace, name = self._place(resource, identifier)
        return self.server.read(resource, namespace=namespace, name=name)


def _patience(document: Document, timeout_seconds: float) -> float:
    """How long to wait: the resource's own timeout, an annotation's, or the usual."""
    noted = form.annotation(document, form.TIMEOUT_SECONDS)
    if timeout_seconds > 0:
        return timeout_seconds
    return float(noted) if noted.replace(".", "", 1).isdigit() else DEFAULT_SECONDS

"""Kubernetes manifests on disk, where no cluster is given."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.providers.kubernetes import manifest as form
from sandbox.providers.kubernetes.kinds import KindOfObject, namespaced_by_name
from sandbox.providers.kubernetes.objects import ExistingObjectError, ObjectState, Wanted
from sandbox.providers.values import Document, mapping, text

FOLDER_VARIABLE = "QUANTOS_SANDBOX_MANIFESTS"


@dataclass(frozen=True)
class ManifestFolder:
    """One JSON file an object: `<namespace>/<kind>-<name>.json`, `cluster` where it has no namespace.

    Nothing runs and no server decides: a state is the manifest and nothing more, and no field manager is kept.
    """

    root: Path
    default_namespace: str = "default"

    @staticmethod
    def from_environment(part: str = "", *, default_namespace: str = "default") -> ManifestFolder:
        """The folder named by the environment of a sandbox, or `part` of it."""
        path = os.environ.get(FOLDER_VARIABLE, "")
        if not path:
            raise SandboxError(f"{FOLDER_VARIABLE} is not set", remedy="run with the sandbox's environment")
        return ManifestFolder(Path(path) / part, default_namespace)

    def file_of(self, manifest: Document) -> Path:
        """Where a manifest is kept; what names it is checked not to lead out of the folder."""
        metadata = mapping(manifest.get("metadata"))
        namespace, name = text(metadata.get("namespace")) or "cluster", text(metadata.get("name"))
        kind = text(manifest.get("kind"))
        if any(part in {"", ".", ".."} or "/" in part for part in (namespace, kind, name)):
            raise SandboxError(f"{kind} {namespace}/{name} cannot be kept", remedy="give kind and metadata.name")
        return self.root / namespace / f"{kind.lower()}-{name}.json"

    def namespaced(self, kind: KindOfObject) -> bool | None:
        """By the kind's name; of a custom kind nobody knows."""
        return namespaced_by_name(kind)

    def create(self, wanted: Wanted) -> Document:
        """Write a manifest; an object of this name that is there already is an error, as on a server."""
        if wanted.kind.patch:
            raise SandboxError(
                f"{wanted.kind.token} changes an object on a cluster, and no cluster is given",
                remedy="give the provider a kubeconfig, or leave the patch out",
            )
        if wanted.preview:
            return form.guessed(wanted.manifest)
        path = self.file_of(wanted.manifest)
        if path.exists():
            what = f"{wanted.kind.kind} {form.identity(wanted.manifest)} already exists"
            raise ExistingObjectError(what, remedy="import it, or take another name")
        return self._written(wanted.manifest, path)

    def update(self, wanted: Wanted) -> Document:
        """Write a manifest anew."""
        return wanted.manifest if wanted.preview else self._written(wanted.manifest, self.file_of(wanted.manifest))

    def read(self, held: ObjectState) -> Document | None:
        """The manifest on disk."""
        path = self._path(held)
        return mapping(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None

    def delete(self, held: ObjectState) -> None:
        """Remove the file."""
        self._path(held).unlink(missing_ok=True)

    def _path(self, held: ObjectState) -> Path:
        namespace, name = form.split_identity(held.identifier)
        if not namespace and self.namespaced(held.kind):
            namespace = self.default_namespace
        return self.file_of(form.named_in({"kind": held.kind.kind}, namespace=namespace, name=name))

    def _written(self, manifest: Document, path: Path) -> Document:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(manifest, indent=2, sort_keys=True), encoding="utf-8")
        partial.replace(path)
        return manifest

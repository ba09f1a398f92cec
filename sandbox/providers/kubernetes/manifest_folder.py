"""Kubernetes manifests on disk, where no cluster is given."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from quantos.errors import SandboxError
from sandbox.providers.values import Document, mapping, text

FOLDER_VARIABLE = "QUANTOS_SANDBOX_MANIFESTS"


@dataclass(frozen=True)
class ManifestFolder:
    """One JSON file an object: `<namespace>/<kind>-<name>.json`, `cluster` where it has no namespace."""

    root: Path

    @staticmethod
    def from_environment() -> ManifestFolder:
        """The folder named by the environment of a sandbox."""
        path = os.environ.get(FOLDER_VARIABLE, "")
        if not path:
            raise SandboxError(f"{FOLDER_VARIABLE} is not set", remedy="run with the sandbox's environment")
        return ManifestFolder(Path(path))

    def file_of(self, manifest: Document) -> Path:
        """Where a manifest is kept; what names it is checked not to lead out of the folder."""
        metadata = mapping(manifest.get("metadata"))
        namespace, name = text(metadata.get("namespace")) or "cluster", text(metadata.get("name"))
        kind = text(manifest.get("kind"))
        if any(part in {"", ".", ".."} or "/" in part for part in (namespace, kind, name)):
            raise SandboxError(f"{kind} {namespace}/{name} cannot be kept", remedy="give kind and metadata.name")
        return self.root / namespace / f"{kind.lower()}-{name}.json"

    def write(self, manifest: Document) -> None:
        """Keep a manifest whole."""
        path = self.file_of(manifest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(manifest, indent=2, sort_keys=True), encoding="utf-8")

    def read(self, manifest: Document) -> Document | None:
        """The manifest kept under the same name; None where there is none."""
        path = self.file_of(manifest)
        return mapping(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None

    def remove(self, manifest: Document) -> None:
        """Forget a manifest."""
        self.file_of(manifest).unlink(missing_ok=True)

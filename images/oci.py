"""Images as documents of OCI: what a registry calls an image is the digest of its manifest, and that is made here.

An archive is a layout in a tar, which containerd, skopeo and Docker read. Digests follow from contents alone; the
commit stands beside the manifest, in the index, where it changes nothing.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from images.errors import ImageError
from images.layers.store import Layer
from images.layers.tree import EPOCH
from images.oci_documents import Index

MANIFEST_TYPE: Final = "application/vnd.oci.image.manifest.v1+json"
_CONFIG_TYPE: Final = "application/vnd.oci.image.config.v1+json"
_INDEX_TYPE: Final = "application/vnd.oci.image.index.v1+json"
_CREATED: Final = datetime.fromtimestamp(EPOCH, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
_INDEX: Final = "index.json"
_LOCAL: Final = "docker.io/quantos"


@dataclass(frozen=True, kw_only=True)
class Program:
    """What a container of an image starts with."""

    entrypoint: Sequence[str]
    command: Sequence[str]
    environment: Mapping[str, str]
    user: str
    folder: str
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class OciImage:
    """An image: its layers, the lowest first, and its two documents."""

    name: str
    layers: tuple[Layer, ...]
    config: bytes
    manifest: bytes

    @property
    def digest(self) -> str:
        """What a registry, containerd and an environment file know it by."""
        return _digest(self.manifest)

    @property
    def size(self) -> int:
        """Bytes of its layers as they are sent."""
        return sum(layer.size for layer in self.layers)


def oci_image(name: str, layers: Sequence[Layer], program: Program) -> OciImage:
    """The image of some layers."""
    config = _json(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": _CREATED,
            "config": {
                "Entrypoint": list(program.entrypoint),
                "Cmd": list(program.command),
                "Env": [f"{variable}={value}" for variable, value in sorted(program.environment.items())],
                "User": program.user,
                "WorkingDir": program.folder,
                "Labels": dict(program.labels),
            },
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": [{"created": _CREATED, "created_by": f"quantos: {layer.purpose}"} for layer in layers],
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": _CONFIG_TYPE, "digest": _digest(config), "size": len(config)},
            "layers": [{"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size} for layer in layers],
        }
    )
    return OciImage(name=name, layers=tuple(layers), config=config, manifest=manifest)


def write_archive(image: OciImage, target: Path, *, annotations: Mapping[str, str]) -> None:
    """Write the image as a layout in a tar, whole or not at all."""
    local = local_name(image.name, image.digest)
    named = {"io.containerd.image.name": local, "org.opencontainers.image.ref.name": local.rpartition(":")[2]}
    named |= annotations
    stated = {"mediaType": MANIFEST_TYPE, "digest": image.digest, "size": len(image.manifest), "annotations": named}
    index = _json({"schemaVersion": 2, "mediaType": _INDEX_TYPE, "manifests": [stated]})
    blobs: dict[str, bytes | Path] = {layer.digest: layer.blob for layer in image.layers}
    blobs |= {_digest(image.config): image.config, image.digest: image.manifest}
    files: dict[str, bytes | Path] = {_INDEX: index, "oci-layout": _json({"imageLayoutVersion": "1.0.0"})}
    files |= {f"blobs/{digest.replace(':', '/')}": content for digest, content in blobs.items()}
    partial = target.with_name(f".{target.name}.partial")
    with tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in sorted(files.items(), key=lambda file: (file[0] not in {_INDEX, "oci-layout"}, file[0])):
            _add(archive, path, content)
    partial.replace(target)


def local_name(name: str, digest: str) -> str:
    """What an image is called where no registry has it; its tag is the beginning of its digest."""
    return f"{_LOCAL}/{name}:{digest.removeprefix('sha256:')[:12]}"


def archived_digest(archive: Path) -> str:
    """The digest of the image that an archive holds. Raises ImageError where it holds none of ours."""
    try:
        with tarfile.open(archive) as opened:
            member = opened.extractfile(_INDEX)
            (stated,) = Index.model_validate_json(b"" if member is None else member.read()).manifests
    except (OSError, tarfile.TarError, KeyError, ValueError) as exc:
        raise ImageError(f"{archive} is no archive of one image: {exc}", remedy="build it anew") from exc
    return stated.digest


def _add(archive: tarfile.TarFile, path: str, content: bytes | Path) -> None:
    member = tarfile.TarInfo(path)
    member.mtime, member.mode = EPOCH, 0o644
    if isinstance(content, bytes):
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
        return
    member.size = content.stat().st_size
    with content.open("rb") as file:
        archive.addfile(member, file)


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"

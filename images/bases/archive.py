"""Images that were saved as files: layouts of OCI and archives of Docker, read for what is built upon them."""

import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from images.errors import ImageError
from images.layers.store import TAR, TAR_GZIP, Layer, sha256_of
from images.oci_documents import Config, Descriptor, DockerArchive, Index, Manifest, Platform

_MANIFESTS: Final = frozenset(
    {"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"}
)
_OCI_TYPES: Final[Mapping[str, str]] = {
    TAR: TAR,
    TAR_GZIP: TAR_GZIP,
    "application/vnd.docker.image.rootfs.diff.tar": TAR,
    "application/vnd.docker.image.rootfs.diff.tar.gzip": TAR_GZIP,
}
_REMEDY: Final = (
    "save it with `skopeo copy docker://NAME@DIGEST oci-archive:FILE`, or `docker save NAME@DIGEST -o FILE`"
)


@dataclass(frozen=True, kw_only=True)
class SavedImage:
    """An image for Linux on x86-64 that was in an archive; `digest` is its manifest's, or its configuration's."""

    digest: str
    layers: tuple[Layer, ...]
    environment: Mapping[str, str]


def holds_image(tar: Path) -> bool:
    """Whether a tar is an image, and not the root of one. Raises ImageError where it is no tar."""
    try:
        with tarfile.open(tar) as archive:
            names = {member.name.removeprefix("./") for member in archive}
    except (OSError, tarfile.TarError) as exc:
        raise ImageError(f"{tar} cannot be read as a base: {exc}", remedy=_REMEDY) from exc
    return bool(names & {"oci-layout", "manifest.json"})


def read_saved(folder: Path, *, name: str) -> SavedImage:
    """The image of an unpacked archive.

    Raises:
        ImageError: it has none for Linux on x86-64, or several, or what it names is not there.
    """
    try:
        if (folder / "index.json").is_file():
            return _of_layout(folder, name)
        return _of_docker(folder, name)
    except (OSError, ValueError, KeyError, ValidationError) as exc:
        raise ImageError(f"{name} is no whole image: {exc}", remedy=_REMEDY) from exc


def blob(folder: Path, digest: str) -> Path:
    """Where a layout keeps what has a digest."""
    return folder.joinpath("blobs", *digest.split(":"))


def _of_layout(folder: Path, name: str) -> SavedImage:
    digests = {stated.digest for stated in _manifests(folder, folder / "index.json")}
    if len(digests) != 1:
        raise ImageError(f"{name} holds {len(digests)} images for linux/amd64 where one is built on", remedy=_REMEDY)
    (digest,) = digests
    manifest = Manifest.model_validate_json(blob(folder, digest).read_bytes())
    config = Config.model_validate_json(blob(folder, manifest.config.digest).read_bytes())
    layers = tuple(
        _layer(blob(folder, stated.digest), stated.digest, diff_id=diff_id, media_type=_OCI_TYPES[stated.media_type])
        for stated, diff_id in zip(manifest.layers, config.rootfs.diff_ids, strict=True)
    )
    return SavedImage(digest=digest, layers=_whole(layers, name), environment=config.config.variables)


def _manifests(folder: Path, index: Path) -> Iterator[Descriptor]:
    """Manifests for the platform, through indices of indices."""
    for stated in Index.model_validate_json(index.read_bytes()).manifests:
        if stated.platform != Platform():
            continue
        if stated.media_type in _MANIFESTS:
            yield stated
        else:
            yield from _manifests(folder, blob(folder, stated.digest))


def _of_docker(folder: Path, name: str) -> SavedImage:
    content = b'{"images":' + (folder / "manifest.json").read_bytes() + b"}"
    (image,) = DockerArchive.model_validate_json(content).images
    config = Config.model_validate_json((folder / image.config).read_bytes())
    layers = tuple(
        _layer(folder / layer, diff_id, diff_id=diff_id, media_type=TAR)
        for layer, diff_id in zip(image.layers, config.rootfs.diff_ids, strict=True)
    )
    digest = sha256_of(folder / image.config)
    return SavedImage(digest=digest, layers=_whole(layers, name), environment=config.config.variables)


def _layer(file: Path, digest: str, *, diff_id: str, media_type: str) -> Layer:
    size = file.stat().st_size
    return Layer(purpose="base", digest=digest, diff_id=diff_id, size=size, media_type=media_type, blob=file)


def _whole(layers: tuple[Layer, ...], name: str) -> tuple[Layer, ...]:
    for layer in layers:
        if sha256_of(layer.blob) != layer.digest:
            raise ImageError(f"a layer of {name} is not what its digest says: {layer.digest}", remedy=_REMEDY)
    return layers

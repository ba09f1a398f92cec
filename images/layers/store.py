"""Layers, kept in the user's cache by what they are made of, so that only what changed is made again."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from images.layers.component import Component
from sandbox.engine.cache import EngineCache, cache_of, entry_digest
from sandbox.engine.progress import Reporter

TAR: Final = "application/vnd.oci.image.layer.v1.tar"
TAR_GZIP: Final = f"{TAR}+gzip"
_CHUNK: Final = 1 << 20
Compress = Callable[[Path, Path], None]
"""Makes the second file of the first, by gzip."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer as a registry keeps it.

    Attributes:
        digest: of the file `blob`, with its `size` in bytes.
        diff_id: of its tar, not compressed.
    """

    purpose: str
    digest: str
    diff_id: str
    size: int
    media_type: str
    blob: Path
    components: tuple[Component, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LayerContent:
    """What makes a layer.

    `parts` are all that its bytes follow from. `fill` writes the tar into a path, in a folder that it may use and that
    goes away, and says what it holds.
    """

    purpose: str
    parts: Sequence[bytes]
    fill: Callable[[Path], tuple[Component, ...]]


@dataclass(frozen=True)
class LayerStore:
    """The folder of layers; one process adds to it at a time."""

    cache: EngineCache

    def layer(self, content: LayerContent, *, compress: Compress) -> Layer:
        """The layer, made where it is not there yet."""
        name = f"{content.purpose}-{entry_digest(*content.parts)}"
        if not self.cache.folder(name).is_dir():
            with self.cache.lock(Reporter()):
                if not self.cache.folder(name).is_dir():
                    self._make(content, name, compress)
        return _read(self.cache.folder(name), content.purpose)

    def _make(self, content: LayerContent, name: str, compress: Compress) -> None:
        with self.cache.staging() as staging:
            work = staging / "work"
            work.mkdir()
            tar = work / "layer.tar"
            components = content.fill(tar)
            compress(tar, staging / "layer.tar.gz")
            facts = {"diff_id": sha256_of(tar), "components": [asdict(component) for component in components]}
            facts |= {"digest": sha256_of(staging / "layer.tar.gz")}
            with self.cache.staging() as whole:
                (staging / "layer.tar.gz").rename(whole / "layer.tar.gz")
                (whole / "layer.json").write_text(json.dumps(facts), encoding="utf-8")
                self.cache.publish(whole, name)


def layer_store(environment: Mapping[str, str]) -> LayerStore:
    """The store in the user's cache."""
    return LayerStore(cache_named(environment, "layers"))


def cache_named(environment: Mapping[str, str], name: str) -> EngineCache:
    """A cache of images beside that of engines."""
    return EngineCache(root=cache_of(environment).root.parent / "container-images" / name)


def sha256_of(file: Path) -> str:
    """The digest of a file, as registries write it."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def _read(folder: Path, purpose: str) -> Layer:
    facts = json.loads((folder / "layer.json").read_text(encoding="utf-8"))
    blob = folder / "layer.tar.gz"
    return Layer(
        purpose=purpose,
        digest=facts["digest"],
        diff_id=facts["diff_id"],
        size=blob.stat().st_size,
        media_type=TAR_GZIP,
        blob=blob,
        components=tuple(Component(**component) for component in facts["components"]),
    )

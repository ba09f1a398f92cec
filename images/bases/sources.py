"""Which base is meant: a suite of Debian, or a file; and how it is opened, unpacked once a digest."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from images.bases.archive import holds_image, read_saved
from images.bases.base import Base, unpack
from images.bases.debian import debian_tar
from images.bases.dpkg import debian_components
from images.bases.interpreter import interpreter_of
from images.errors import ImageError
from images.layers.component import Component
from images.layers.store import Layer, LayerContent, LayerStore, cache_named, sha256_of
from sandbox.engine.progress import Reporter

_REFERENCE: Final = re.compile(r"^[\w.:/-]+(@sha256:[0-9a-f]{64}|:[\w.-]+)$")


def debian_base(suite: str, *, store: LayerStore, environ: Mapping[str, str], renew: bool = False) -> Base:
    """A Debian root of a suite. Raises ImageError where none can be made."""
    return _root_base(debian_tar(suite, environ=environ, renew=renew), f"debian:{suite}", store=store, environ=environ)


def file_base(name: str, *, store: LayerStore, environ: Mapping[str, str]) -> Base:
    """An image that was saved as a file, or the tar of a root.

    Raises:
        ImageError: it is neither, or has no Python that the project runs on.
    """
    file = Path(name)
    if not file.is_file():
        raise _no_file(name)
    if not holds_image(file):
        return _root_base(file, file.name, store=store, environ=environ)
    cache = cache_named(environ, "saved")
    folder = cache.folder(sha256_of(file).replace(":", "-"))
    if not folder.is_dir():
        with cache.lock(Reporter()), cache.staging() as staging:
            unpack([file], staging)
            cache.publish(staging, folder.name)
    saved = read_saved(folder, name=file.name)
    root = _unpacked(saved.layers, saved.digest, environ)
    return Base(
        name=file.name,
        digest=saved.digest,
        layers=saved.layers,
        environment=saved.environment,
        interpreter=interpreter_of(root, saved.environment),
        components=debian_components(root),
    )


def _root_base(tar: Path, name: str, *, store: LayerStore, environ: Mapping[str, str]) -> Base:
    digest = sha256_of(tar)
    whole = Layer(purpose="base", digest=digest, diff_id=digest, size=0, media_type="", blob=tar)
    interpreter = interpreter_of(_unpacked((whole,), digest, environ), {})

    def copied(target: Path) -> tuple[Component, ...]:
        shutil.copyfile(tar, target)
        return ()

    content = LayerContent(purpose="root", parts=[digest.encode()], fill=copied)
    return Base(
        name=name,
        digest=digest,
        layers=(store.layer(content, compress=interpreter.compress),),
        environment={},
        interpreter=interpreter,
        components=debian_components(interpreter.root),
    )


def _unpacked(layers: tuple[Layer, ...], digest: str, environ: Mapping[str, str]) -> Path:
    cache = cache_named(environ, "roots")
    folder = cache.folder(digest.replace(":", "-"))
    if not folder.is_dir():
        with cache.lock(Reporter()), cache.staging() as staging:
            unpack([layer.blob for layer in layers], staging)
            cache.publish(staging, folder.name)
    return folder


def _no_file(name: str) -> ImageError:
    if _REFERENCE.match(name):
        return ImageError(
            f"{name} is not a file: nothing is pulled from a registry here",
            remedy=f"save it first: skopeo copy docker://{name} oci-archive:base.tar, then --base base.tar",
        )
    return ImageError(f"there is no file {name}", remedy="name an archive of OCI or Docker, or the tar of a root")

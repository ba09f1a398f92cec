"""What an image stands on: layers that are taken as they are, and their files unpacked to be looked into."""

import shutil
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from images.bases.interpreter import Interpreter
from images.errors import ImageError
from images.layers.component import Component
from images.layers.store import Layer

_WHITEOUT: Final = ".wh."
_MODE: Final = 0o1777
_OPAQUE: Final = ".wh..wh..opq"


@dataclass(frozen=True, kw_only=True)
class Base:
    """A base.

    Attributes:
        name: what it was asked for as.
        digest: what it is known by: an image's manifest, or the tar of a root.
        environment: variables that it sets.
        root: where its files lie unpacked; not to be written.
    """

    name: str
    digest: str
    layers: tuple[Layer, ...]
    environment: Mapping[str, str]
    interpreter: Interpreter
    components: tuple[Component, ...]

    @property
    def root(self) -> Path:
        """Where its files lie unpacked; not to be written."""
        return self.interpreter.root


def unpack(blobs: Iterable[Path], into: Path) -> None:
    """Lay layers over each other: what a later one marks as gone is removed. Devices and owners are left out.

    Raises:
        ImageError: one is no archive, or has files outside.
    """
    for blob in blobs:
        try:
            with tarfile.open(blob) as archive:
                _lay(archive, into)
        except (OSError, tarfile.TarError) as exc:
            raise ImageError(f"the layer {blob.name} cannot be unpacked: {exc}", remedy="get the base anew") from exc


def _lay(archive: tarfile.TarFile, into: Path) -> None:
    for member in archive:
        path = into / member.name
        if path.name == _OPAQUE:
            for child in path.parent.iterdir():
                _remove(child)
        elif path.name.startswith(_WHITEOUT):
            _remove(path.with_name(path.name.removeprefix(_WHITEOUT)))
        elif not (member.ischr() or member.isblk() or member.isfifo()):
            if not member.isdir():
                _remove(path)
            archive.extract(member, into, filter=_kept)


def _kept(member: tarfile.TarInfo, into: str) -> tarfile.TarInfo:
    """A member that stays below the folder, with its mode: /tmp is everybody's. Nothing runs as another user."""
    return tarfile.tar_filter(member, into).replace(mode=member.mode & _MODE)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

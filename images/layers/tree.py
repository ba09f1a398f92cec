"""Trees of files as tar archives whose bytes follow from names, modes and contents alone."""

import io
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

EPOCH: Final = 315532800
"""1980-01-01, the first moment that a zip can hold: the time of everything in an image, which so says nothing."""
_EXECUTABLE: Final = 0o111


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file, a link or a folder at a path without a leading slash.

    `content` is where a file lies, or its bytes; a link has a `target` instead, and a folder neither.
    """

    path: str
    content: Path | bytes | None = None
    target: str | None = None
    executable: bool = False


def folder_entries(folder: Path, *, at: str) -> Iterator[Entry]:
    """All that lies in a folder, as it shall lie at a path."""
    for path in folder.rglob("*"):
        name = f"{at}/{path.relative_to(folder).as_posix()}"
        if path.is_symlink():
            yield Entry(path=name, target=str(path.readlink()))
        elif path.is_dir():
            yield Entry(path=name)
        else:
            yield Entry(path=name, content=path, executable=bool(path.stat().st_mode & _EXECUTABLE))


def write_tar(target: Path, entries: Iterable[Entry]) -> None:
    """Write entries in the order of their paths, with the folders above them: root's, of one time, in plain modes."""
    by_path = {entry.path: entry for entry in entries}
    for path in list(by_path):
        parts = path.split("/")
        for length in range(1, len(parts)):
            above = "/".join(parts[:length])
            by_path.setdefault(above, Entry(path=above))
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for _, entry in sorted(by_path.items()):
            _add(archive, entry)


def _add(archive: tarfile.TarFile, entry: Entry) -> None:
    member = tarfile.TarInfo(entry.path)
    member.mtime = EPOCH
    if entry.target is not None:
        member.type, member.linkname, member.mode = tarfile.SYMTYPE, entry.target, 0o777
        archive.addfile(member)
    elif entry.content is None:
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(member)
    else:
        member.mode = 0o755 if entry.executable else 0o644
        _add_file(archive, member, entry.content)


def _add_file(archive: tarfile.TarFile, member: tarfile.TarInfo, content: Path | bytes) -> None:
    if isinstance(content, bytes):
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
        return
    member.size = content.stat().st_size
    with content.open("rb") as file:
        archive.addfile(member, file)

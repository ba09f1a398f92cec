"""What a process sees of the file system, and may write, in a mount namespace of its own (`mount(2)`).

Everything is read-only but one folder. Folders in which programs leave sockets and scratch files are empty, except for
what the process itself needs there; so is what it may not see at all.
"""

import ctypes
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NO_CREDENTIALS: Final = "the caller's files of credentials"
NO_SOCKETS: Final = "the sockets of other processes"
NO_WRITING: Final = "writing to the caller's files"
SHARED: Final = ("/tmp", "/var/tmp", "/run", "/dev/shm")  # noqa: S108  to be emptied
"""Folders of the system in which every program has files and sockets."""
_PRIVATE, _BIND, _RECURSIVE = 0x40000, 0x1000, 0x4000
_SET_ATTRIBUTES, _AT_HERE, _AT_RECURSIVE, _READ_ONLY = 442, -100, 0x8000, 1


@dataclass(frozen=True, kw_only=True)
class Sight:
    """Absolute paths.

    Attributes:
        own: the folder that may be written.
        needed: folders that are read, and so stay where they are.
        hidden: files and folders that are empty.
    """

    own: str
    needed: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


def confine_files(sight: Sight) -> tuple[str, ...]:
    """See and write no more than `sight`, in this process's new mount namespace.

    Returns what could not be given up, in words.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", b"/", None, _PRIVATE | _RECURSIVE, None):
        return NO_CREDENTIALS, NO_SOCKETS, NO_WRITING
    shared = [os.path.realpath(place) for place in SHARED if Path(place).is_dir()]
    kept = [] if _emptied(libc, shared, needed=(*sight.needed, sight.own)) else [NO_SOCKETS]
    seen = [place for place in sight.hidden if Path(place).exists()]
    kept += [NO_CREDENTIALS] if any(_covered(libc, place) for place in seen) else []
    kept += [] if _read_only(libc, sight.own, but=shared) else [NO_WRITING]
    os.chdir(sight.own)
    return tuple(kept)


def _emptied(libc: ctypes.CDLL, shared: Sequence[str], *, needed: Sequence[str]) -> bool:
    """Lay an empty folder over each shared one, and put back there what is needed."""
    places = sorted({os.path.realpath(place) for place in needed if Path(place).is_dir()})
    handles = {place: os.open(place, os.O_PATH) for place in places if _below_any(Path(place), shared)}
    done = [not libc.mount(b"tmpfs", os.fsencode(place), b"tmpfs", 0, b"size=64m,mode=1777") for place in shared]
    try:
        for place, handle in handles.items():
            Path(place).mkdir(parents=True, exist_ok=True)
            source, target = b"/proc/self/fd/%d" % handle, os.fsencode(place)
            done.append(not libc.mount(source, target, None, _BIND | _RECURSIVE, None))
    finally:
        for handle in handles.values():
            os.close(handle)
    return all(done)


def _below_any(place: Path, folders: Sequence[str]) -> bool:
    return not {Path(folder) for folder in folders}.isdisjoint(place.parents)


def _covered(libc: ctypes.CDLL, place: str) -> int:
    """Lay an empty folder over a folder, and nothing over a file."""
    if Path(place).is_dir():
        return libc.mount(b"tmpfs", os.fsencode(place), b"tmpfs", 0, b"size=64k,mode=700")
    return libc.mount(b"/dev/null", os.fsencode(place), None, _BIND, None)


def _read_only(libc: ctypes.CDLL, own: str, *, but: Sequence[str]) -> bool:
    """Make everything read-only except for `own` and the emptied folders; what is put back there is."""
    at = os.fsencode(own)
    if libc.mount(at, at, None, _BIND | _RECURSIVE, None):
        return False
    if _attributes(libc, "/", on=_READ_ONLY, flags=_AT_RECURSIVE):
        return False
    return not sum(_attributes(libc, place, off=_READ_ONLY) for place in (own, *but))


def _attributes(libc: ctypes.CDLL, place: str, *, on: int = 0, off: int = 0, flags: int = 0) -> int:
    """`mount_setattr(2)`, which Linux has since 5.12 and older C libraries lack."""
    attributes = struct.pack("=4Q", on, off, 0, 0)
    return libc.syscall(
        ctypes.c_long(_SET_ATTRIBUTES),
        ctypes.c_int(_AT_HERE),
        ctypes.c_char_p(os.fsencode(place)),
        ctypes.c_uint(flags),
        attributes,
        ctypes.c_size_t(len(attributes)),
    )

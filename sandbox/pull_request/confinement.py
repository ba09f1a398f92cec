"""A process that gives up what a stranger's code may not have: the network, other people's files, more than its share.

On Linux a process enters namespaces of its own (`unshare(2)`): there it has a loopback interface and no other, empty
folders where the person who started it keeps credentials, and one folder that it may write. Then it drops every
capability, so that nothing that it starts can undo that. Where the system grants no namespaces, what could not be given
up is said, not hidden.
"""

import ctypes
import fcntl
import os
import resource
import socket
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.pull_request.own_mounts import NO_CREDENTIALS, NO_SOCKETS, NO_WRITING, Sight, confine_files

INHERITED: Final = ("LANG", "LC_ALL", "LC_CTYPE", "PATH", "TZ")
"""Variables of the caller that a stranger's code is told."""
CREDENTIALS: Final = (
    ".aws", ".azure", ".config", ".docker", ".git-credentials", ".gitconfig", ".gnupg", ".kube", ".netrc", ".npmrc",
    ".pulumi", ".pypirc", ".ssh", ".vault-token",
)  # fmt: skip
"""Where people keep credentials and agents, below their home."""
NO_NETWORK: Final = "the network"
NOTHING_GIVEN_UP: Final = (NO_NETWORK, NO_CREDENTIALS, NO_SOCKETS, NO_WRITING)
_NEW_USER, _NEW_MOUNTS, _NEW_NETWORK = 0x10000000, 0x00020000, 0x40000000
_READ_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1
_DROP_CAPABILITY, _SUBREAPER, _NO_NEW_PRIVILEGES = 24, 36, 38
_CAPABILITIES: Final = 64


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The most that all processes of a check together may take: time, memory that is in use, and processes.

    `file_bytes` is the most that one file may hold.
    """

    seconds: float = 1800.0
    memory_bytes: int = 12 * 1024**3
    processes: int = 500
    file_bytes: int = 2 * 1024**3


def confined_environment(environ: Mapping[str, str], *, home: Path) -> dict[str, str]:
    """Variables for a stranger's code: those of the caller that say nothing of the caller, and a home of its own."""
    kept = {name: environ[name] for name in INHERITED if name in environ}
    return {**kept, "HOME": str(home), "TMPDIR": str(home)}


def credential_places(home: Path, *, uid: int) -> tuple[str, ...]:
    """What there is of files and sockets by which the person whose home it is acts elsewhere."""
    places = [*(home / name for name in CREDENTIALS), Path(f"/run/user/{uid}")]
    return tuple(str(place) for place in places if place.exists())


def give_up(sight: Sight) -> tuple[str, ...]:
    """Give up the network and all files beyond `sight`, for this process and all that it starts.

    Returns what could not be given up, in words.

    To be called while the process has one thread.
    """
    if sys.platform != "linux":
        return NOTHING_GIVEN_UP
    libc = ctypes.CDLL(None, use_errno=True)
    kept: list[str] = []
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(_NEW_USER | _NEW_MOUNTS | _NEW_NETWORK):
        kept += NOTHING_GIVEN_UP
    else:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")
        kept += [] if _loopback() else [NO_NETWORK]
        kept += confine_files(sight)
    for capability in range(_CAPABILITIES):
        libc.prctl(_DROP_CAPABILITY, capability, 0, 0, 0)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return tuple(kept)


def adopt_orphans() -> None:
    """Let what this process's children leave behind become its own children, so that it can be ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def bound(bounds: Bounds) -> None:
    """Bound what one process may take; what all together take has to be watched."""
    limits = (
        (resource.RLIMIT_DATA, bounds.memory_bytes),
        (resource.RLIMIT_FSIZE, bounds.file_bytes),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, most in limits:
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most, hard) if hard == resource.RLIM_INFINITY or hard > most else (hard, hard))


def _loopback() -> bool:
    """Bring up the loopback interface of a new network namespace, which has no other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            flags = struct.unpack("16sh", fcntl.ioctl(control, _READ_FLAGS, struct.pack("16sh", b"lo", 0)))[1]
            fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sh", b"lo", flags | _UP))
        except OSError:
            return False
    return True

"""Becomes a program of an attempt: `python launch.py FILE`. Nothing but the standard library, as it is run alone.

It gives up what the program may not have, then runs the program in its place: variables but its own, more memory than
it asked for, cores, dumps, its parent's outliving, and by Landlock all files but those that it is shown, and signals
to processes that it did not start.

Source: landlock(7); the numbers are those of `linux/landlock.h`.
"""

import ctypes
import json
import os
import resource
import signal
import struct
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_PARENT_DEATH_SIGNAL, _NO_NEW_PRIVILEGES = 1, 38
_MOST_FILE_BYTES: Final = 16 * 2**30
_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_VERSION_ASKED, _PATH_BENEATH = 1, 1
_NEW_USER, _NEW_MOUNTS = 0x10000000, 0x00020000
_PRIVATE_BELOW: Final = 0x40000 | 0x4000
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_REMOVE_AND_MAKE: Final = 0x1FF0
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_REFER_SINCE, _TRUNCATE_SINCE, _SCOPES_SINCE = 2, 3, 6
_SCOPE_SIGNALS: Final = 2
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_READ: Final = _EXECUTE | _READ_FILE | _READ_DIR
_WRITE: Final = _READ | _WRITE_FILE | _REMOVE_AND_MAKE | _REFER | _TRUNCATE


def main(file: str) -> None:
    """Read what is to be run, and become it."""
    task = json.loads(Path(file).read_bytes())
    kept = {name: value for name, value in os.environ.items() if name.startswith(tuple(task["keeps"]))}
    variables = {**kept, **task["variables"]}
    os.chdir(task["folder"])
    if sys.platform == "linux":
        _bound_process(task)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, _MOST_FILE_BYTES)
    if task["memory_bytes"]:
        _limit(resource.RLIMIT_DATA, task["memory_bytes"])
    if task["confined"]:
        writes = list(task["writes"])
        if task["own_shared_memory"]:
            writes += ["/dev/shm"] if own_shared_memory() else []  # noqa: S108  its own by then
        confine_files(reads=task["reads"], writes=writes)
    os.execve(task["command"][0], task["command"], variables)  # noqa: S606  this is what it is for


def _bound_process(task: dict[str, object]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if task["dies_with_parent"]:
        libc.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != task["parent"]:
            raise SystemExit("whoever started this is gone")
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    available = sorted(os.sched_getaffinity(0))
    count = min(int(str(task["cores"])), len(available))
    first = zlib.crc32(str(task["name"]).encode()) % len(available)
    os.sched_setaffinity(0, {available[(first + number) % len(available)] for number in range(count)})


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def landlock_version() -> int:
    """Which Landlock the kernel has; 0 where it has none."""
    if sys.platform != "linux":
        return 0
    version = ctypes.CDLL(None, use_errno=True).syscall(
        _CREATE, None, ctypes.c_size_t(0), ctypes.c_uint(_VERSION_ASKED)
    )
    return max(0, int(version))


def confine_files(*, reads: Iterable[str], writes: Iterable[str]) -> None:
    """From now on read, and start, only what lies below `reads`, and write only what lies below `writes`.

    From Linux 6.12 on no signal reaches a process outside, such as the one that accounts for this one. Paths that are
    not there are left out. Raises OSError where the kernel does not do it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = landlock_version()
    handled = _handled(version)
    attributes = (
        struct.pack("=QQQ", handled, 0, _SCOPE_SIGNALS) if version >= _SCOPES_SINCE else struct.pack("=Q", handled)
    )
    size = ctypes.c_size_t(len(attributes))
    ruleset = _checked(libc.syscall(_CREATE, attributes, size, ctypes.c_uint(0)))
    for rights, paths in ((_READ, reads), (_WRITE, writes)):
        for path in paths:
            if Path(path).exists():
                _allow(libc, ruleset, path, rights=rights & handled)
    _checked(libc.syscall(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint(0)))
    os.close(ruleset)


def own_shared_memory() -> bool:
    """Have an empty /dev/shm of one's own; False where the system grants no namespaces."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(_NEW_USER | _NEW_MOUNTS):
        return False
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")
    if libc.mount(b"none", b"/", None, ctypes.c_ulong(_PRIVATE_BELOW), None):
        return False
    return not libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", 0, b"mode=1777")


def _handled(version: int) -> int:
    later = (_REFER if version < _REFER_SINCE else 0) | (_TRUNCATE if version < _TRUNCATE_SINCE else 0)
    return _WRITE & ~later


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, *, rights: int) -> None:
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = rights if Path(path).is_dir() else rights & _OF_FILES
        rule = struct.pack("=Qi", rights, handle)
        _checked(libc.syscall(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint(0)))
    finally:
        os.close(handle)


def _checked(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"landlock: {os.strerror(number)}")
    return answer


if __name__ == "__main__":
    main(sys.argv[1])

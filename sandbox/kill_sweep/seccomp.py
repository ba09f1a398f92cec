"""System calls of a process and all its children, held by the kernel until another process lets them go on.

Linux's seccomp user notification (seccomp(2), seccomp_unotify(2)), by ctypes: the child installs a filter and hands
its listener over; whoever listens is told each call of the filter before it happens.
"""

import ctypes
import errno
import fcntl
import os
import platform
import select
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final

from sandbox.errors import SandboxError

CALLS: Final[Mapping[str, tuple[int, Mapping[str, int]]]] = {
    "x86_64": (
        0xC000003E,
        {
            "open": 2,
            "openat": 257,
            "rename": 82,
            "renameat": 264,
            "renameat2": 316,
            "unlink": 87,
            "unlinkat": 263,
            "execve": 59,
            "exit_group": 231,
            "link": 86,
            "linkat": 265,
            "mkdir": 83,
            "mkdirat": 258,
            "rmdir": 84,
            "pwrite64": 18,
            "fdatasync": 75,
            "utimensat": 280,
            "kill": 62,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "openat": 56,
            "renameat": 38,
            "renameat2": 276,
            "unlinkat": 35,
            "execve": 221,
            "exit_group": 94,
            "linkat": 37,
            "mkdirat": 34,
            "pwrite64": 68,
            "fdatasync": 83,
            "utimensat": 88,
            "kill": 129,
        },
    ),
}
"""The audit architecture and the numbers of the calls that can be held, by machine."""

OF_THE_ENGINE: Final = frozenset(
    {"open", "openat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "execve", "exit_group"}
)

_SECCOMP: Final = {"x86_64": 317, "aarch64": 277}
_WRITING: Final = os.O_WRONLY | os.O_RDWR
_FLAGS_AT: Final = {"open": 1, "openat": 2}
_SET_MODE_FILTER, _NEW_LISTENER, _WAIT_KILLABLE = 1, 1 << 3, 1 << 5
_NO_NEW_PRIVS: Final = 38
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NOTIFY, _ALLOW = 0x7FC00000, 0x7FFF0000
_RECEIVE, _SEND, _CONTINUE = 0xC0502100, 0xC0182101, 1
_NOTIFICATION: Final = struct.Struct("=QIIiIQ6Q")
_ANSWER: Final = struct.Struct("=QqiI")


@dataclass(frozen=True)
class HeldCall:
    """A system call that waits: its name, its arguments and the thread that makes it."""

    identity: int
    thread: int
    name: str
    arguments: tuple[int, ...]


def require_support() -> None:
    """Raise SandboxError where calls can never be held; a kernel that is too old says so at `install`."""
    if platform.system() != "Linux" or platform.machine() not in CALLS:
        raise _unsupported(f"{platform.system()} on {platform.machine()}")


def install(held: Collection[str] = OF_THE_ENGINE) -> int:
    """Hold calls of this thread and of whatever it starts from now on; returns the listener's descriptor.

    Files are held only where they are opened for writing. Raises SandboxError where the kernel cannot.
    """
    require_support()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    program = _program(platform.machine(), held)
    code = ctypes.create_string_buffer(program)
    head = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(code)))
    listener = libc.syscall(
        _SECCOMP[platform.machine()], _SET_MODE_FILTER, _NEW_LISTENER | _WAIT_KILLABLE, ctypes.byref(head)
    )
    if listener < 0:
        raise _unsupported(os.strerror(ctypes.get_errno()))
    return listener


def held_calls(listener: int) -> Iterator[HeldCall]:
    """Calls as they come, until the last process under the filter is gone."""
    names = {number: name for name, number in CALLS[platform.machine()][1].items()}
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    while True:
        events = poll.poll()
        if any(event & select.POLLHUP and not event & select.POLLIN for _, event in events):
            return
        buffer = bytearray(_NOTIFICATION.size)
        try:
            fcntl.ioctl(listener, _RECEIVE, buffer)
        except OSError as exc:
            if exc.errno in {errno.ENOENT, errno.EINTR}:  # the caller died meanwhile
                continue
            raise
        identity, thread, _flags, number, _arch, _at, *arguments = _NOTIFICATION.unpack(buffer)
        yield HeldCall(identity, thread, names[number], tuple(arguments))


def let_go(listener: int, call: HeldCall) -> None:
    """Let a call happen; nothing happens when its caller is dead."""
    try:
        fcntl.ioctl(listener, _SEND, bytearray(_ANSWER.pack(call.identity, 0, 0, _CONTINUE)))
    except OSError as exc:
        if exc.errno != errno.ENOENT:
            raise


def text_at(thread: int, address: int) -> str:
    """The text that a pointer of a held call points to."""
    return os.fsdecode(_bytes_at(thread, address))


def texts_at(thread: int, address: int) -> tuple[str, ...]:
    """The texts of a null-ended list of pointers, such as a program's arguments."""
    with Path(f"/proc/{thread}/mem").open("rb", buffering=0) as memory:
        pointers: list[int] = []
        while True:
            (pointer,) = struct.unpack("=Q", _read(memory, address + 8 * len(pointers), 8))
            if not pointer:
                break
            pointers.append(pointer)
    return tuple(text_at(thread, pointer) for pointer in pointers)


def _bytes_at(thread: int, address: int) -> bytes:
    page = os.sysconf("SC_PAGE_SIZE")
    content = b""
    with Path(f"/proc/{thread}/mem").open("rb", buffering=0) as memory:
        while b"\0" not in content:
            content += _read(memory, address + len(content), page - (address + len(content)) % page)
    return content.partition(b"\0")[0]


def _read(memory: FileIO, address: int, size: int) -> bytes:
    """At most `size` bytes of a process. Raises ProcessLookupError when it has died: its memory then reads as empty."""
    memory.seek(address)
    content = memory.read(size)
    if not content:
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH), memory.name)
    return content


def _program(machine: str, held: Collection[str]) -> bytes:
    """The filter in BPF: notify of some calls, of opening only for writing; allow everything else."""
    architecture, known = CALLS[machine]
    numbers = {name: number for name, number in known.items() if name in held}
    code = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _ALLOW), (_LOAD, 0, 0, 0)]
    for name, number in numbers.items():
        if name in _FLAGS_AT:
            code += [
                (_EQUAL, 0, 4, number),
                (_LOAD, 0, 0, 16 + 8 * _FLAGS_AT[name]),
                (_ANY_BIT, 0, 1, _WRITING),
                (_RETURN, 0, 0, _NOTIFY),
                (_RETURN, 0, 0, _ALLOW),
            ]
        else:
            code += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _NOTIFY)]
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *statement) for statement in code)


def _unsupported(why: str) -> SandboxError:
    return SandboxError(
        f"system calls cannot be held here: {why}", remedy="run the sweep on Linux 5.19 or newer, x86-64 or arm64"
    )

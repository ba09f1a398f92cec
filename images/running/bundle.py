"""A container as Lambda would run it: read-only, without rights, one folder to write, bounded memory, its own network.

Source: OCI runtime specification 1.0.2; AWS Lambda developer guide, "Lambda runtime environment" (user 993, /tmp).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from images.oci_documents import RunConfig

MIB: Final = 1 << 20
TMP_MIB: Final = 512
"""What Lambda lets a function write under /tmp, unless more is asked for."""
OPEN_FILES: Final = 1024
"""Lambda's own bound."""
_MASKED: Final = ("/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/sys/firmware")
_READ_ONLY: Final = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a container may take; `memory_mib` holds for all of its processes, and for what lies in /tmp."""

    memory_mib: int
    tmp_mib: int = TMP_MIB


@dataclass(frozen=True, kw_only=True)
class Start:
    """How a container is started: what of the image's own is replaced, and what of this machine it may read.

    `root` are the image's files; nothing is written there, so that many containers may share them. `readable` are
    files and folders of this machine by the path at which the container sees them, below /dev, which is in memory.
    """

    root: Path
    arguments: Sequence[str]
    environment: Mapping[str, str]
    readable: Mapping[str, Path]
    cgroup: str


def runtime_config(run: RunConfig, start: Start, limits: Limits) -> dict[str, object]:
    """The configuration by which runc makes the container of an image that is unpacked."""
    user, _, group = run.user.partition(":")
    environment = {**run.variables, **start.environment}
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": int(user), "gid": int(group)},
            "args": list(start.arguments),
            "env": [f"{name}={value}" for name, value in sorted(environment.items())],
            "cwd": run.folder or "/",
            "capabilities": {kind: [] for kind in ("bounding", "effective", "permitted", "inheritable", "ambient")},
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": OPEN_FILES, "soft": OPEN_FILES}],
            "noNewPrivileges": True,
        },
        "root": {"path": str(start.root), "readonly": True},
        "hostname": "image",
        "mounts": [*_mounts(limits), *(_readable(path, source) for path, source in sorted(start.readable.items()))],
        "linux": {
            "cgroupsPath": start.cgroup,
            "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount", "network")],
            "resources": {
                "memory": {"limit": limits.memory_mib * MIB, "swap": limits.memory_mib * MIB},
                "devices": [{"allow": False, "access": "rwm"}],
            },
            "maskedPaths": list(_MASKED),
            "readonlyPaths": list(_READ_ONLY),
        },
    }


def _mounts(limits: Limits) -> list[dict[str, object]]:
    closed = ["nosuid", "nodev"]
    return [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        _tmpfs("/dev", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        _tmpfs("/dev/shm", [*closed, "noexec", "mode=1777", "size=65536k"]),  # noqa: S108
        _tmpfs("/tmp", [*closed, "mode=1777", f"size={limits.tmp_mib}m"]),  # noqa: S108
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [*closed, "noexec", "ro"]},
    ]


def _tmpfs(path: str, options: list[str]) -> dict[str, object]:
    return {"destination": path, "type": "tmpfs", "source": "tmpfs", "options": options}


def _readable(path: str, source: Path) -> dict[str, object]:
    options = ["rbind", "ro", "nosuid", "nodev"]
    return {"destination": path, "type": "bind", "source": str(source.resolve()), "options": options}

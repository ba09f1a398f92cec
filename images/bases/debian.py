"""A Debian root by mmdebstrap, for machines without a registry: what Python programs need, and what is essential."""

import copy
import os
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from images.errors import ImageError
from images.layers.store import cache_named
from images.layers.tree import EPOCH
from sandbox.engine.cache import entry_digest
from sandbox.engine.progress import Reporter

PACKAGES: Final = ("ca-certificates", "libgomp1", "libstdc++6", "media-types", "python3", "tzdata", "usr-is-merged")
"""Beside what is essential: TLS, OpenMP for LightGBM, what C++ needs, names of types, zones of time."""
_NEVER_THERE: Final = ("/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*", "/usr/share/doc/*")
_THERE: Final = "/usr/share/doc/*/copyright"
_OF_THE_BUILDER: Final = frozenset(
    {"etc/hostname", "etc/resolv.conf", "etc/machine-id", "etc/dpkg/dpkg.cfg.d/99mmdebstrap"}
)
_OF_THE_BUILDER_BELOW: Final = (
    "etc/apt/", "var/lib/apt/", "var/cache/", "var/log/", "dev/", "proc/", "sys/", "run/", "tmp/",
)  # fmt: skip
"""What tells of the machine that built, of its sources of packages, or of the moment."""
_HOOKS: Final = "/usr/share/mmdebstrap/hooks/merged-usr"
_SECONDS: Final = 900


def debian_tar(suite: str, *, environ: Mapping[str, str], renew: bool = False) -> Path:
    """The tar of a root of a suite, as the machine's own sources of apt gave it: kept, and made again where `renew`.

    Raises:
        ImageError: mmdebstrap is not there, or fails.
    """
    cache = cache_named(environ, "debian")
    name = f"{suite}-{entry_digest(repr((_command(suite, Path()), _OF_THE_BUILDER_BELOW)).encode())}"
    if renew or not cache.folder(name).is_dir():
        with cache.lock(Reporter()), cache.staging() as staging:
            raw = staging / "raw.tar"
            _run(_command(suite, raw), environ)
            with cache.staging() as whole:
                normalise(raw, whole / "root.tar")
                cache.publish(whole, name)
    return cache.folder(name) / "root.tar"


def normalise(raw: Path, target: Path) -> None:
    """Write the root without what differs from machine to machine, all of it of one time, owners by number."""
    with tarfile.open(raw) as source, tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for member in source:
            path = member.name.removeprefix("./")
            if path in {"", "."} or path in _OF_THE_BUILDER or path.startswith(_OF_THE_BUILDER_BELOW):
                continue
            kept = copy.copy(member)
            kept.name, kept.mtime, kept.uname, kept.gname = path, EPOCH, "", ""
            kept.pax_headers = dict[str, str]()
            kept.linkname = member.linkname.removeprefix("./") if member.islnk() else member.linkname
            archive.addfile(kept, source.extractfile(member) if member.isreg() else None)


def _command(suite: str, target: Path) -> list[str]:
    excluded = [f"--dpkgopt=path-exclude={pattern}" for pattern in _NEVER_THERE]
    return [
        "mmdebstrap", "--quiet", "--variant=essential", "--format=tar", f"--hook-dir={_HOOKS}",
        '--aptopt=Apt::Install-Recommends "false"', *excluded, f"--dpkgopt=path-include={_THERE}",
        f"--include={','.join(PACKAGES)}", suite, str(target),
    ]  # fmt: skip


def _run(command: list[str], environ: Mapping[str, str]) -> None:
    environment = {**os.environ, **environ, "SOURCE_DATE_EPOCH": str(EPOCH), "LC_ALL": "C.UTF-8"}
    try:
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS)
        reason = (run.stderr.strip()[-600:] or f"exit code {run.returncode}") if run.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as exc:
        reason = str(exc)
    if reason:
        raise ImageError(
            f"mmdebstrap made no root: {reason}",
            remedy="install mmdebstrap and check the sources of apt, or name a base by --base",
        )

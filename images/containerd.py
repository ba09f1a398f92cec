"""Loads images into a containerd, where Kubernetes looks for them, under the names that pods ask for."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from images.errors import ImageError
from images.oci import archived_digest, local_name

NAMESPACE: Final = "k8s.io"
"""Where the kubelet's images are."""
_SECONDS: Final = 600


@dataclass(frozen=True)
class Containerd:
    """A containerd by the address of its socket; `ctr` is its own client, on PATH or by path."""

    address: str
    ctr: str = "ctr"

    def load(self, name: str, archive: Path, *, repository: str | None = None) -> str:
        """Import an archive, and return the reference, by digest, that a pod may name.

        Args:
            name: the image's.
            archive: as `quantos images build` writes it.
            repository: as which it shall be known; its own local name where None.

        Raises:
            ImageError: the archive is none of ours, or containerd does not take it.
        """
        digest = archived_digest(archive)
        imported = local_name(name, digest)
        self._run(["images", "import", str(archive)])
        reference = f"{repository or imported.rpartition(':')[0]}@{digest}"
        self._run(["images", "tag", "--force", imported, reference])
        return reference

    def _run(self, arguments: Sequence[str]) -> None:
        command = [self.ctr, "--address", self.address, "--namespace", NAMESPACE, *arguments]
        try:
            run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
            reason = (run.stderr.strip()[-600:] or f"exit code {run.returncode}") if run.returncode else ""
        except (OSError, subprocess.TimeoutExpired) as exc:
            reason = str(exc)
        if reason:
            raise ImageError(
                f"containerd at {self.address} did not do `{' '.join(arguments[:2])}`: {reason}",
                remedy="check that containerd runs there, that ctr is on PATH, and that you may use its socket",
            )

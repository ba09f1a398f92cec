"""The locks of a self-managed Pulumi backend: who holds a stack, and since when.

A lock is `.pulumi/locks/organization/<project>/<stack>/<id>.json` with pid, user, host and time, as the engine
writes it (pulumi v3, `pkg/backend/diy/lock.go`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlparse

import boto3

from quantos.errors import SettingsError


@dataclass(frozen=True)
class BackendLock:
    """One operation that holds, or died holding, a stack."""

    owner: str
    taken_at: datetime


class BackendLocks(Protocol):
    """Lists the locks of one stack."""

    def held(self, *, project: str, stack: str) -> tuple[BackendLock, ...]:
        """Every lock, oldest first."""
        ...


@dataclass(frozen=True)
class FileLocks:
    """Locks of a `file://` backend."""

    root: Path

    def held(self, *, project: str, stack: str) -> tuple[BackendLock, ...]:
        """Every lock, oldest first; one that vanishes while we look is not there."""
        return _ordered(self._documents(self.root / _folder(project, stack)))

    def _documents(self, folder: Path) -> Iterator[bytes]:
        for path in folder.glob("*.json"):
            try:
                yield path.read_bytes()
            except FileNotFoundError:
                continue


@dataclass(frozen=True)
class S3Locks:
    """Locks of an `s3://` backend."""

    bucket: str
    prefix: str

    def held(self, *, project: str, stack: str) -> tuple[BackendLock, ...]:
        """Every lock, oldest first."""
        client = boto3.client("s3")
        listed = client.list_objects_v2(Bucket=self.bucket, Prefix=f"{self.prefix}{_folder(project, stack)}/")
        keys = [item["Key"] for item in listed.get("Contents", []) if "Key" in item]
        return _ordered(client.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys)


def backend_locks(url: str) -> BackendLocks:
    """The locks of a backend URL. Raises SettingsError for a scheme whose locks quantos cannot read."""
    parts = urlparse(url)
    if parts.scheme == "file":
        return FileLocks(Path(unquote(parts.netloc + parts.path)).expanduser())
    if parts.scheme == "s3":
        prefix = parts.path.strip("/")
        return S3Locks(bucket=parts.netloc, prefix=f"{prefix}/" if prefix else "")
    raise SettingsError(
        f"the backend {url!r} is neither s3:// nor file://, so its locks cannot be read",
        remedy="set PULUMI_BACKEND_URL to the state bucket, as `quantos env` prints it",
    )


def _folder(project: str, stack: str) -> str:
    return f".pulumi/locks/organization/{project}/{stack}"


def _ordered(documents: Iterator[bytes]) -> tuple[BackendLock, ...]:
    return tuple(sorted(map(_parse, documents), key=lambda lock: lock.taken_at))


def _parse(document: bytes) -> BackendLock:
    fields = json.loads(document)
    owner = f"{fields['username']}@{fields['hostname']} (pid {fields['pid']})"
    return BackendLock(owner=owner, taken_at=datetime.fromisoformat(fields["timestamp"]))

"""The locks of a self-managed Pulumi backend: who holds a stack, and since when.

A lock is `.pulumi/locks/organization/<project>/<stack>/<id>.json` with pid, user, host and time, as the engine
writes it (pulumi v3, `pkg/backend/diy/lock.go`). Every file in that folder counts for the engine, also
`<id>.json.<hex>.tmp`, which a writer that was killed leaves in a file backend (gocloud.dev `blob/fileblob`).
"""

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from quantos.adapters.aws import AWS, error_code, making_clients
from quantos.adapters.control_clients import CONTROL_CONFIG
from quantos.deployment.backend import FileBackend, parse_backend
from quantos.deployment.locks import BackendLock
from quantos.deployment.ports import LockedBackend
from quantos.environment.names import PROJECT
from quantos.errors import EngineError
from quantos.translation import FILES, Vendor, translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UNKNOWN = "an unknown process"
_SIDECAR = ".attrs"
"""Of files beside others, which the engine does not list."""
_GONE = {"NoSuchKey", "404"}


@dataclass(frozen=True)
class FileLocks:
    """Locks of a `file://` backend."""

    root: Path
    stack: str

    def locks(self) -> tuple[BackendLock, ...]:
        """Every lock, oldest first."""
        with _reached(FILES, self.stack):
            return _ordered(self._read())

    def _read(self) -> Iterable[BackendLock]:
        folder = self.root / _folder(self.stack)
        for path in (path for path in folder.glob("*") if path.suffix != _SIDECAR):
            try:
                content, modified = path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC)
            except FileNotFoundError:
                continue
            yield _parse(str(path.relative_to(self.root)), content, modified)

    def remove_lock(self, lock: BackendLock) -> None:
        """Remove one lock."""
        with _reached(FILES, self.stack):
            (self.root / lock.key).unlink(missing_ok=True)


@dataclass(frozen=True)
class S3Locks:
    """Locks of an `s3://` backend."""

    client: "S3Client"
    bucket: str
    prefix: str
    stack: str

    def locks(self) -> tuple[BackendLock, ...]:
        """Every lock, oldest first."""
        with _reached(AWS, self.stack):
            return _ordered(self._read())

    def _read(self) -> Iterable[BackendLock]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{self.prefix}{_folder(self.stack)}/"
        )
        for item in (item for page in pages for item in page.get("Contents", [])):
            key, modified = item.get("Key", ""), item.get("LastModified", datetime.fromtimestamp(0, UTC))
            try:
                content = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            except ClientError as exc:
                if error_code(exc) in _GONE:
                    continue
                raise
            yield _parse(key, content, modified)

    def remove_lock(self, lock: BackendLock) -> None:
        """Remove one lock."""
        with _reached(AWS, self.stack):
            self.client.delete_object(Bucket=self.bucket, Key=lock.key)


def backend_locks(url: str, *, stack: str) -> LockedBackend:
    """The locks of a stack in a backend. Raises SettingsError for a scheme whose locks quantos cannot read."""
    backend = parse_backend(url)
    if isinstance(backend, FileBackend):
        return FileLocks(backend.root, stack)
    with making_clients():
        client = boto3.client("s3", region_name=backend.region, config=CONTROL_CONFIG)
    return S3Locks(client, bucket=backend.bucket, prefix=backend.prefix, stack=stack)


def _folder(stack: str) -> str:
    return f".pulumi/locks/organization/{PROJECT}/{stack}"


def _ordered(locks: Iterable[BackendLock]) -> tuple[BackendLock, ...]:
    return tuple(sorted(locks, key=lambda lock: lock.taken_at))


def _parse(key: str, content: bytes, modified: datetime) -> BackendLock:
    """A lock from its document; from when it was written where there is none to read."""
    partial = not key.endswith(".json")
    try:
        fields = json.loads(content)
        return BackendLock(
            key=key,
            owner=f"{fields['username']}@{fields['hostname']} (pid {fields['pid']})",
            hostname=str(fields["hostname"]),
            pid=int(fields["pid"]),
            taken_at=datetime.fromisoformat(fields["timestamp"]).astimezone(UTC),
            partial=partial,
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return BackendLock(key=key, owner=UNKNOWN, hostname="", pid=0, taken_at=modified, partial=partial)


def _reached(vendor: Vendor, stack: str) -> AbstractContextManager[None]:
    return translated(
        vendor,
        into=EngineError,
        what=f"the backend's locks of {stack} could not be read or removed",
        remedy="check that this role may read and delete in the state bucket",
    )

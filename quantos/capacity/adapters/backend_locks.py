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

import boto3
from pulumi.automation import Stack

from quantos.environment.backend import FileBackend, parse_backend
from quantos.environment.names import PROJECT
from quantos.errors import EngineBusyError


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
    backend = parse_backend(url)
    if isinstance(backend, FileBackend):
        return FileLocks(backend.root)
    return S3Locks(bucket=backend.bucket, prefix=backend.prefix)


def drop_stale_locks(handle: Stack, *, url: str, stack: str, older_than: datetime) -> tuple[str, ...]:
    """Drop the locks of a stack if all are older, and name their owners.

    `older_than` is when the lease of the holder before us ended: a lock taken before that is a dead holder's.

    Raises:
        EngineBusyError: a lock is younger; `cancel` would drop it with the others.
    """
    held = backend_locks(url).held(project=PROJECT, stack=stack)
    for lock in held:
        if lock.taken_at >= older_than:
            raise EngineBusyError(
                f"{lock.owner} has held {stack} since {lock.taken_at:%H:%M:%S}",
                remedy="wait for it to end; the next plan tries again",
            )
    if held:
        handle.cancel()
    return tuple(lock.owner for lock in held)


def _folder(project: str, stack: str) -> str:
    return f".pulumi/locks/organization/{project}/{stack}"


def _ordered(documents: Iterator[bytes]) -> tuple[BackendLock, ...]:
    return tuple(sorted(map(_parse, documents), key=lambda lock: lock.taken_at))


def _parse(document: bytes) -> BackendLock:
    fields = json.loads(document)
    owner = f"{fields['username']}@{fields['hostname']} (pid {fields['pid']})"
    return BackendLock(owner=owner, taken_at=datetime.fromisoformat(fields["timestamp"]))

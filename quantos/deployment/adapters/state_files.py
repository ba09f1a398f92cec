"""The checkpoints that a self-managed backend keeps of a stack, in a folder or in a bucket.

Under `.pulumi/` are `stacks/<project>/<stack>.json` with `.bak` beside it, `backups/<project>/<stack>/` and
`history/<project>/<stack>/` (pulumi v3, `pkg/backend/diy/state.go`, `store.go`). A bucket may keep versions of all.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3
import yaml
from botocore.exceptions import ClientError

from quantos.adapters.aws import AWS, error_code, making_clients
from quantos.deployment.backend import FileBackend, S3Backend, parse_backend
from quantos.deployment.state_versions import Source, StateFiles, StateVersion, StoredState
from quantos.environment.names import PROJECT
from quantos.errors import EngineError
from quantos.translation import FILES, translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

META: Final = ".pulumi/meta.yaml"
LAYOUT: Final = "version: 1\n"
"""What the engine writes into `META` for stacks by project, the only layout quantos has."""
ENDINGS: Final = (".json", ".json.gz")
CHANGED: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
"""How S3 says that a condition of a write does not hold."""
_KEPT: Final = re.compile(r"[.-](\d{16,})\.(?:checkpoint\.)?json(?:\.gz)?$")


def state_files(url: str) -> StateFiles:
    """The state's files in a backend. Raises SettingsError for a scheme whose files quantos cannot read."""
    backend = parse_backend(url)
    if isinstance(backend, FileBackend):
        return FileStateFiles(backend.root)
    with making_clients():
        return S3StateFiles(boto3.client("s3", region_name=backend.region), backend)


@dataclass(frozen=True)
class FileStateFiles:
    """Of a `file://` backend."""

    root: Path

    def stacks(self) -> tuple[str, ...]:
        """Names of the stacks that are there, or that an update is remembered of."""
        standing = {path.name.partition(".json")[0] for path in (self.root / _stacks()).glob("*.json*")}
        remembered = {path.name for path in (self.root / ".pulumi" / "history" / PROJECT).glob("*")}
        return tuple(sorted(standing | remembered))

    def current(self, stack: str) -> StoredState:
        """The checkpoint as it stands."""
        path = self._checkpoint(stack)
        content = _read(path)
        mark = "" if content is None else hashlib.sha256(content).hexdigest()
        return StoredState(key=str(path.relative_to(self.root)), content=content, mark=mark)

    def damage(self, stack: str) -> str | None:
        """A sidecar that does not decode, or no word of the layout."""
        for path in (self._checkpoint(stack), self.root / META):
            sidecar = _sidecar(path)
            content = _read(sidecar)
            if content is not None and not _decodes(content):
                return f"the file {sidecar} beside it does not decode"
        stored = _read(self.root / META)
        return _layout_damage(stored) if stored is not None or self._checkpoint(stack).exists() else None

    def updated_before(self, stack: str) -> bool:
        """Whether the backend remembers an update."""
        return any(self._kept("history", stack))

    def versions(self, stack: str) -> tuple[StateVersion, ...]:
        """Backups, copies in the history, and the one before the last write; the newest first."""
        backup = self._checkpoint(stack)
        backup = backup.with_name(f"{backup.name}.bak")
        versions = [*self._kept("backups", stack), *self._kept("history", stack)]
        if backup.is_file():
            written = datetime.fromtimestamp(backup.stat().st_mtime, tz=UTC)
            versions.append(_backup(str(backup.relative_to(self.root)), written_at=written))
        return _newest_first(versions)

    def content(self, version: StateVersion) -> bytes:
        """A version's checkpoint."""
        content = _read(self.root / version.key)
        if content is None:
            raise _gone(version)
        return content

    def replace(self, stack: str, content: bytes, *, stored: StoredState, now: datetime) -> str | None:
        """Put a checkpoint in place of the one found, at once, and keep what was there beside it."""
        if self.current(stack).mark != stored.mark:
            raise _changed(stack)
        path = self.root / stored.key
        with translated(FILES, into=EngineError, what=f"{path} could not be replaced", remedy="see to the folder"):
            kept = self._keep(path, now) if stored.content is not None else None
            for each in (path, self.root / META):
                if _sidecar(each).exists():
                    self._keep(_sidecar(each), now)
                    _sidecar(each).unlink()
            _write(path, content)
            if self.damage(stack):
                _write(self.root / META, LAYOUT.encode())
        return kept

    def _keep(self, path: Path, now: datetime) -> str:
        kept = path.with_name(f"{path.name}.{_replaced(now)}")
        with kept.open("xb") as copy:
            copy.write(path.read_bytes())
        return str(kept)

    def _checkpoint(self, stack: str) -> Path:
        """The newest of the names it may have; the plain one where there is none."""
        folder = self.root / _stacks()
        there = [path for ending in ENDINGS if (path := folder / f"{stack}{ending}").is_file()]
        return max(there, key=lambda path: path.stat().st_mtime_ns, default=folder / f"{stack}.json")

    def _kept(self, room: str, stack: str) -> Iterator[StateVersion]:
        folder = self.root / ".pulumi" / room / PROJECT / stack
        for path in folder.glob("*"):
            if version := _kept_version(path.name, room, str(path.relative_to(self.root))):
                yield version


@dataclass(frozen=True)
class S3StateFiles:
    """Of an `s3://` backend."""

    client: "S3Client"
    backend: S3Backend

    def current(self, stack: str) -> StoredState:
        """The checkpoint as it stands."""
        key = self._checkpoint(stack)
        with self._translated(), suppress(self.client.exceptions.NoSuchKey):
            answer = self.client.get_object(Bucket=self.backend.bucket, Key=key)
            return StoredState(key=key, content=answer["Body"].read(), mark=answer["ETag"])
        return StoredState(key=key, content=None, mark="")

    def damage(self, stack: str) -> str | None:
        """No word of the layout. A bucket has no sidecars."""
        stored = self._get(f"{self.backend.prefix}{META}")
        there = stored is not None or self._listed(f"{self.backend.prefix}{_stacks()}/{stack}.json")
        return _layout_damage(stored) if there else None

    def updated_before(self, stack: str) -> bool:
        """Whether the backend remembers an update."""
        return bool(self._kept("history", stack))

    def versions(self, stack: str) -> tuple[StateVersion, ...]:
        """Backups, copies in the history, the one before the last write, and the object's versions."""
        key = self._checkpoint(stack)
        versions = [*self._kept("backups", stack), *self._kept("history", stack), *self._object_versions(key)]
        for name, written in self._listed(f"{key}.bak"):
            if name == f"{key}.bak":
                versions.append(_backup(name, written_at=written))
        return _newest_first(versions)

    def content(self, version: StateVersion) -> bytes:
        """A version's checkpoint."""
        content = self._get(version.key, version.name if version.source == "object version" else None)
        if content is None:
            raise _gone(version)
        return content

    def replace(self, stack: str, content: bytes, *, stored: StoredState, now: datetime) -> str | None:
        """Put a checkpoint in place of the one found, if it still is, and keep what was there beside it."""
        kept = None
        bucket = self.backend.bucket
        with self._translated():
            try:
                if stored.content is None:
                    self.client.put_object(Bucket=bucket, Key=stored.key, Body=content, IfNoneMatch="*")
                else:
                    kept = f"{stored.key}.{_replaced(now)}"
                    self.client.put_object(Bucket=bucket, Key=kept, Body=stored.content, IfNoneMatch="*")
                    self.client.put_object(Bucket=bucket, Key=stored.key, Body=content, IfMatch=stored.mark)
            except ClientError as exc:
                if error_code(exc) in CHANGED:
                    raise _changed(stack) from exc
                raise
            if self.damage(stack):
                self.client.put_object(Bucket=bucket, Key=f"{self.backend.prefix}{META}", Body=LAYOUT.encode())
        return None if kept is None else f"s3://{bucket}/{kept}"

    def _checkpoint(self, stack: str) -> str:
        base = f"{self.backend.prefix}{_stacks()}/{stack}"
        names = [f"{base}{ending}" for ending in ENDINGS]
        there = [(written, key) for key, written in self._listed(f"{base}.json") if key in names]
        return max(there)[1] if there else names[0]

    def _object_versions(self, key: str) -> list[StateVersion]:
        """What the bucket kept of the object beside the newest."""
        with self._translated():
            pages = self.client.get_paginator("list_object_versions").paginate(Bucket=self.backend.bucket, Prefix=key)
            listed = [each for page in pages for each in page.get("Versions", [])]
            return [
                StateVersion(name=each["VersionId"], source="object version", written_at=each["LastModified"], key=key)
                for each in listed
                if each["Key"] == key and not each["IsLatest"]
            ]

    def _kept(self, room: str, stack: str) -> list[StateVersion]:
        listed = self._listed(f"{self.backend.prefix}.pulumi/{room}/{PROJECT}/{stack}/")
        versions = (_kept_version(key.rpartition("/")[2], room, key) for key, _ in listed)
        return [version for version in versions if version is not None]

    def _listed(self, prefix: str) -> list[tuple[str, datetime]]:
        with self._translated():
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.backend.bucket, Prefix=prefix)
            return [(item["Key"], item["LastModified"]) for page in pages for item in page.get("Contents", [])]

    def _get(self, key: str, version: str | None = None) -> bytes | None:
        with self._translated(), suppress(self.client.exceptions.NoSuchKey):
            if version is None:
                return self.client.get_object(Bucket=self.backend.bucket, Key=key)["Body"].read()
            return self.client.get_object(Bucket=self.backend.bucket, Key=key, VersionId=version)["Body"].read()
        return None

    def _translated(self) -> AbstractContextManager[None]:
        return translated(
            AWS,
            into=EngineError,
            what=f"the state bucket {self.backend.bucket} could not be used",
            remedy="check that it is there and that these credentials may read and write it",
        )


def _stacks() -> str:
    return f".pulumi/stacks/{PROJECT}"


def _backup(key: str, *, written_at: datetime) -> StateVersion:
    """What the engine keeps beside the state whenever it writes it."""
    return StateVersion(name="bak", source="before the last write", written_at=written_at, key=key)


def _kept_version(file: str, room: str, key: str) -> StateVersion | None:
    """A backup, or the history's copy of a checkpoint; both bear the nanosecond of their writing."""
    match = _KEPT.search(file)
    if match is None:
        return None
    written = datetime.fromtimestamp(int(match[1]) / 1e9, tz=UTC)
    source: Source = "backup" if room == "backups" else "history"
    return StateVersion(name=match[1], source=source, written_at=written, key=key)


def _newest_first(versions: list[StateVersion]) -> tuple[StateVersion, ...]:
    return tuple(sorted(versions, key=lambda version: version.written_at, reverse=True))


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.attrs")


def _decodes(sidecar: bytes) -> bool:
    try:
        return isinstance(json.loads(sidecar), dict)
    except ValueError:
        return False


def _layout_damage(stored: bytes | None) -> str | None:
    try:
        layout = yaml.safe_load(stored or b"")
    except yaml.YAMLError:
        layout = None
    if isinstance(layout, dict) and layout.get("version") == 1:
        return None
    return f"{META} does not say how the backend is laid out"


def _read(path: Path) -> bytes | None:
    with (
        translated(FILES, into=EngineError, what=f"{path} could not be read", remedy="see to the file"),
        suppress(FileNotFoundError),
    ):
        return path.read_bytes()
    return None


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, in the engine's own manner."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid():x}.tmp")
    partial.write_bytes(content)
    partial.replace(path)


def _replaced(now: datetime) -> str:
    """The end of the name under which a file is kept that was replaced; the engine passes over such names."""
    return f"replaced-{now:%Y%m%dT%H%M%S%f}"


def _gone(version: StateVersion) -> EngineError:
    return EngineError(f"the version {version.name} is gone", remedy="look at what there is: `quantos state versions`")


def _changed(stack: str) -> EngineError:
    return EngineError(
        f"the state of {stack} was changed by another meanwhile; nothing was put back",
        remedy="look at it again, and repeat the command if it is still needed",
    )

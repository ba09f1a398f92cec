"""Where a self-managed Pulumi backend keeps its files, read from its URL as the engine reads it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

from quantos.errors import SettingsError

PLAIN_FILES = "metadata=skip"
"""Keeps the engine from writing an `.attrs` file beside each of its own: one that a kill leaves empty is a state that
loads never again (gocloud.dev `blob/fileblob`, which the engine's file backend is)."""


@dataclass(frozen=True)
class FileBackend:
    """A backend in a folder."""

    root: Path


@dataclass(frozen=True)
class S3Backend:
    """A backend in a bucket; keys begin with `prefix`, which is empty or ends in a slash. `region` None: the SDK's."""

    bucket: str
    prefix: str
    region: str | None = None


Backend: TypeAlias = FileBackend | S3Backend


def file_backend_url(root: Path) -> str:
    """The URL of a backend in a folder, without `.attrs` files."""
    return f"file://{root}?{PLAIN_FILES}"


def parse_backend(url: str) -> Backend:
    """The place a `PULUMI_BACKEND_URL` names, whatever options it carries.

    Raises:
        SettingsError: a scheme whose files quantos cannot read.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FileBackend(Path(unquote(parts.netloc + parts.path)).expanduser())
    if parts.scheme == "s3":
        prefix = parts.path.strip("/")
        (region,) = parse_qs(parts.query).get("region", [None])[-1:]
        return S3Backend(bucket=parts.netloc, prefix=f"{prefix}/" if prefix else "", region=region)
    raise SettingsError(
        f"the backend {url!r} is neither s3:// nor file://, so its files cannot be read",
        remedy="set PULUMI_BACKEND_URL to the state bucket, as `quantos env` prints it",
    )

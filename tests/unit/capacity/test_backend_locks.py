"""Locks of a file backend: listed with owner and age, broken only when a dead holder's."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from quantos.capacity.adapters.backend_locks import backend_locks, drop_stale_locks
from quantos.errors import EngineBusyError, SettingsError

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
STACK = "dev-capacity"


class Handle:
    """Stands for the Automation API's stack: remembers that it was told to cancel."""

    def __init__(self) -> None:
        self.cancelled = 0

    def cancel(self) -> None:
        self.cancelled += 1


def lock(root: Path, *, at: datetime, name: str = "a") -> None:
    folder = root / ".pulumi" / "locks" / "organization" / "quantos" / STACK
    folder.mkdir(parents=True, exist_ok=True)
    fields = {"pid": 42, "username": "ada", "hostname": "desk", "timestamp": at.isoformat()}
    (folder / f"{name}.json").write_text(json.dumps(fields), encoding="utf-8")


def test_without_a_lock_nothing_is_cancelled(tmp_path: Path) -> None:
    handle = Handle()
    assert drop_stale_locks(handle, url=f"file://{tmp_path}", stack=STACK, older_than=NOW) == ()
    assert handle.cancelled == 0


def test_a_lock_from_before_the_lease_ended_is_dropped_and_its_owner_named(tmp_path: Path) -> None:
    lock(tmp_path, at=NOW - timedelta(seconds=1))
    handle = Handle()
    dropped = drop_stale_locks(handle, url=f"file://{tmp_path}", stack=STACK, older_than=NOW)
    assert (dropped, handle.cancelled) == (("ada@desk (pid 42)",), 1)


def test_one_younger_lock_keeps_them_all(tmp_path: Path) -> None:
    lock(tmp_path, at=NOW - timedelta(seconds=9))
    lock(tmp_path, at=NOW, name="b")
    handle = Handle()
    with pytest.raises(EngineBusyError, match="ada@desk"):
        drop_stale_locks(handle, url=f"file://{tmp_path}", stack=STACK, older_than=NOW)
    assert handle.cancelled == 0


def test_a_backend_whose_locks_cannot_be_read_is_refused() -> None:
    with pytest.raises(SettingsError, match="azblob"):
        backend_locks("azblob://state")

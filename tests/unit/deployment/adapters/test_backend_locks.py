"""Locks of a backend: listed with owner and age, whole or half written; told apart by who may have left them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from quantos.deployment.adapters.backend_locks import S3Locks, backend_locks
from quantos.deployment.locks import LONGEST_WRITE, sort_locks
from quantos.errors import SettingsError
from tests.support.capacity_fakes import FakeProcesses
from tests.support.lease_cases import make_engine, make_lock

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
STACK = "dev-capacity"
FOLDER = f".pulumi/locks/organization/quantos/{STACK}"
LOCK = json.dumps({"pid": 42, "username": "ada", "hostname": "desk", "timestamp": NOW.isoformat()}).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / FOLDER
    folder.mkdir(parents=True)
    return folder


def test_a_lock_names_owner_host_and_time(tmp_path: Path, folder: Path) -> None:
    (folder / "a.json").write_bytes(LOCK)
    (lock,) = backend_locks(f"file://{tmp_path}?metadata=skip", stack=STACK).locks()
    assert (lock.owner, lock.hostname, lock.pid, lock.taken_at) == ("ada@desk (pid 42)", "desk", 42, NOW)
    assert not lock.partial


@pytest.mark.parametrize("content", [b"", b'{"pid": 4', LOCK], ids=["empty", "torn", "whole"])
def test_a_lock_whose_writer_was_killed_is_seen(tmp_path: Path, folder: Path, content: bytes) -> None:
    (folder / "a.json.18aef0.tmp").write_bytes(content)
    (lock,) = backend_locks(f"file://{tmp_path}", stack=STACK).locks()
    assert lock.partial


@pytest.mark.parametrize(("name", "lists"), [("abc", 1), ("fileblob123", 1), ("a.json.attrs", 0)])
def test_every_file_that_the_engine_takes_for_a_lock_is_one(
    tmp_path: Path, folder: Path, name: str, lists: int
) -> None:
    (folder / name).write_bytes(LOCK)
    assert len(backend_locks(f"file://{tmp_path}", stack=STACK).locks()) == lists


@pytest.mark.parametrize("content", [b"", b"[]", b'{"pid": "x"}', b"\xff", b'{"pid": 1e400}', b"[" * 100_000])
def test_a_lock_that_says_nothing_is_a_lock(tmp_path: Path, folder: Path, content: bytes) -> None:
    (folder / "a.json").write_bytes(content)
    (lock,) = backend_locks(f"file://{tmp_path}", stack=STACK).locks()
    assert (lock.pid, lock.owner) == (0, "an unknown process")


def test_only_the_named_lock_is_removed_and_twice_does_no_harm(tmp_path: Path, folder: Path) -> None:
    (folder / "a.json").write_bytes(LOCK)
    (folder / "b.json").write_bytes(LOCK)
    locks = backend_locks(f"file://{tmp_path}", stack=STACK)
    first, second = locks.locks()
    locks.remove_lock(first)
    locks.remove_lock(first)
    assert locks.locks() == (second,)


def test_a_backend_whose_locks_cannot_be_read_is_refused() -> None:
    with pytest.raises(SettingsError, match="azblob"):
        backend_locks("azblob://state", stack=STACK)


def test_a_lock_in_a_bucket_that_vanishes_between_list_and_get_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("s3", "us-east-1")
        client.create_bucket(Bucket="state")
        for name in ("a", "b"):
            client.put_object(Bucket="state", Key=f"team/{FOLDER}/{name}.json", Body=LOCK)

        def vanish(params: dict[str, str], **_: object) -> None:
            if params["Key"].endswith("a.json"):
                boto3.client("s3", "us-east-1").delete_object(Bucket="state", Key=params["Key"])

        client.meta.events.register("before-parameter-build.s3.GetObject", vanish)
        locks = S3Locks(client, bucket="state", prefix="team/", stack=STACK)
        (lock,) = locks.locks()
        assert lock.key == f"team/{FOLDER}/b.json"
        locks.remove_lock(lock)
        assert locks.locks() == ()


class TestSorting:
    """Whose a lock is, by the engines that holders recorded."""

    @pytest.mark.parametrize(
        ("lock", "kind"),
        [
            pytest.param(make_lock(pid=8, at=NOW), "dead", id="of-a-dead-engine"),
            pytest.param(make_lock(pid=8, at=NOW - timedelta(seconds=5)), "foreign", id="older-than-the-engine"),
            pytest.param(make_lock(pid=9, at=NOW), "foreign", id="of-another-process"),
            pytest.param(make_lock(pid=0, at=NOW, partial=True), "dead", id="half-written-by-a-dead-engine"),
        ],
    )
    def test_locks_of_dead_engines_are_theirs_alone(self, lock: object, kind: str) -> None:
        sorted_locks = sort_locks([lock], [make_engine(pid=8, at=NOW)], processes=FakeProcesses(), now=NOW)
        assert getattr(sorted_locks, kind) == (lock,)

    def test_an_engine_that_runs_or_runs_elsewhere_keeps_its_lock(self) -> None:
        lock = make_lock(pid=8)
        running = sort_locks([lock], [make_engine(pid=8)], processes=FakeProcesses({1, 8}), now=NOW)
        elsewhere = sort_locks([lock], [make_engine(pid=8, host="away")], processes=FakeProcesses(), now=NOW)
        assert (running.living, elsewhere.living) == ((lock,), (lock,))

    def test_an_engine_whose_credentials_ended_is_dead_wherever_it_ran(self) -> None:
        lock, engine = make_lock(pid=8), make_engine(pid=8, host="away", ends_at=NOW + timedelta(minutes=10))
        early = sort_locks([lock], [engine], processes=FakeProcesses(), now=NOW + timedelta(minutes=10))
        late = sort_locks([lock], [engine], processes=FakeProcesses(), now=NOW + timedelta(minutes=11))
        assert (early.living, late.dead) == ((lock,), (lock,))

    def test_what_nobody_can_be_writing_any_more_is_dead(self) -> None:
        lock = make_lock(pid=0, at=NOW, partial=True)
        young = sort_locks([lock], [], processes=FakeProcesses(), now=NOW + LONGEST_WRITE / 2)
        old = sort_locks([lock], [], processes=FakeProcesses(), now=NOW + LONGEST_WRITE)
        assert (young.foreign, old.dead) == ((lock,), (lock,))

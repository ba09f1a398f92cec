"""What a backend keeps of a stack's state, and what is put back: the same of a folder and of a bucket (moto)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import boto3
import pytest
from moto import mock_aws

from quantos.deployment.adapters.state_files import FileStateFiles, S3StateFiles, state_files
from quantos.deployment.backend import S3Backend
from quantos.deployment.state_versions import StateFiles, ensure_readable, propose, unknown_pools
from quantos.errors import EngineError, SettingsError, StateUnreadableError
from tests.support.checkpoints import SAVED_AT, STACK, checkpoint, new_stack

NOW = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
BUCKET = "state"
STATE = f".pulumi/stacks/quantos/{STACK}.json"


class Place(Protocol):
    """A backend that the test writes as the engine would."""

    files: StateFiles

    def put(self, key: str, content: bytes) -> None: ...
    def drop(self, key: str) -> None: ...
    def get(self, key: str) -> bytes: ...


class Folder:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: StateFiles = FileStateFiles(root)

    def put(self, key: str, content: bytes) -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def drop(self, key: str) -> None:
        (self.root / key).unlink()

    def get(self, key: str) -> bytes:
        return (self.root / key).read_bytes()


class Bucket:
    def __init__(self) -> None:
        self.client = boto3.client("s3", region_name="us-east-1")
        self.client.create_bucket(Bucket=BUCKET)
        self.client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        self.files: StateFiles = S3StateFiles(self.client, S3Backend(BUCKET, "team/"))

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=f"team/{key}", Body=content)

    def drop(self, key: str) -> None:
        self.client.delete_object(Bucket=BUCKET, Key=f"team/{key}")

    def get(self, key: str) -> bytes:
        return self.client.get_object(Bucket=BUCKET, Key=f"team/{key}")["Body"].read()


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made = Folder(tmp_path) if request.param == "folder" else Bucket()
        made.put(".pulumi/meta.yaml", b"version: 1\n")
        yield made


def nanoseconds(minutes: int) -> int:
    return int((SAVED_AT + timedelta(minutes=minutes)).timestamp() * 1e9)


def update(place: Place, minutes: int, content: bytes) -> str:
    """What the engine leaves of one update; returns the name of its backup."""
    backup, history = nanoseconds(minutes) + 1_000, nanoseconds(minutes)
    place.put(STATE, content)
    place.put(f".pulumi/backups/quantos/{STACK}/{STACK}.{backup}.json", content)
    place.put(f".pulumi/history/quantos/{STACK}/{STACK}-{history}.history.json", b"{}")
    place.put(f".pulumi/history/quantos/{STACK}/{STACK}-{history}.checkpoint.json", content)
    return str(backup)


BROKEN = {
    "empty": b"",
    "truncated": checkpoint("cpu", "memory")[:-40],
    "garbage": b"\x00\x01",
    "braces": b"{}",
    "new": new_stack(),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_state_is_told_and_the_newest_version_that_loads_put_back_beside_it(
    place: Place, content: bytes
) -> None:
    update(place, 0, checkpoint("cpu"))
    newest = update(place, 10, checkpoint("cpu", "memory"))
    place.put(STATE, content)
    with pytest.raises(StateUnreadableError):
        ensure_readable(place.files, STACK)

    found = propose(place.files, STACK, name=None)
    kept = place.files.replace(STACK, found.content, stored=found.stored, now=NOW)

    assert place.get(STATE) == checkpoint("cpu", "memory")
    assert found.version.name == newest or place.files.content(found.version) == checkpoint("cpu", "memory")
    assert ensure_readable(place.files, STACK) is not None
    assert kept is not None
    assert place.get(f"{STATE}.{kept.rpartition('.json.')[2]}") == content


def test_a_state_that_is_gone_though_the_stack_was_updated_is_told_and_put_back(place: Place) -> None:
    update(place, 0, checkpoint("cpu"))
    place.drop(STATE)
    with pytest.raises(StateUnreadableError, match="not there"):
        ensure_readable(place.files, STACK)
    found = propose(place.files, STACK, name=None)
    assert place.files.replace(STACK, found.content, stored=found.stored, now=NOW) is None
    assert ensure_readable(place.files, STACK) is not None


def test_a_stack_that_never_was_and_one_just_made_are_no_broken_states(place: Place) -> None:
    assert ensure_readable(place.files, STACK) is None
    place.put(STATE, new_stack())
    assert ensure_readable(place.files, STACK) is not None


@pytest.mark.parametrize("layout", [b"", b"{{{", b"version: 0\n"])
def test_a_backend_that_does_not_say_how_it_is_laid_out_is_told_and_mended(place: Place, layout: bytes) -> None:
    update(place, 0, checkpoint("cpu"))
    place.put(".pulumi/meta.yaml", layout)
    with pytest.raises(StateUnreadableError, match=r"meta\.yaml"):
        ensure_readable(place.files, STACK)
    found = propose(place.files, STACK, name=None)
    assert found.version.name == "current"
    place.files.replace(STACK, found.content, stored=found.stored, now=NOW)
    assert ensure_readable(place.files, STACK) is not None


@pytest.mark.parametrize("beside", [STATE, ".pulumi/meta.yaml"])
@pytest.mark.parametrize("sidecar", [b"", b'{"user.cache', b"[]"])
def test_a_sidecar_that_does_not_decode_is_set_aside_and_the_state_stays(
    tmp_path: Path, sidecar: bytes, beside: str
) -> None:
    place = Folder(tmp_path)
    place.put(".pulumi/meta.yaml", b"version: 1\n")
    update(place, 0, checkpoint("cpu"))
    place.put(f"{beside}.attrs", sidecar)
    with pytest.raises(StateUnreadableError, match="attrs"):
        ensure_readable(place.files, STACK)
    found = propose(place.files, STACK, name=None)
    place.files.replace(STACK, found.content, stored=found.stored, now=NOW)
    assert ensure_readable(place.files, STACK) is not None
    assert place.get(STATE) == checkpoint("cpu")
    assert [path.read_bytes() for path in tmp_path.rglob("*.attrs.replaced-*")] == [sidecar]


def test_an_older_version_is_put_back_by_name_and_what_it_does_not_know_is_named(place: Place) -> None:
    old = update(place, 0, checkpoint("cpu"))
    update(place, 10, checkpoint("cpu", "memory"))
    place.put(STATE, checkpoint("cpu", "memory", "gpu").partition(b"quantos-dev:gpu")[0])

    found = propose(place.files, STACK, name=old)

    assert found.version.name == old
    assert [each.id for each in found.forgotten] == ["quantos-dev:memory", ""]
    assert [each.name for each in found.forgotten] == ["memory", "gpu"]


@pytest.mark.parametrize(
    ("standing", "forgotten"),
    [(b"\x00\x01", ["memory"]), (checkpoint("cpu", "gpu"), ["gpu", "memory"])],
    ids=["by-a-newer-version", "by-the-state-that-stands"],
)
def test_what_is_known_elsewhere_alone_is_named_too(place: Place, standing: bytes, forgotten: list[str]) -> None:
    old = update(place, 0, checkpoint("cpu"))
    update(place, 10, checkpoint("cpu", "memory"))
    place.put(STATE, standing)

    assert [each.name for each in propose(place.files, STACK, name=old).forgotten] == forgotten


def test_a_state_that_loads_is_changed_only_to_a_version_that_was_named(place: Place) -> None:
    old = update(place, 0, checkpoint("cpu", "spot", begun=("gpu",)))
    update(place, 10, checkpoint("cpu", "memory"))
    with pytest.raises(SettingsError, match="can be loaded"):
        propose(place.files, STACK, name=None)
    found = propose(place.files, STACK, name=old)
    assert ([each.name for each in found.forgotten], [each.name for each in found.revived]) == (["memory"], ["spot"])
    assert [each.name for each in found.begun] == ["gpu"]


def test_nothing_is_put_back_over_what_another_wrote_meanwhile(place: Place) -> None:
    update(place, 0, checkpoint("cpu"))
    place.put(STATE, b"")
    found = propose(place.files, STACK, name=None)
    place.put(STATE, checkpoint("other"))
    with pytest.raises(EngineError, match="changed by another"):
        place.files.replace(STACK, found.content, stored=found.stored, now=NOW)
    assert place.get(STATE) == checkpoint("other")


def test_a_name_that_fits_several_or_none_is_refused(place: Place) -> None:
    update(place, 0, checkpoint("cpu"))
    update(place, 10, checkpoint("cpu"))
    for name in ("17", "nothing"):
        with pytest.raises(SettingsError, match="has a name that starts so"):
            propose(place.files, STACK, name=name)


def test_where_no_version_loads_that_is_said(place: Place) -> None:
    place.put(STATE, b"")
    with pytest.raises(SettingsError, match="can be loaded"):
        propose(place.files, STACK, name=None)


def test_a_bucket_offers_what_it_kept_of_the_object_when_there_are_no_backups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        place = Bucket()
        place.put(".pulumi/meta.yaml", b"version: 1\n")
        for content in (checkpoint("cpu"), checkpoint("cpu", "memory"), b""):
            place.put(STATE, content)
        found = propose(place.files, STACK, name=None)
        assert (found.version.source, found.content) == ("object version", checkpoint("cpu", "memory"))
        files = state_files(f"s3://{BUCKET}/team?region=us-east-1")
        assert files.current(STACK).content == b""


def test_pools_of_the_plan_and_of_the_cluster_that_a_state_does_not_know_are_named(place: Place) -> None:
    update(place, 0, checkpoint("cpu"))
    known = ensure_readable(place.files, STACK)
    assert known is not None
    assert unknown_pools(known, planned={"cpu", "memory", "gpu"}, groups={"cpu": "cpu", "gpu": "gpu-1"}) == (
        "pool gpu: its node group gpu-1 stands", "pool memory: planned, none stands",
    )  # fmt: skip

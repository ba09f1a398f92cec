"""A log is kept as it comes, in parts that together are the log, whoever finishes it."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from quantos.contracts.dag.outputs import Output
from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.workspace_archive import WorkspaceArchive
from quantos.orchestration.attempt.folder import AttemptFolder
from quantos.orchestration.attempt.log_shipping import LogShipper
from quantos.orchestration.logs.ports import MOST_PART_BYTES

NAME = "alpha/bt-1/1/a/1"


@pytest.fixture
def archive() -> Iterator[WorkspaceArchive]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        client.create_bucket(Bucket="artifacts")
        yield WorkspaceArchive(client, "artifacts")


@pytest.fixture
def folder(tmp_path: Path) -> AttemptFolder:
    folder = AttemptFolder(tmp_path / "a")
    folder.prepare(b"order")
    folder.log.touch()
    return folder


def parts(archive: WorkspaceArchive) -> list[bytes]:
    listed = archive.client.list_objects_v2(Bucket="artifacts", Prefix=f"workspaces/{NAME}/log/").get("Contents", [])
    keys = sorted(entry["Key"] for entry in listed if entry["Key"].endswith(".txt"))
    return [archive.client.get_object(Bucket="artifacts", Key=key)["Body"].read() for key in keys]


def test_whole_lines_are_kept_as_they_come_and_the_rest_at_the_end(
    archive: WorkspaceArchive, folder: AttemptFolder
) -> None:
    shipper = LogShipper(archive, folder, NAME)
    for written, kept in (("one\ntw", [b"one\n"]), ("o\n", [b"one\n", b"two\n"]), ("thr", [b"one\n", b"two\n"])):
        folder.log.write_text(folder.log.read_text() + written)
        shipper.ship()
        assert parts(archive) == kept
    archive.finish_log(NAME, log=folder.log, end="succeeded")
    archive.finish_log(NAME, log=folder.log, end="succeeded")
    assert parts(archive) == [b"one\n", b"two\n", b"thr"]


def test_no_part_is_larger_than_a_reader_takes(archive: WorkspaceArchive, folder: AttemptFolder) -> None:
    text = b"x" * (2 * MOST_PART_BYTES + 7) + b"\n" + b"y" * 10
    folder.log.write_bytes(text)
    LogShipper(archive, folder, NAME).ship()
    archive.finish_log(NAME, log=folder.log, end="failure")
    kept = parts(archive)
    assert b"".join(kept) == text
    assert max(map(len, kept)) == MOST_PART_BYTES


def test_whoever_finishes_a_log_goes_on_where_another_ended(archive: WorkspaceArchive, folder: AttemptFolder) -> None:
    folder.log.write_bytes(b"one\ntwo\n")
    archive.put_log(NAME, 0, part=b"one\n")
    archive.finish_log(NAME, log=folder.log, end="infrastructure")
    assert parts(archive) == [b"one\n", b"two\n"]


def test_an_object_that_was_changed_is_not_taken(archive: WorkspaceArchive, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"model")
    output = archive.put_output(NAME, "model", file=tmp_path / "file")
    assert archive.fetch(output, tmp_path / "in" / "model").read_bytes() == b"model"
    archive.client.put_object(Bucket="artifacts", Key=f"workspaces/{NAME}/files/model", Body=b"other")
    with pytest.raises(OrchestrationError, match="is not what was written there"):
        archive.fetch(output, tmp_path / "model")
    with pytest.raises(OrchestrationError, match="cannot be read"):
        archive.fetch(Output(type="object", uri="s3://artifacts/none", size_bytes=0), tmp_path / "none")

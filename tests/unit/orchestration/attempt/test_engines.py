"""What an attempt takes is brought where its kind wants it, and each kind's engine is asked."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from quantos.contracts.dag.outputs import Output
from quantos.orchestration.adapters.workspace_archive import WorkspaceArchive
from quantos.orchestration.attempt.engines import MachineEngines

TABLE = Output(type="table", uri="iceberg://alpha/bars", snapshot_id="7", size_bytes=10)


class OneTable:
    """A lake of one table, which says its snapshot."""

    def export(self, table: Output, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "a.parquet").write_text(str(table.snapshot_id))


@pytest.fixture
def archive() -> Iterator[WorkspaceArchive]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        client.create_bucket(Bucket="artifacts")
        yield WorkspaceArchive(client, "artifacts")


def engines(archive: WorkspaceArchive, tables: OneTable) -> MachineEngines:
    return MachineEngines(archive=archive, tables=tables, programs=_never, ray_jobs=_never, statements=_never)


def _never(program: object) -> object:
    raise AssertionError(program)


def test_a_table_is_a_folder_of_its_snapshots_files(archive: WorkspaceArchive, tmp_path: Path) -> None:
    place = engines(archive, OneTable()).fetch(TABLE, tmp_path / "inputs" / "bars")
    assert [(file.name, file.read_text()) for file in place.iterdir()] == [("a.parquet", "7")]


def test_an_object_is_a_file(archive: WorkspaceArchive, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    output = archive.put_output("alpha/bt-1/1/a/1", "data", file=tmp_path / "file")
    place = engines(archive, OneTable()).fetch(output, tmp_path / "inputs" / "data")
    assert place.read_text() == "text"

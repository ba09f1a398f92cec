"""Real lakes to try things on: pyiceberg over SQLite or Glue, on files or on moto's S3."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import boto3
import pyarrow as pa
import pytest
from moto.server import ThreadedMotoServer
from pyiceberg.catalog.glue import GlueCatalog

from quantos.lake.adapters.composition import open_embedded_lake
from quantos.lake.adapters.iceberg import IcebergLake
from quantos.lake.place import EmbeddedLake
from quantos.lake.tables import Stamp, TableName
from tests.support.faulty_aws import REGION, Call

BARS = TableName("market", "bars")
STAMP = Stamp(submission="alpha/x/1", node="fetch", attempt="1")
OTHER = Stamp(submission="alpha/x/1", node="fetch", attempt="2")
THIRD = Stamp(submission="alpha/y/1", node="fetch", attempt="1")


def rows(*closes: float) -> pa.Table:
    return pa.table({"symbol": pa.array(["A"] * len(closes), pa.string()), "close": pa.array(closes, pa.float64())})


def file_lake(folder: Path) -> IcebergLake:
    """SQLite and files."""
    return open_embedded_lake(EmbeddedLake(f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}/warehouse"))


@contextmanager
def moto_endpoint() -> Iterator[str]:
    """An S3 and a Glue of moto's, with a bucket `lake`."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    try:
        boto3.client("s3", REGION, endpoint_url=endpoint, **KEYS).create_bucket(Bucket="lake")
        yield endpoint
    finally:
        server.stop()


KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


def s3_lake(folder: Path, endpoint: str) -> IcebergLake:
    """SQLite, and an S3."""
    place = EmbeddedLake(
        f"sqlite:///{folder}/catalog.db",
        warehouse="s3://lake/warehouse",
        s3_endpoint=endpoint,
        access_key="test",
        secret_key="test",
    )
    return open_embedded_lake(place)


def glue_lake(endpoint: str) -> IcebergLake:
    """Glue, and an S3."""
    client = boto3.client("glue", REGION, endpoint_url=endpoint, **KEYS)
    properties = {
        "warehouse": "s3://lake/glue",
        "s3.endpoint": endpoint,
        "s3.region": REGION,
        "s3.access-key-id": "test",
        "s3.secret-access-key": "test",
    }
    return IcebergLake(GlueCatalog("glue", client, **properties))


def lake_calls() -> dict[str, Call]:
    """Calls for the contract that every adapter is held to, on Glue and files; `quiet` prepares what a call undoes."""
    boto3.client("glue", REGION).create_database(DatabaseInput={"Name": "market"})
    folder = tempfile.mkdtemp()
    lake, quiet = (
        IcebergLake(GlueCatalog("glue", session.client("glue", REGION), warehouse=f"file://{folder}"), lambda _: None)
        for session in (boto3, boto3.Session())
    )
    numbers = count()
    snapshot = lake.create(BARS, rows(1.0), stamp=STAMP)

    def drop() -> None:
        spare = TableName("market", f"spare_{next(numbers)}")
        quiet.create(spare, rows(1.0), stamp=STAMP)
        lake.drop(spare)

    def untag() -> None:
        quiet.tag(snapshot, "q", until_ms=2**42)
        lake.untag(BARS, "q")

    return {
        "lake.iceberg:IcebergLake.snapshot": lambda: lake.snapshot(BARS),
        "lake.iceberg:IcebergLake.find": lambda: lake.find(BARS),
        "lake.iceberg:IcebergLake.schema": lambda: lake.schema(snapshot),
        "lake.iceberg:IcebergLake.export": lambda: lake.export(snapshot, Path(folder) / "exported"),
        "lake.iceberg:IcebergLake.tag": lambda: lake.tag(snapshot, f"q-{next(numbers)}", until_ms=2**42),
        "lake.iceberg:IcebergLake.untag": untag,
        "lake.iceberg:IcebergLake.create": lambda: lake.create(
            TableName("market", f"bars_{next(numbers)}"), rows(1.0), stamp=STAMP
        ),
        "lake.iceberg:IcebergLake.append": lambda: lake.append(
            BARS, rows(1.0), stamp=Stamp("a", "n", str(next(numbers)))
        ),
        "lake.iceberg:IcebergLake.stamped": lambda: lake.stamped(BARS, STAMP),
        "lake.iceberg:IcebergLake.drop": drop,
    }


def broken_lakes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Call]:
    """A catalog in a folder that is not there."""
    place = EmbeddedLake(f"sqlite:///{folder}/nowhere/catalog.db", warehouse=f"file://{folder}")
    return {"lake.composition:open_embedded_lake": lambda: open_embedded_lake(place)}

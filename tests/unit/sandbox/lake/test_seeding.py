"""The example's statement runs over the sandbox's own lake, on DuckDB, and gives what its next node takes."""

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from quantos.contracts.dag.admission import Admission
from quantos.contracts.dag.outputs import Output
from quantos.errors import OrchestrationError
from quantos.lake.adapters.composition import open_embedded_lake
from quantos.lake.tables import Snapshot
from quantos.orchestration.adapters.s3_objects import S3Objects
from quantos.orchestration.adapters.s3_statements import S3Admissions
from quantos.orchestration.attempt.machine_lake import MachineLake, sql_engine
from sandbox.lake.embedded import BUCKET, QUERIES, embedded_lake, make_buckets
from sandbox.lake.seeding import DAILY_BARS, DAYS, STATEMENT, SYMBOLS, daily_bars, seed
from tests.support.lakes import file_lake, moto_endpoint
from tests.support.statements import statement


def test_the_example_reads_what_was_seeded(tmp_path: Path) -> None:
    with moto_endpoint() as endpoint:
        variables = {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1"}
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        place = embedded_lake(tmp_path, environ={**variables, **keys})
        client, lake = make_buckets(place), open_embedded_lake(place)
        snapshot = seed(lake, client)
        assert seed(lake, client) == snapshot
        comment = lake.catalog.load_table(("market", "daily_bars")).properties["comment"]
        text = client.get_object(Bucket=QUERIES, Key=STATEMENT)["Body"].read().decode()
        admissions = S3Admissions(S3Objects(client, BUCKET))
        uri = admitted(admissions, text, snapshot)
        machine = MachineLake(
            results="results",
            lake=lake,
            engine=sql_engine(lake, trino="", scratch=tmp_path),
            admissions=admissions,
            digest="d" * 64,
        )
        ran = machine.run(replace(statement("alpha/x/1/fetch_data/1"), uri=uri))
        output = ran.outputs["table"]
        assert isinstance(output, Output)
        machine.export(output, tmp_path / "out")
        with pytest.raises(OrchestrationError, match="nothing was admitted"):
            replace(machine, digest="e" * 64).run(statement("alpha/x/1/fetch_data/1"))
        with pytest.raises(OrchestrationError, match="has no snapshot 7"):
            machine.export(output.model_copy(update={"snapshot_id": "7"}), tmp_path / "none")
    assert comment.startswith("synthetic")
    table = pq.read_table(tmp_path / "out")
    assert (table.num_rows, table.column_names) == (DAYS * SYMBOLS, ["day", "symbol", "close", "volume"])


def admitted(admissions: S3Admissions, text: str, snapshot: Snapshot) -> str:
    uri = f"s3://{QUERIES}/{STATEMENT}"
    admission = Admission(statements={uri: admissions.keep_text(text)}, snapshots={str(DAILY_BARS): snapshot.id})
    assert admissions.keep("alpha", "d" * 64, admission) == admission
    assert admissions.keep("alpha", "d" * 64, Admission()) == admission
    return uri


@pytest.mark.parametrize("stated", ["127.0.0.1", "localhost:http", ":8080"])
def test_what_names_no_trino_is_refused(tmp_path: Path, stated: str) -> None:
    with pytest.raises(OrchestrationError, match="is no host:port"):
        sql_engine(file_lake(tmp_path), trino=stated, scratch=tmp_path)


def test_prices_are_the_same_whenever_they_are_made() -> None:
    assert daily_bars().equals(daily_bars())
    closes = daily_bars()["close"].to_pylist()
    assert min(closes) > 0
    assert {day.weekday() for day in daily_bars()["day"].to_pylist()} == {0, 1, 2, 3, 4}

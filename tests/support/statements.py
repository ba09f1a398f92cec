"""A table with a column of each type, and statements that two engines should answer alike."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from quantos.contracts.dag.admission import Admission
from quantos.contracts.dag.outputs import Output
from quantos.lake.ports import Lake
from quantos.lake.tables import Snapshot, Stamp, TableName
from quantos.orchestration.execution.local import Given, Statement

TABLE = TableName("m", "t")
URI = "s3://queries/a.sql"
GIVEN = Given(cores=1, memory_bytes=1024**3, gpus=0, time_ms=120_000)
COLUMNS = pa.schema(
    [
        ("d", pa.date32()),
        ("i", pa.int64()),
        ("j", pa.int32()),
        ("f", pa.float64()),
        ("r", pa.float32()),
        ("p", pa.decimal128(18, 2)),
        ("s", pa.string()),
        ("b", pa.bool_()),
        ("z", pa.timestamp("us", tz="UTC")),
        ("ts", pa.timestamp("us")),
    ]
)
AT = datetime(2026, 3, 1, 14, 30, 5, 123456, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    {"d": date(2026, 3, 1), "i": 7, "j": 2, "f": 2.5, "r": 0.5, "p": Decimal("1.25"), "s": "a", "b": True,
     "z": AT, "ts": AT.replace(tzinfo=None)},
    {"d": date(2026, 3, 31), "i": -7, "j": 2, "f": -2.5, "r": 1.5, "p": Decimal("-1.25"), "s": "B", "b": False,
     "z": AT, "ts": AT.replace(tzinfo=None)},
    {"d": date(2026, 12, 31), "i": 2**53 + 1, "j": 3, "f": 0.1, "r": 2.5, "p": Decimal("99999999.99"), "s": "é",
     "b": True, "z": AT, "ts": AT.replace(tzinfo=None)},
    {"d": date(2027, 1, 3), "i": 0, "j": 5, "f": 1e300, "r": None, "p": Decimal("0.00"), "s": "", "b": None,
     "z": None, "ts": None},
    dict.fromkeys(COLUMNS.names),
]  # fmt: skip
ALIKE = [text for text in Path(__file__).with_name("alike.sql").read_text(encoding="utf-8").split(";") if text.strip()]

PARAMETERS: Mapping[str, object] = {
    "text": "it's -- /* :x", "whole": -5, "part": 0.1, "yes": True, "day": "2026-02-28", "limit": 1
}  # fmt: skip
FAILING = ["SELECT i / 0 AS a FROM m.t", "SELECT i % (j - j) AS a FROM m.t", "SELECT NULL AS a FROM m.t"]


def parameters_of(text: str) -> Mapping[str, object]:
    return PARAMETERS if ":text" in text else {}


def seeded(lake: Lake) -> Snapshot:
    """A table with these rows."""
    data = pa.Table.from_pylist(ROWS, schema=COLUMNS)
    return lake.create(TABLE, data, stamp=Stamp("seed", "seed", "1"))


def admitted(snapshot: Snapshot) -> Admission:
    return Admission(statements={URI: "a" * 64}, snapshots={str(snapshot.table): snapshot.id})


def statement(name: str, *, text: str = "", tables: Mapping[str, Output] = {}, given: Given = GIVEN) -> Statement:
    return Statement(
        name=name,
        team="alpha",
        submission_id="x",
        uri=URI,
        parameters=parameters_of(text),
        tables=tables,
        out="table",
        given=given,
    )


class Texts:
    """Statements by digest: always the same one."""

    def __init__(self, text: str) -> None:
        self._text = text

    def text(self, digest: str) -> str:
        return self._text

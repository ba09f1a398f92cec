"""What the example of the documentation reads: a table of made-up prices, and its statement."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from quantos.lake.ports import Tables
from quantos.lake.tables import Snapshot, Stamp, TableName
from sandbox.lake.embedded import QUERIES

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DAILY_BARS: Final = TableName("market", "daily_bars")
STATEMENT: Final = "bt_fetch.sql"
SEED: Final = 20261120
SYMBOLS: Final = 20
DAYS: Final = 500
LAST_DAY: Final = date(2026, 11, 20)
_ORIGIN: Final = {b"comment": b"synthetic: a seeded random walk of the sandbox, and no market's prices"}
_STAMP: Final = Stamp(submission="sandbox", node="seed", attempt="1")


def seed(lake: Tables, client: "S3Client") -> Snapshot:
    """Put the table and the statement there, once; returns the table's snapshot. Raises LakeError."""
    statement = Path(__file__).with_name(STATEMENT).read_bytes()
    client.put_object(Bucket=QUERIES, Key=STATEMENT, Body=statement, ContentType="application/sql")
    return lake.create(DAILY_BARS, daily_bars(), stamp=_STAMP)


def daily_bars() -> pa.Table:
    """Synthetic closes and volumes of weekdays: day, symbol, close, volume; the same whenever it is asked for.

    Log returns are normal, with a part that all symbols share, and a volatility that comes and goes.
    """
    rng = np.random.default_rng(SEED)
    days = np.busday_offset(np.datetime64(LAST_DAY), np.arange(1 - DAYS, 1), roll="backward")
    volatility = 0.012 * (1 + 0.5 * np.sin(np.arange(DAYS) / 40))[:, np.newaxis]
    returns = volatility * (0.5 * rng.standard_normal((DAYS, 1)) + 0.9 * rng.standard_normal((DAYS, SYMBOLS)))
    closes = rng.uniform(20, 200, SYMBOLS) * np.exp(np.cumsum(returns, axis=0))
    volumes = rng.lognormal(13, 0.5, (DAYS, SYMBOLS)) * (1 + 20 * np.abs(returns))
    symbols = [f"SYN{number:02d}" for number in range(SYMBOLS)]
    schema = pa.schema(
        [("day", pa.date32()), ("symbol", pa.string()), ("close", pa.float64()), ("volume", pa.int64())],
        metadata=_ORIGIN,
    )
    columns = [
        pa.array(np.repeat(days, SYMBOLS), pa.date32()),
        pa.array(symbols * DAYS, pa.string()),
        pa.array(np.round(closes, 4).ravel(), pa.float64()),
        pa.array(volumes.astype(np.int64).ravel(), pa.int64()),
    ]
    return pa.Table.from_arrays(columns, schema=schema)

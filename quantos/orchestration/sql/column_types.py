"""What Trino calls the types of columns."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_PLAIN = {
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "float": "REAL",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "large_string": "VARCHAR",
    "binary": "VARBINARY",
    "large_binary": "VARBINARY",
    "date32[day]": "DATE",
    "timestamp[us]": "TIMESTAMP(6)",
    "timestamp[us, tz=UTC]": "TIMESTAMP(6) WITH TIME ZONE",
}


def trino_type(kind: "pa.DataType") -> str:
    """A type of Arrow's as Trino calls it; `UNKNOWN` where a statement is not translated that reads it."""
    text = str(kind)
    if text.startswith("decimal128"):
        return f"DECIMAL{text.removeprefix('decimal128')}"
    return _PLAIN.get(text, "UNKNOWN")

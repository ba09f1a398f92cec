"""What is asked of the lake. Every call raises LakeError where it cannot be done."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from quantos.lake.tables import Snapshot, Stamp, TableName

if TYPE_CHECKING:
    import pyarrow as pa


class Snapshots(Protocol):
    """Tables as they are and were."""

    def snapshot(self, table: TableName, snapshot_id: str | None = None) -> Snapshot:
        """The table's current snapshot, or that of an id."""
        ...

    def find(self, table: TableName) -> Snapshot | None:
        """The table's current snapshot; None where there is no table, or nothing in it yet."""
        ...

    def schema(self, snapshot: Snapshot) -> "pa.Schema":
        """The columns of a snapshot."""
        ...

    def export(self, snapshot: Snapshot, folder: Path) -> None:
        """Write a snapshot as Parquet files into a folder, which is made; one without rows is a file too."""
        ...


class Tags(Protocol):
    """Names that keep a snapshot from being expired."""

    def tag(self, snapshot: Snapshot, name: str, *, until_ms: int) -> None:
        """Keep a snapshot until then, epoch milliseconds. Key: the name.

        Tagging it again changes nothing; a name that another snapshot of the table has is an error.
        """
        ...

    def untag(self, table: TableName, name: str) -> None:
        """Remove a tag, where it and its table are there."""
        ...


class Tables(Protocol):
    """Tables as they are written. Key of a write: its stamp."""

    def create(self, table: TableName, data: "pa.Table | pa.RecordBatchReader", *, stamp: Stamp) -> Snapshot:
        """Make a table of data, in one commit, its namespace where need be; a table with another stamp is an error.

        A `comment` in the schema's metadata is the table's.
        """
        ...

    def append(self, table: TableName, data: "pa.Table", *, stamp: Stamp) -> Snapshot:
        """Add rows in one commit, and answer with the snapshot that this commit made."""
        ...

    def stamped(self, table: TableName, stamp: Stamp) -> Snapshot | None:
        """The snapshot that carries a stamp; None where there is none, or no table."""
        ...

    def drop(self, table: TableName) -> None:
        """Remove a table with everything in its folder, where it is there; after a crash again, to its end."""
        ...


class Lake(Snapshots, Tags, Tables, Protocol):
    """The tables that runs read and make."""

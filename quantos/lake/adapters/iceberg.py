"""Tables of Iceberg, in any catalog that pyiceberg speaks to."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSelector
from pyiceberg import exceptions
from pyiceberg.catalog import Catalog
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import Table, TableProperties
from pyiceberg.table.snapshots import Snapshot as IcebergSnapshot
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from quantos.adapters.aws import AWS
from quantos.errors import LakeError
from quantos.lake.tables import Snapshot, Stamp, TableName
from quantos.translation import Vendor, translated

_TRIES: Final = 8
_FIRST_PAUSE_S: Final = 0.05
_REMEDY: Final = "Check that the lake's catalog and bucket are there and that this role may use them."
_EXCEPTIONS: Final = tuple(
    kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, Exception)
)
AnswerT = TypeVar("AnswerT")
_METADATA: Final = ".metadata.json"
"""How the file is called that tells of a table."""


def _is_transient(error: Exception) -> bool:
    if isinstance(error, exceptions.CommitFailedException | exceptions.CommitStateUnknownException | OperationalError):
        return True
    return AWS.transient is not None and AWS.transient(error)


ICEBERG: Final = Vendor(
    raises=(*AWS.raises, *_EXCEPTIONS, SQLAlchemyError, pa.ArrowException, ValueError, TypeError),
    reason=AWS.reason,
    transient=_is_transient,
)
"""A catalog's answer is read as it comes, hence ValueError and TypeError."""


@dataclass(frozen=True)
class IcebergLake:
    """Commits are stamped, and one that may have been made is looked up by its stamp, never made again blindly."""

    catalog: Catalog
    sleep: Callable[[float], None] = time.sleep

    def snapshot(self, table: TableName, snapshot_id: str | None = None) -> Snapshot:
        """The table's current snapshot, or that of an id."""
        with _trying_to("read", table):
            loaded = self._load(table)
            snapshot = loaded.current_snapshot() if snapshot_id is None else loaded.snapshot_by_id(int(snapshot_id))
        if snapshot is None:
            raise LakeError(
                f"{table} has no snapshot{'' if snapshot_id is None else f' {snapshot_id}'}",
                remedy="name one that the table has and that was not expired",
            )
        return _described(table, snapshot)

    def find(self, table: TableName) -> Snapshot | None:
        """The table's current snapshot; None where there is no table, or nothing in it yet."""
        with _trying_to("read", table):
            try:
                snapshot = self._load(table).current_snapshot()
            except exceptions.NoSuchTableError:
                return None
        return None if snapshot is None else _described(table, snapshot)

    def schema(self, snapshot: Snapshot) -> pa.Schema:
        """The columns of a snapshot."""
        with _trying_to("read", snapshot.table):
            return self._load(snapshot.table).scan(snapshot_id=int(snapshot.id)).projection().as_arrow()

    def export(self, snapshot: Snapshot, folder: Path) -> None:
        """Write a snapshot as Parquet files into a folder, which is made."""
        with _trying_to("read", snapshot.table):
            folder.mkdir(parents=True, exist_ok=True)
            batches = self._load(snapshot.table).scan(snapshot_id=int(snapshot.id)).to_arrow_batch_reader()
            partial = folder / ".part-00000"
            with pq.ParquetWriter(partial, batches.schema) as writer:
                for batch in batches:
                    writer.write_batch(batch)
            partial.replace(folder / "part-00000.parquet")

    def tag(self, snapshot: Snapshot, name: str, *, until_ms: int) -> None:
        """Keep a snapshot until then, epoch milliseconds. Key: the name.

        Iceberg counts the age of a tag from its snapshot's commit, however late the tag was made.
        """

        def change(loaded: Table) -> None:
            max_age_ms = max(until_ms - snapshot.committed_ms, 1)
            tagged = loaded.refs().get(name)
            if tagged is None:
                loaded.manage_snapshots().create_tag(int(snapshot.id), name, max_age_ms).commit()
            elif str(tagged.snapshot_id) != snapshot.id:
                raise LakeError(
                    f"tag {name} of {snapshot.table} is on snapshot {tagged.snapshot_id}, not {snapshot.id}",
                    remedy="remove the tag, or take another name",
                )

        with _trying_to("tag", snapshot.table):
            self._change(snapshot.table, change)

    def untag(self, table: TableName, name: str) -> None:
        """Remove a tag, where it is there; with its table every tag is gone."""

        def change(loaded: Table) -> None:
            if name in loaded.refs():
                loaded.manage_snapshots().remove_tag(name).commit()

        with _trying_to("untag", table), suppress(exceptions.NoSuchTableError):
            self._change(table, change)

    def create(self, table: TableName, data: "pa.Table | pa.RecordBatchReader", *, stamp: Stamp) -> Snapshot:
        """Make a table of data, in one commit. Key: the stamp."""

        def commit() -> None:
            comment = (data.schema.metadata or {}).get(b"comment", b"").decode()
            properties = {"comment": comment} if comment else {}
            creation = self.catalog.create_table_transaction(
                _identifier(table), schema=data.schema, properties=properties
            )
            creation.append(data, snapshot_properties=stamp.properties)
            creation.commit_transaction()

        with _trying_to("create", table):
            if not self.catalog.namespace_exists(table.namespace):
                self.catalog.create_namespace_if_not_exists(table.namespace)
            if not self.catalog.table_exists(_identifier(table)):
                return self._committed(table, stamp, commit)
            snapshot = self._stamped(table, stamp)
        if snapshot is None:
            raise LakeError(f"{table} is there already, made by another", remedy="take a name that nobody has")
        return snapshot

    def append(self, table: TableName, data: pa.Table, *, stamp: Stamp) -> Snapshot:
        """Add rows in one commit, and answer with the snapshot that this commit made. Key: the stamp."""

        def change(loaded: Table) -> Snapshot:
            snapshot = _carrying(loaded, table, stamp)
            if snapshot is not None:
                return snapshot
            single = _without_retries(loaded)
            return self._committed(table, stamp, lambda: single.append(data, snapshot_properties=stamp.properties))

        with _trying_to("append to", table):
            return self._change(table, change)

    def stamped(self, table: TableName, stamp: Stamp) -> Snapshot | None:
        """The snapshot that carries a stamp; None where there is none, or no table."""
        with _trying_to("read", table):
            return self._stamped(table, stamp)

    def drop(self, table: TableName) -> None:
        """Remove a table with its data, where it is there. Its entry goes last, so that whoever comes after a crash
        finds what is left of it.
        """
        with _trying_to("drop", table), suppress(exceptions.NoSuchTableError):
            try:
                loaded = self._load(table)
            except FileNotFoundError as exc:
                if _METADATA not in str(exc):
                    raise
                loaded = None
            if loaded is not None:
                _remove_files(loaded, table)
            self.catalog.drop_table(_identifier(table))

    def _load(self, table: TableName) -> Table:
        return self.catalog.load_table(_identifier(table))

    def _stamped(self, table: TableName, stamp: Stamp) -> Snapshot | None:
        try:
            return _carrying(self._load(table), table, stamp)
        except exceptions.NoSuchTableError:
            return None

    def _committed(self, table: TableName, stamp: Stamp, commit: Callable[[], None]) -> Snapshot:
        """The snapshot of a commit, whatever was heard of it: what is there decides."""
        try:
            commit()
        except ICEBERG.raises:
            snapshot = self._stamped(table, stamp)
            if snapshot is None:
                raise
            return snapshot
        snapshot = self._stamped(table, stamp)
        if snapshot is None:
            raise LakeError(
                f"{table} has no snapshot of {stamp}, which was just committed", remedy="see who expired it"
            )
        return snapshot

    def _change(self, table: TableName, change: Callable[[Table], AnswerT]) -> AnswerT:
        """Do something on the table as it is now, again where another was first."""
        for number in range(_TRIES - 1):
            try:
                return change(self._load(table))
            except exceptions.CommitFailedException:
                self.sleep(_FIRST_PAUSE_S * 2**number)
        return change(self._load(table))


@contextmanager
def _trying_to(verb: str, table: TableName) -> Iterator[None]:
    with translated(ICEBERG, into=LakeError, what=f"cannot {verb} {table}", remedy=_REMEDY):
        yield


def _identifier(table: TableName) -> tuple[str, str]:
    return table.namespace, table.table


def _remove_files(loaded: Table, table: TableName) -> None:
    """Remove everything in a table's folder, what tells of it last: also what writers left that were killed.

    Raises:
        LakeError: the folder is not the table's alone, by its name.
    """
    place = loaded.location().rstrip("/")
    if not place.rpartition("/")[2].startswith(table.table):
        raise LakeError(f"{table} lies in {place}, where others may lie too", remedy="remove it by hand")
    files = PyArrowFileIO(loaded.io.properties)
    scheme, host, folder = files.parse_location(place, files.properties)
    _, _, metadata = files.parse_location(loaded.metadata_location, files.properties)
    system = files.fs_by_scheme(scheme, host)
    for file in system.get_file_info(FileSelector(folder, recursive=True)):
        if file.is_file and file.path != metadata:
            system.delete_file(file.path)
    system.delete_dir(folder)


def _without_retries(loaded: Table) -> Table:
    """The same, on which pyiceberg tries a commit once: it tries again without looking for another with the stamp."""
    once = {**loaded.metadata.properties, TableProperties.COMMIT_NUM_RETRIES: "0"}
    loaded.metadata = loaded.metadata.model_copy(update={"properties": once})
    return loaded


def _carrying(loaded: Table, table: TableName, stamp: Stamp) -> Snapshot | None:
    wanted = stamp.properties.items()
    for snapshot in loaded.metadata.snapshots:
        if snapshot.summary is not None and wanted <= snapshot.summary.additional_properties.items():
            return _described(table, snapshot)
    return None


def _described(table: TableName, snapshot: IcebergSnapshot) -> Snapshot:
    summary: dict[str, str] = {} if snapshot.summary is None else snapshot.summary.additional_properties
    try:
        rows, size_bytes = int(summary["total-records"]), int(summary["total-files-size"])
    except KeyError as exc:
        raise LakeError(
            f"snapshot {snapshot.snapshot_id} of {table} does not say its {exc.args[0]}",
            remedy="write the table by an engine that says so, as Trino, Spark and pyiceberg do",
        ) from exc
    return Snapshot(
        table,
        str(snapshot.snapshot_id),
        rows=rows,
        size_bytes=size_bytes,
        committed_ms=snapshot.timestamp_ms,
        summary=summary,
    )

"""Tables in real catalogs: what is committed once is there once, whatever is heard of the commit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import LocalFileSystem
from pyiceberg.exceptions import CommitStateUnknownException
from pyiceberg.io.pyarrow import PyArrowFileIO

from quantos.errors import LakeError
from quantos.lake.adapters.iceberg import IcebergLake
from quantos.lake.ports import Lake
from quantos.lake.tables import TableName
from tests.support.lakes import BARS, OTHER, STAMP, THIRD, file_lake, glue_lake, moto_endpoint, rows, s3_lake

LATER_MS = 2**42


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_endpoint() as url:
        yield url


@pytest.fixture(params=["files", "s3", "glue"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IcebergLake]:
    if request.param == "files":
        yield file_lake(tmp_path)
        return
    url = request.getfixturevalue("endpoint")
    lake = s3_lake(tmp_path, url) if request.param == "s3" else glue_lake(url)
    yield lake
    lake.drop(BARS)


def exported(lake: Lake, snapshot_id: str, folder: Path) -> list[float]:
    lake.export(lake.snapshot(BARS, snapshot_id), folder)
    return pq.read_table(folder)["close"].to_pylist()


def losing_answers(monkeypatch: pytest.MonkeyPatch, lake: IcebergLake, *, first: Callable[[], object] | None) -> None:
    """Commits are made, or something else is `first` and they are not, and nobody hears of it."""
    commit: Callable[..., object] = lake.catalog.commit_table

    def unheard(*arguments: object) -> None:
        monkeypatch.setattr(lake.catalog, "commit_table", commit)
        if first is None:
            commit(*arguments)
        else:
            first()
        raise CommitStateUnknownException("504 Gateway Timeout")

    monkeypatch.setattr(lake.catalog, "commit_table", unheard)


def test_a_table_is_made_once_for_a_stamp(lake: IcebergLake) -> None:
    made = lake.create(BARS, rows(1.0, 2.0), stamp=STAMP)
    assert (made.rows, made.table) == (2, BARS)
    assert made.size_bytes > 0
    assert lake.create(BARS, rows(9.0), stamp=STAMP) == made == lake.snapshot(BARS) == lake.find(BARS)
    with pytest.raises(LakeError, match="made by another"):
        lake.create(BARS, rows(9.0), stamp=OTHER)


def test_appending_answers_with_its_own_snapshot(lake: IcebergLake, tmp_path: Path) -> None:
    lake.create(BARS, rows(1.0), stamp=STAMP)
    mine = lake.append(BARS, rows(2.0), stamp=OTHER)
    third = lake.append(BARS, rows(3.0), stamp=THIRD)
    assert lake.append(BARS, rows(2.0), stamp=OTHER) == mine
    assert lake.snapshot(BARS) == third != mine
    assert lake.stamped(BARS, OTHER) == mine
    assert exported(lake, mine.id, tmp_path / "mine") == [2.0, 1.0]
    assert sorted(exported(lake, third.id, tmp_path / "third")) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("call", ["create", "append"])
def test_a_commit_that_nobody_heard_of_is_looked_up(
    monkeypatch: pytest.MonkeyPatch, lake: IcebergLake, call: str
) -> None:
    if call == "append":
        lake.create(BARS, rows(1.0), stamp=OTHER)
    losing_answers(monkeypatch, lake, first=None)
    made = getattr(lake, call)(BARS, rows(2.0), stamp=STAMP)
    assert made == lake.stamped(BARS, STAMP) == lake.snapshot(BARS)
    assert made.rows == (1 if call == "create" else 2)


def test_a_commit_that_was_not_made_is_an_error_and_may_be_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, lake: IcebergLake
) -> None:
    lake.create(BARS, rows(1.0), stamp=OTHER)
    losing_answers(monkeypatch, lake, first=lambda: None)
    with pytest.raises(LakeError, match=r"cannot append to market\.bars: 504") as caught:
        lake.append(BARS, rows(2.0), stamp=STAMP)
    assert caught.value.retryable
    assert lake.append(BARS, rows(2.0), stamp=STAMP).rows == 2


def test_of_two_who_append_under_one_stamp_one_commits(monkeypatch: pytest.MonkeyPatch, lake: IcebergLake) -> None:
    lake.create(BARS, rows(1.0), stamp=OTHER)
    commit: Callable[..., object] = lake.catalog.commit_table
    racers = []

    def raced(*arguments: object) -> object:
        monkeypatch.setattr(lake.catalog, "commit_table", commit)
        racers.append(lake.append(BARS, rows(2.0), stamp=STAMP))
        return commit(*arguments)

    monkeypatch.setattr(lake.catalog, "commit_table", raced)
    assert [lake.append(BARS, rows(2.0), stamp=STAMP)] == racers
    assert lake.snapshot(BARS).rows == 2


def test_of_two_who_append_with_stamps_of_their_own_both_commit(
    monkeypatch: pytest.MonkeyPatch, lake: IcebergLake
) -> None:
    lake.create(BARS, rows(1.0), stamp=THIRD)
    commit: Callable[..., object] = lake.catalog.commit_table

    def raced(*arguments: object) -> object:
        monkeypatch.setattr(lake.catalog, "commit_table", commit)
        lake.append(BARS, rows(2.0), stamp=OTHER)
        return commit(*arguments)

    monkeypatch.setattr(lake.catalog, "commit_table", raced)
    assert lake.append(BARS, rows(3.0), stamp=STAMP).rows == 3


def test_a_tag_stays_on_its_snapshot(lake: IcebergLake) -> None:
    first = lake.create(BARS, rows(1.0), stamp=STAMP)
    lake.tag(first, "q-1", until_ms=LATER_MS)
    second = lake.append(BARS, rows(2.0), stamp=OTHER)
    lake.tag(first, "q-1", until_ms=LATER_MS)
    tag = lake.catalog.load_table(("market", "bars")).refs()["q-1"]
    assert (str(tag.snapshot_id), tag.max_ref_age_ms) == (first.id, LATER_MS - first.committed_ms)
    with pytest.raises(LakeError, match=r"tag q-1 of market\.bars is on snapshot"):
        lake.tag(second, "q-1", until_ms=LATER_MS)
    lake.untag(BARS, "q-1")
    lake.untag(BARS, "q-1")
    lake.tag(second, "q-1", until_ms=LATER_MS)


def test_types_survive(lake: IcebergLake, tmp_path: Path) -> None:
    moment = datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=UTC)
    data = pa.table(
        {
            "day": pa.array([date(2026, 3, 1), None], pa.date32()),
            "price": pa.array([Decimal("1.25"), None], pa.decimal128(18, 2)),
            "at": pa.array([moment, None], pa.timestamp("us", tz="UTC")),
            "count": pa.array([2**62, None], pa.int64()),
            "name": pa.array(["ä", None], pa.string()),
        }
    )
    snapshot = lake.create(BARS, data, stamp=STAMP)
    lake.export(snapshot, tmp_path / "out")
    assert pq.read_table(tmp_path / "out").cast(data.schema).equals(data)
    assert lake.schema(snapshot).names == data.schema.names


def test_a_table_without_rows_is_exported_with_its_columns(lake: IcebergLake, tmp_path: Path) -> None:
    lake.export(lake.create(BARS, rows(), stamp=STAMP), tmp_path / "out")
    assert pq.read_table(tmp_path / "out").column_names == ["symbol", "close"]


def test_what_is_not_there_is_an_error_that_names_it(lake: IcebergLake) -> None:
    assert lake.stamped(BARS, STAMP) is lake.find(BARS) is None
    with pytest.raises(LakeError, match=r"cannot read market\.bars"):
        lake.snapshot(BARS)
    lake.create(BARS, rows(1.0), stamp=STAMP)
    with pytest.raises(LakeError, match=r"market\.bars has no snapshot 7"):
        lake.snapshot(BARS, "7")


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "warehouse").rglob("*") if path.is_file()]


def test_dropping_takes_along_whatever_lies_in_the_folder(tmp_path: Path) -> None:
    lake = file_lake(tmp_path)
    lake.create(BARS, rows(1.0), stamp=STAMP)
    kept = lake.create(TableName("market", "bars2"), rows(1.0), stamp=STAMP)
    lake.export(lake.snapshot(BARS), tmp_path / "warehouse" / "market" / "bars" / "data" / "of-a-writer-that-died")
    lake.drop(BARS)
    lake.drop(BARS)
    assert {path.relative_to(tmp_path).parts[2] for path in files(tmp_path)} == {"bars2"}
    assert lake.stamped(BARS, STAMP) is None
    assert lake.snapshot(kept.table) == kept


@pytest.mark.parametrize("call", ["delete_file", "delete_dir", "drop_table"])
def test_a_drop_that_was_cut_off_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    lake = file_lake(tmp_path)
    lake.create(BARS, rows(1.0), stamp=STAMP)
    if call == "drop_table":
        monkeypatch.setattr(lake.catalog, call, _died)
    else:
        monkeypatch.setattr(PyArrowFileIO, "_initialize_fs", lambda *_: Cut(LocalFileSystem(), call))
    with pytest.raises(LakeError, match=r"cannot drop market\.bars"):
        lake.drop(BARS)
    monkeypatch.undo()
    lake.drop(BARS)
    assert files(tmp_path) == []
    assert lake.find(BARS) is None


def _died(*_: object) -> None:
    raise ConnectionError("gone")


@dataclass
class Cut:
    """Files, of which the second deletion of one is never done, nor any of a folder."""

    system: LocalFileSystem
    call: str
    called: int = 0

    def __getattr__(self, name: str) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            if name == self.call:
                self.called += 1
                if self.called > 1 or name == "delete_dir":
                    _died()
            return getattr(self.system, name)(*arguments)

        return call


def test_a_table_in_a_folder_of_another_name_is_never_dropped(tmp_path: Path) -> None:
    lake = file_lake(tmp_path)
    data = rows(1.0)
    lake.catalog.create_namespace("market")
    shared = f"file://{tmp_path}/warehouse/shared"
    lake.catalog.create_table(("market", "bars"), schema=data.schema, location=shared).append(data)
    before = files(tmp_path)
    with pytest.raises(LakeError, match="where others may lie too"):
        lake.drop(BARS)
    assert files(tmp_path) == before


def test_a_tag_is_gone_with_its_table(lake: IcebergLake) -> None:
    lake.untag(BARS, "q")
    assert lake.find(BARS) is None

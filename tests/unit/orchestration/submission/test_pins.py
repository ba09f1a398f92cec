"""What a run reads stays as it was when it was admitted, for each of its runs."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quantos.contracts.dag.admission import Admission
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.errors import NotAdmittedError
from quantos.lake.adapters.iceberg import IcebergLake
from quantos.lake.tables import TableName
from quantos.orchestration.protocol.rows import RunKey
from quantos.orchestration.submission.pins import PinnedInputs, release
from tests.support.lakes import BARS, OTHER, STAMP, THIRD, file_lake, rows

RUN = RunKey("alpha", "x")
NOW = datetime(2026, 12, 1, tzinfo=UTC)
DAY_MS = 86_400_000


@dataclass
class Store:
    """Admissions in memory, put once."""

    kept: dict[str, Admission] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def keep_text(self, text: str) -> str:
        self.texts["a" * 64] = text
        return "a" * 64

    def keep(self, team: str, digest: str, admission: Admission) -> Admission:
        return self.kept.setdefault(f"{team}/{digest}", admission)

    def find(self, team: str, digest: str) -> Admission | None:
        return self.kept.get(f"{team}/{digest}")


@dataclass
class Source:
    text: bytes = b"SELECT * FROM market.bars"

    def read(self, bucket: str, key: str, *, most_bytes: int) -> bytes | None:
        return self.text


@pytest.fixture
def lake(tmp_path: Path) -> IcebergLake:
    lake = file_lake(tmp_path)
    lake.create(BARS, rows(1.0), stamp=STAMP)
    return lake


def inputs(lake: IcebergLake, store: Store | None = None) -> PinnedInputs:
    return PinnedInputs(
        lake=lake,
        source=Source(),
        store=store or Store(),
        prefixes=lambda team: [f"s3://queries/{team}/"],
        results="results",
        clock=lambda: NOW,
    )


def request(*, uri: str = "s3://queries/alpha/a.sql", **refs: dict[str, str]) -> SubmissionRequest:
    node = {"id": "fetch", "kind": "trino_sql", "params": {"sql_uri": uri}, "outs": ["table"]}
    dag = {"version": 1, "pipeline_id": "p", "slo": {"max_runtime": "1d"}, "nodes": [node]}
    params = {"submission_id": "x", "env": "dev", "ttl_days": 10}
    return SubmissionRequest.model_validate({"dag": dag, "params": params, "refs": {"data": refs}})


def tags(lake: IcebergLake) -> dict[str, tuple[str, int | None]]:
    refs = lake.catalog.load_table(("market", "bars")).refs()
    return {name: (str(ref.snapshot_id), ref.max_ref_age_ms) for name, ref in refs.items() if name != "main"}


def test_a_table_that_a_statement_reads_is_tagged_until_its_ttl_is_over(lake: IcebergLake) -> None:
    snapshot = lake.snapshot(BARS)
    store = Store()
    assert inputs(lake, store).pin(RUN, request()) == {"market.bars": snapshot.id}
    ((name, (tagged, age_ms)),) = tags(lake).items()
    assert tagged == snapshot.id
    assert age_ms == round(NOW.timestamp() * 1000) + 11 * DAY_MS - snapshot.committed_ms
    assert store.kept[f"alpha/{request().digest()}"].statements == {"s3://queries/alpha/a.sql": "a" * 64}
    assert name.startswith("q-")


def test_who_asks_again_has_what_was_pinned_first(lake: IcebergLake) -> None:
    store = Store()
    first = inputs(lake, store).pin(RUN, request())
    lake.append(BARS, rows(2.0), stamp=OTHER)
    assert inputs(lake, store).pin(RUN, request()) == first
    assert len(tags(lake)) == 1


def test_a_stated_snapshot_is_the_one_that_is_read(lake: IcebergLake) -> None:
    first = lake.snapshot(BARS)
    lake.append(BARS, rows(2.0), stamp=OTHER)
    stated = {"uri": BARS.uri, "snapshot_id": first.id}
    assert inputs(lake).pin(RUN, request(bars=stated)) == {"market.bars": first.id}


def test_refs_are_pinned_that_no_statement_reads(lake: IcebergLake) -> None:
    lake.create(BARS.__class__("market", "other"), rows(1.0), stamp=THIRD)
    pins = inputs(lake).pin(RUN, request(other={"uri": "iceberg://market/other"}, file={"uri": "s3://a/b"}))
    assert sorted(pins) == ["market.bars", "market.other"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (request(uri="s3://queries/beta/a.sql"), "lies under nothing that the team may run"),
        (request(bars={"uri": BARS.uri, "snapshot_id": "7"}), r"market\.bars has no snapshot 7"),
        (request(gone={"uri": "iceberg://market/gone"}), r"cannot read market\.gone"),
        (request(bad={"uri": "iceberg://market"}), r"refs\.data\.bad: .* is no table of the lake"),
        (
            request(a={"uri": BARS.uri, "snapshot_id": "7"}, b={"uri": BARS.uri, "snapshot_id": "8"}),
            "two snapshots of market.bars",
        ),
    ],
)
def test_what_is_not_there_is_never_admitted(lake: IcebergLake, asked: SubmissionRequest, expected: str) -> None:
    with pytest.raises(NotAdmittedError, match=expected):
        inputs(lake).check("alpha", asked)
    assert tags(lake) == {}


@pytest.mark.parametrize("by_refs", [True, False])
def test_what_another_run_made_is_not_to_be_read(lake: IcebergLake, *, by_refs: bool) -> None:
    made = TableName("results", "result_b530")
    lake.create(made, rows(1.0), stamp=STAMP)
    source = Source() if by_refs else Source(b"SELECT * FROM results.result_b530")
    asked = request(theirs={"uri": made.uri}) if by_refs else request()
    with pytest.raises(NotAdmittedError, match="only its own nodes read it"):
        replace(inputs(lake), source=source).check("alpha", asked)


def test_checking_tags_nothing_and_releasing_removes_tags(lake: IcebergLake) -> None:
    store = Store()
    inputs(lake, store).check("alpha", request())
    assert tags(lake) == {}
    inputs(lake, store).pin(RUN, request())
    for _ in range(2):
        release(RUN, store.kept[f"alpha/{request().digest()}"], lake)
    assert tags(lake) == {}


def test_the_end_of_one_run_takes_nothing_from_the_next(lake: IcebergLake) -> None:
    store, again = Store(), RunKey("alpha", "x", 2)
    pinned = inputs(lake, store).pin(RUN, request())
    lake.append(BARS, rows(2.0), stamp=OTHER)
    assert inputs(lake, store).pin(again, request()) == pinned
    release(RUN, store.kept[f"alpha/{request().digest()}"], lake)
    ((_, (tagged, _)),) = tags(lake).items()
    assert tagged == pinned["market.bars"]


def test_a_run_whose_snapshot_was_expired_is_never_begun_again(lake: IcebergLake) -> None:
    store = Store()
    inputs(lake, store).pin(RUN, request())
    lake.drop(BARS)
    lake.create(BARS, rows(1.0), stamp=OTHER)
    with pytest.raises(NotAdmittedError, match="and x reads nothing else") as refused:
        inputs(lake, store).pin(RunKey("alpha", "x", 2), request())
    assert refused.value.remedy == "submit under another id, which reads tables as they are now"

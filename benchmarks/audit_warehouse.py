"""How many records of the chain ClickHouse takes a second, beside SQLite taking the same rows in the same run."""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.measurement import Figure, Report, median_figure, now
from quantos.audit.chain import EMPTY, link
from quantos.clock import utc_now
from quantos.contracts.audit import AuditRecord, ChainLink
from quantos.contracts.dag.spec import Requests
from quantos.errors import AuditError
from quantos.orchestration.evidence.clickhouse.loading import answers, load
from quantos.orchestration.evidence.clickhouse.rows import rows_of
from quantos.orchestration.evidence.transitions import moved
from quantos.orchestration.ledger.accounts import Account, Hold
from quantos.orchestration.ledger.amounts import Amount
from quantos.orchestration.protocol.effects import Commit, Write
from quantos.orchestration.protocol.rows import AccountRow, Node, RunKey, Submission, Terms
from sandbox.clickhouse import embedded

BENCHMARK = "warehouse"
CHAIN = "dev"
RECORDS = 20_000
TEAMS = 5
COMMITS_A_RUN = 8
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Links:
    """A chain in memory, as JSON."""

    texts: Sequence[bytes]

    def links(self, chain: str, *, after: int = 0) -> Iterator[ChainLink]:
        yield from (ChainLink.model_validate_json(text) for text in self.texts[after:] if chain == CHAIN)

    def generations(self, chain: str) -> tuple[str, ...]:  # noqa: ARG002 - it has none, whatever it is called
        return ()


def measure(*, rounds: int, tell: Tell, command: str) -> Report:
    """Load a chain, then load it again; times are of one core. Raises AuditError for what is not the chain."""
    tell("writing the chain")
    chain = Links([each.to_json() for each in _chain()])
    ours: list[float] = []
    again: list[float] = []
    peers: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            tell(f"loading {number + 1} of {rounds}")
            first, second = _loaded(chain, Path(folder) / str(number))
            ours.append(first)
            again.append(second)
            peers.append(_in_sqlite(chain, Path(folder) / f"{number}.db"))
    ratios = [mine / peer for mine, peer in zip(ours, peers, strict=True)]
    figures = (
        median_figure("ratio_to_sqlite", ratios, unit="time of one core / SQLite's for the same links and rows"),
        median_figure(
            "again_over_first", [b / a for a, b in zip(ours, again, strict=True)], unit="second load / first"
        ),
        Figure("records_per_second", RECORDS / sorted(ours)[len(ours) // 2], "records a second of one core, median"),
    )
    return Report(
        BENCHMARK, command, f"{RECORDS:,} records of runs, read, held to each other and loaded", figures, now()
    )


def _loaded(chain: Links, folder: Path) -> tuple[float, float]:
    with embedded(folder) as clickhouse:
        started = time.process_time()
        load(CHAIN, chain, clickhouse)
        first = time.process_time() - started
        started = time.process_time()
        if load(CHAIN, chain, clickhouse).links:
            raise AuditError("a second load added links", remedy="mend the loading")
        second = time.process_time() - started
        versions = sum(int(row["version"]) for row in answers(clickhouse, "quota_by_day"))
    if versions != RECORDS:
        raise AuditError(f"accounts are at {versions} versions, not {RECORDS}", remedy="mend the loading")
    return first, second


def _in_sqlite(chain: Links, path: Path) -> float:
    """The same links read, and the same rows put into tables with the same keys."""
    started = time.process_time()
    with sqlite3.connect(path) as database:
        made: set[str] = set()
        for each in chain.links(CHAIN):
            for table, row in rows_of(each):
                if table not in made:
                    columns = ", ".join(row)
                    database.execute(f"CREATE TABLE {table} ({columns}, PRIMARY KEY (record_id, {list(row)[-1]}))")
                    made.add(table)
                marks = ", ".join("?" * len(row))
                database.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", tuple(row.values()))
    database.close()
    return time.process_time() - started


def _chain() -> Iterator[ChainLink]:
    previous = EMPTY.digest
    for number in range(RECORDS):
        made = link(_record(number), sequence=number + 1, previous_digest=previous)
        previous = made.digest
        yield made


def _record(number: int) -> AuditRecord:
    team = f"team-{number % TEAMS}"
    run = RunKey(team, f"nightly-{number // TEAMS // COMMITS_A_RUN}")
    step = number // TEAMS % COMMITS_A_RUN
    held = Amount(cpu_ms=3_600_000 * (step + 1), io_bytes=2**40)
    hold = Hold(day="2026-11-20", left=held, cap=held)
    terms = Terms(
        pipeline_id="bt_xs", job_class="backtest", priority="normal", qos="spot_ok", submitted_ms=number,
        submitted_by="ann", max_runtime_ms=7_200_000, expected_usd=3.5,
    )  # fmt: skip
    node = Node(
        run=run, digest="d" * 64, id="train_model", upstream=(), requests=Requests(cpu="8", mem="32Gi", gpu=1),
        expected_ms=60_000, max_attempts=2, state="running", attempt=1, spent_usd=0.01 * step, version=step,
    )  # fmt: skip
    account = Account(team=team, day="2026-11-20", budget=held + held, held=held)
    rows = (
        Submission(run=run, digest="d" * 64, terms=terms, estimate=held, cap=held, hold=hold, live=1, version=step),
        AccountRow(account=account, version=number // TEAMS),
        node,
    )
    at = utc_now().replace(microsecond=0) - timedelta(seconds=number)
    record = moved(Commit(tuple(map(Write, rows))), actor="dispatch", at=at, chain=CHAIN)
    if record is None:
        raise AuditError("a commit without a record", remedy="mend the record")
    return record

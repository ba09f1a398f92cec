"""A chain in ClickHouse says what the chain says, however often it was loaded; the engine is the real one."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings

from quantos.audit.chain import EMPTY, link
from quantos.contracts.audit import AuditRecord, ChainLink
from quantos.errors import AuditError
from quantos.orchestration.adapters.clickhouse_http import ClickHouseHttp
from quantos.orchestration.evidence.balances import balances
from quantos.orchestration.evidence.clickhouse.loading import answers, create, load, statement
from quantos.orchestration.evidence.clickhouse.rows import TABLES
from quantos.orchestration.evidence.transitions import moved
from quantos.orchestration.ledger.accounts import Account, Hold
from quantos.orchestration.ledger.amounts import Amount
from quantos.orchestration.protocol.effects import Commit, Write
from quantos.orchestration.protocol.rows import AccountRow, Node
from sandbox.clickhouse import EmbeddedClickHouse, embedded
from tests.support.audit_fakes import NOW, FakeChainStore, make_links, make_record
from tests.support.loopback import loopback
from tests.support.random_runs import History, histories
from tests.support.runs import node, submission

COLUMNS = ("budget", "owed", "held", "drawn", "settled", "debt")


@dataclass
class Dying:
    """A ClickHouse that is gone before its call of a number."""

    inner: EmbeddedClickHouse
    at: int
    calls: list[str] = field(default_factory=list)

    def run(self, text: str, data: bytes = b"") -> bytes:
        if len(self.calls) == self.at:
            raise AuditError("gone", remedy="again", retryable=True)
        self.calls.append(text)
        return self.inner.run(text, data)


def chain_of(records: Sequence[AuditRecord], chain: str = "dev") -> list[ChainLink]:
    links: list[ChainLink] = []
    for record in records:
        previous = links[-1].digest if links else EMPTY.digest
        links.append(link(record, sequence=len(links) + 1, previous_digest=previous, chain=chain))
    return links


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedClickHouse]:
    with embedded(tmp_path_factory.mktemp("clickhouse")) as clickhouse:
        yield clickhouse


@pytest.fixture
def clickhouse(engine: EmbeddedClickHouse) -> EmbeddedClickHouse:
    return emptied(engine)


def emptied(clickhouse: EmbeddedClickHouse) -> EmbeddedClickHouse:
    create(clickhouse)
    for table in TABLES:
        clickhouse.run(f"TRUNCATE TABLE quantos.{table}")
    return clickhouse


def counts(clickhouse: EmbeddedClickHouse) -> dict[str, int]:
    return {table: int(clickhouse.run(f"SELECT count() FROM quantos.{table} FINAL")) for table in TABLES}


def spent_by_day(records: Sequence[Any]) -> dict[tuple[str, str], int]:
    """Cost by team and day, counted one record after the other."""
    spent: dict[tuple[str, str], int] = defaultdict(int)
    so_far: dict[tuple[str, str], int] = defaultdict(int)
    for record in records:
        if record.kind == "submission":
            for node, cost in record.body["nodes"]["spent_micro_usd"].items():
                day = record.occurred_at.date().isoformat()
                spent[record.body["team"], day] += cost - so_far[record.subject, node]
                so_far[record.subject, node] = cost
    return {place: cost for place, cost in spent.items() if cost}


@settings(max_examples=15)
@given(history=histories())
def test_quota_and_cost_by_team_and_day_are_what_records_come_to(engine: EmbeddedClickHouse, history: History) -> None:
    clickhouse = emptied(engine)
    chains = FakeChainStore.of(chain_of(history.records))
    for _ in range(2):
        load("dev", chains, clickhouse, batch=7)
    accounts = balances(history.records).accounts
    assert accounts == history.accounts()
    by_day = {(row["team"], row["day"]): row for row in answers(clickhouse, "quota_by_day")}
    assert set(by_day) == set(accounts)
    for place, account in accounts.items():
        for name in COLUMNS:
            units = {unit: int(by_day[place][f"{name}_{unit}"]) for unit in ("cpu_ms", "gpu_ms", "io_bytes")}
            assert Amount(**units) == getattr(account, name)
    costs = {(row["team"], row["day"]): int(row["micro_usd"]) for row in answers(clickhouse, "cost_by_day")}
    assert {place: cost for place, cost in costs.items() if cost} == spent_by_day(history.records)
    nodes = [row for _, row in history.world.rows if isinstance(row, Node)]
    assert sum(costs.values()) == sum(round(node.spent_usd * 1_000_000) for node in nodes)


HISTORY = [
    make_record(1),
    make_record(2, body={"text": "a'b\"c\n\\ é ; -- DROP", "huge": 2**62}, subject="x'; DROP"),
    *(make_record(number) for number in range(3, 12)),
]


def test_loading_again_adds_nothing_and_goes_on_where_it_was(clickhouse: EmbeddedClickHouse) -> None:
    links = chain_of(HISTORY)
    assert load("dev", FakeChainStore.of(links[:5]), clickhouse, batch=2).links == 5
    assert load("dev", FakeChainStore.of(links), clickhouse, batch=2).links == 6
    loaded = load("dev", FakeChainStore.of(links), clickhouse)
    assert (loaded.links, loaded.heads["dev"].sequence) == (0, 11)
    assert counts(clickhouse)["audit_links"] == 11
    row = json.loads(clickhouse.run("SELECT * FROM quantos.audit_links WHERE sequence = 2 FORMAT JSONEachRow"))
    assert json.loads(row["body"]) == HISTORY[1].body
    assert (row["subject"], row["digest"]) == (HISTORY[1].subject, links[1].digest)
    assert row["occurred_at"] == "2026-03-02 14:30:00.000000"


def commits(count: int) -> list[AuditRecord]:
    """Records of one run and its account, after each of some commits."""
    records = []
    for version in range(count):
        held = Amount(cpu_ms=version)
        account = Account(team="alpha", day="2026-11-20", budget=Amount(cpu_ms=9), held=held)
        hold = Hold(day=account.day, left=held, cap=held)
        rows = (
            submission(version=version, hold=hold),
            node(version=version),
            AccountRow(account=account, version=version),
        )
        record = moved(Commit(tuple(map(Write, rows))), actor="dispatch", at=NOW, chain="dev")
        records += [record] if record else []
    return records


def test_a_load_that_died_anywhere_is_gone_on_with(engine: EmbeddedClickHouse) -> None:
    chain = FakeChainStore.of(chain_of(commits(4)))
    load("dev", chain, emptied(engine), batch=2)
    wanted = counts(engine)
    assert set(wanted.values()) == {4}
    for at in range(100):
        dying = Dying(emptied(engine), at)
        try:
            load("dev", chain, dying, batch=2)
        except AuditError:
            load("dev", chain, engine, batch=3)
            assert counts(engine) == wanted
        else:
            break
    assert at == len(("database", *TABLES, "heads")) + 2 * len(TABLES)


def test_rows_written_twice_count_once(clickhouse: EmbeddedClickHouse) -> None:
    links = make_links(3)
    load("dev", FakeChainStore.of(links), clickhouse)
    clickhouse.run("INSERT INTO quantos.audit_links SELECT * FROM quantos.audit_links")
    assert counts(clickhouse)["audit_links"] == 3


def test_successors_are_loaded_too(clickhouse: EmbeddedClickHouse) -> None:
    chains = FakeChainStore.of([*make_links(2), *chain_of([make_record(7)], "dev.2")])
    assert load("dev", chains, clickhouse).links == 3
    assert load("dev", chains, clickhouse).links == 0


def test_a_chain_that_does_not_follow_is_not_loaded(clickhouse: EmbeddedClickHouse) -> None:
    links = make_links(4)
    load("dev", FakeChainStore.of(links[:2]), clickhouse)
    other = chain_of([make_record(number, actor="mallory") for number in range(1, 5)])
    with pytest.raises(AuditError, match="dev cannot be loaded: rewritten at link 3"):
        load("dev", FakeChainStore.of(other), clickhouse)
    assert counts(clickhouse)["audit_links"] == 2


def test_the_same_text_goes_to_a_server(clickhouse: EmbeddedClickHouse) -> None:
    def answer(path: str, body: bytes) -> tuple[int, bytes]:
        query = parse_qs(urlsplit(path).query).get("query")
        try:
            return 200, clickhouse.run(query[0], body) if query else clickhouse.run(body.decode())
        except AuditError as error:
            return 400, error.what.encode()

    with loopback(answer) as server:
        http = ClickHouseHttp(url=server.url, user="loader", password="secret")
        load("dev", FakeChainStore.of(make_links(3)), http)
        assert int(http.run("SELECT count() FROM quantos.audit_links")) == 3
        with pytest.raises(AuditError, match=r"answered 400: .*nothing"):
            http.run("SELECT nothing")
    assert server.requests[0][1]["x-clickhouse-user"] == "loader"
    assert "secret" not in repr(http) + "".join(path for path, _, _ in server.requests)


@pytest.mark.parametrize("table", TABLES)
def test_tables_are_kept_by_record_and_month(table: str) -> None:
    text = statement(table)
    assert "ReplacingMergeTree" in text
    assert "record_id" in text.partition("ORDER BY")[2]
    assert "PARTITION BY toYYYYMM(occurred_at)" in text

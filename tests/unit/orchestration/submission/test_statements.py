"""A team's statement is read from its own folders only, and taken only where it can be run."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.contracts.dag.spec import Node
from quantos.errors import NotAdmittedError
from quantos.orchestration.sql.binding import MOST_BYTES
from quantos.orchestration.sql.query import Query, read_query
from quantos.orchestration.submission import statements
from quantos.orchestration.submission.statements import OnceEach, may_read, read_statement

PREFIXES = ("s3://queries/research/",)
parts = st.text(st.sampled_from("ab.-/%\\ é"), max_size=12)


@dataclass
class Source:
    """Objects by key."""

    objects: dict[str, bytes] = field(default_factory=dict)
    reads: int = 0

    def read(self, bucket: str, key: str, *, most_bytes: int) -> bytes | None:
        self.reads += 1
        content = self.objects.get(f"{bucket}/{key}")
        return None if content is None else content[: most_bytes + 1]


def node(uri: str = "s3://queries/research/a.sql", **params: object) -> Node:
    stated = {"id": "fetch", "kind": "trino_sql", "ins": ["prices"], "params": {"sql_uri": uri, **params}}
    return Node.model_validate(stated)


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        ("s3://queries/research/a.sql", True),
        ("s3://queries/research/2026/a.sql", True),
        ("s3://queries/research-secret/a.sql", False),
        ("s3://queries/research", False),
        ("s3://queries/a.sql", False),
        ("s3://queries/research/../secret/a.sql", False),
        ("s3://queries/research/./a.sql", False),
        ("s3://queries/research//a.sql", False),
        ("s3://queries-other/research/a.sql", False),
        ("s3://other/research/a.sql", False),
        ("https://queries/research/a.sql", False),
        ("s3://queries/research/a.sql\n/../x", False),
    ],
)
def test_prefixes_are_folders(uri: str, allowed: bool) -> None:
    assert may_read(uri, PREFIXES) is allowed
    assert may_read(uri, ["s3://queries/research"]) is allowed
    assert not may_read(uri, [])


@given(parts, parts)
def test_what_is_allowed_lies_in_the_folder_and_nowhere_else(folder: str, key: str) -> None:
    uri, prefix = f"s3://queries/{key}", f"s3://queries/{folder}"
    if may_read(uri, [prefix]):
        inside, outside = key.split("/"), folder.rstrip("/").split("/") if folder.rstrip("/") else []
        assert inside[: len(outside)] == outside
        assert len(inside) > len(outside)
        assert not {"", ".", ".."} & set(inside)


def test_a_bucket_as_a_whole_may_be_a_folder() -> None:
    assert may_read("s3://queries/a.sql", ["s3://queries/"])
    assert may_read("s3://queries/a.sql", ["s3://queries"])
    assert not may_read("s3://queries-other/a.sql", ["s3://queries"])


def test_a_statement_is_read_with_its_digest_and_tables() -> None:
    source = Source({"queries/research/a.sql": b"SELECT * FROM m.t JOIN prices ON day = :day -- \xc3\xa9"})
    statement = read_statement(node(parameters={"day": "2026-01-01"}), prefixes=PREFIXES, source=source)
    assert len(statement.digest) == 64
    assert [str(table) for table in statement.query.tables] == ["m.t"]
    assert statement.query.inputs == ("prices",)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "is not there"),
        (b"SELECT '" + b"x" * MOST_BYTES + b"'", "has more than 65536 bytes"),
        (b"SELECT '\xff' AS a", "is no UTF-8"),
        (b"SELECT 1 AS a;\nDROP TABLE m.t", "line 1, column 14: a second statement"),
        (b"SELECT :day AS a", "line 1, column 8: :day has no value"),
        (b"SELECT a FROM m.t UNION TABLE m.u", "cannot be run with its tables pinned"),
    ],
)
def test_what_cannot_be_run_is_never_admitted(content: bytes | None, expected: str) -> None:
    source = Source({} if content is None else {"queries/research/a.sql": content})
    with pytest.raises(NotAdmittedError) as caught:
        read_statement(node(), prefixes=PREFIXES, source=source)
    assert caught.value.what.startswith("node fetch: s3://queries/research/a.sql")
    assert expected in caught.value.what


def test_what_lies_elsewhere_is_not_even_read() -> None:
    source = Source({"queries/secret/a.sql": b"SELECT 1 AS a"})
    with pytest.raises(NotAdmittedError, match="lies under nothing that the team may run") as caught:
        read_statement(node("s3://queries/secret/a.sql"), prefixes=PREFIXES, source=source)
    assert "s3://queries/research/" in caught.value.remedy


def test_nodes_of_one_statement_read_it_once_and_parse_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source({"queries/research/a.sql": b"SELECT a FROM m.once"})
    parsed: list[str] = []

    def counted(text: str, parameters: Mapping[str, object], *, takes: Collection[str]) -> Query:
        parsed.append(text)
        return read_query(text, parameters, takes=takes)

    monkeypatch.setattr(statements, "read_query", counted)
    once = OnceEach(source)
    for _ in range(2000):
        read_statement(node(), prefixes=PREFIXES, source=once)
    assert (source.reads, len(parsed)) == (1, 1)


def test_statements_are_bounded_over_all_nodes() -> None:
    once = OnceEach(Source({"queries/research/a.sql": b"SELECT a FROM m.t"}), most_bytes=40)
    read_statement(node(), prefixes=PREFIXES, source=once)
    read_statement(node(), prefixes=PREFIXES, source=once)
    with pytest.raises(NotAdmittedError, match="more than 20 bytes together"):
        read_statement(node(), prefixes=PREFIXES, source=once)

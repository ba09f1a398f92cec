"""One query that reads tables of the lake and inputs; all else is refused, and says where."""

import pytest

from quantos.errors import OrchestrationError
from quantos.lake.tables import TableName
from quantos.orchestration.sql.query import read_query

MANY = 3000


@pytest.mark.parametrize(
    ("text", "tables", "inputs"),
    [
        ("SELECT 1 AS a", [], []),
        ("SELECT * FROM m.t", ["m.t"], []),
        ('SELECT t.* FROM M."T" AS t', ["m.t"], []),
        ("WITH w AS (SELECT * FROM m.a) SELECT * FROM w JOIN prices p ON true", ["m.a"], ["prices"]),
        ("(SELECT a FROM m.b) UNION ALL SELECT a FROM m.a LIMIT 5", ["m.a", "m.b"], []),
        ("SELECT a FROM UNNEST(ARRAY[1, 2]) AS t(a) WHERE a IN (SELECT b FROM m.c)", ["m.c"], []),
        ("SELECT a FROM m.t TABLESAMPLE BERNOULLI (10), LATERAL (SELECT 1 AS x)", ["m.t"], []),
        ("SELECT :day AS a FROM Prices LIMIT :limit", [], ["prices"]),
    ],
)
def test_what_a_query_reads(text: str, tables: list[str], inputs: list[str]) -> None:
    parameters = {"day": "2026-01-01", "limit": 5} if ":day" in text else {}
    query = read_query(text, parameters, takes=["prices"])
    assert [str(table) for table in query.tables] == tables
    assert list(query.inputs) == inputs
    for reference in query.references:
        name = query.text[reference.start : reference.end].replace('"', "").lower()
        assert name == (reference.table if isinstance(reference.table, str) else str(reference.table))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1 AS a; SELECT 2 AS a", "line 1, column 14: a second statement"),
        (";SELECT 1 AS a", "line 1, column 1: "),
        ("INSERT INTO m.a SELECT 1", "line 1, column 1: INSERT is run by nobody"),
        ("-- x\n  DROP TABLE m.t", "line 2, column 3: DROP is run by nobody"),
        ("CALL system.x()", "CALL is run by nobody"),
        ("EXPLAIN ANALYZE SELECT 1", "EXPLAIN is run by nobody"),
        ("VALUES 1", "VALUES is run by nobody"),
        ("TABLE m.t", "TABLE is run by nobody"),
        ("SET SESSION a = 1", "SET is run by nobody"),
        ("WITH x AS (DELETE FROM m.t) SELECT 1 AS a", "holds DELETE"),
        ("SELECT a INTO m.x FROM m.t", "holds INTO"),
        ("SELECT 1 AS a) , (SELECT 2", "line 1, column 14: does not parse"),
        ("SELECT\n a FROM\n m.t WHERE )", "line 3, column 12: does not parse"),
        ("SELECT * FROM TABLE(system.query(q => 'x'))", "line 1, column 21: reads a table function"),
        ("SELECT * FROM lake.m.t", "line 1, column 15: lake is a catalog"),
        ("SELECT * FROM system.runtime.queries", "system is a catalog"),
        ("SELECT * FROM foo", "line 1, column 15: foo is no input"),
        ('SELECT * FROM m."t$snapshots"', "names no table"),
        ("SELECT * FROM m.t FOR VERSION AS OF 3", "line 1, column 15: states a version"),
        ("SELECT * FROM m.t FOR TIMESTAMP AS OF now()", "line 1, column 15: states a version"),
        ("WITH prices AS (SELECT 1 AS a) SELECT * FROM prices", "both an input and a WITH"),
        ("SELECT a, 1 FROM m.t", "a column has no name"),
        ("SELECT " + "(" * MANY + "1" + ")" * MANY, "nested too deeply"),
        ("(", "line 1, column 1: ( is run by nobody"),
        ("((((", "line 1, column 1: ( is run by nobody"),
        ("WITH FUNCTION d(x integer) RETURNS integer RETURN x SELECT d(1) AS a", "line 1, column "),
    ],
)
def test_what_is_refused_says_where_and_why(text: str, expected: str) -> None:
    with pytest.raises(OrchestrationError) as caught:
        read_query(text, {}, takes=["prices"])
    assert expected in caught.value.what


def test_a_comment_hides_nothing_that_another_engine_would_read() -> None:
    query = read_query("SELECT 1 AS a /* /* */, (SELECT b FROM m.secret) AS b -- */", {})
    assert query.tables == (TableName("m", "secret"),)
    assert "/*" not in query.text

"""What DuckDB would answer otherwise than Trino is written out, or refused."""

import pyarrow as pa
import pytest

from quantos.errors import OrchestrationError
from quantos.orchestration.sql.query import read_query
from quantos.orchestration.sql.translation import translated
from tests.support.statements import COLUMNS, TABLE


def translation(expression: str) -> str:
    query = read_query(f"SELECT {expression} AS x FROM m.t", {})
    return translated(query, {TABLE: COLUMNS}, inputs={})


@pytest.mark.parametrize(
    "expression",
    [
        "p / 2", "1.5 / 2", "avg(p)", "p * p", "avg(r)", "f % 2", "foo(i)", "approx_distinct(s)",
        "z AT TIME ZONE 'Asia/Tokyo'",
        "cast(f AS bigint)", "cast(f AS varchar)", "cast(s AS varchar(2))", "round(f, 2)", "date_diff('hour', ts, ts)",
        "date_diff('month', d, d)", "read_text('/etc/passwd')", "array_agg(i)", "ARRAY[1, 2][1]", "nowhere", "o.i",
        "timestamp '2026-01-01 00:00:00 Asia/Tokyo'", "regexp_like(s, 'a')", "extract(dow FROM d)", "floor(i)",
        "corr(i, j)", "cast(s AS bigint)", "cast('5.7' AS integer)", "cast(s AS double)",
        "max_by(s, i)", "min_by(s, i)", "try_cast(s AS bigint)", "try_cast('1e3' AS integer)",
        "replace(s, '', 'x')", "replace(s, s, 'x')", "replace(s, '')",
    ],
)  # fmt: skip
def test_what_differs_or_was_never_compared_is_refused(expression: str) -> None:
    with pytest.raises(OrchestrationError, match="not run on DuckDB in Trino's place"):
        translation(expression)


def test_whole_numbers_are_divided_as_such_and_not_by_zero() -> None:
    assert translation("i / j").startswith("""SELECT (CASE WHEN ("t"."j") = 0 THEN ERROR('Division by zero') ELSE""")
    assert "//" in translation("sum(i) / count(*)")
    assert "//" not in translation("f / i")


def test_a_date_stays_a_date() -> None:
    assert translation("d + INTERVAL '1' DAY").startswith("""SELECT CAST("t"."d" + INTERVAL '1' DAY AS DATE)""")


def test_inputs_are_views_of_their_own_schema() -> None:
    query = read_query("SELECT p.a, prices.a AS b FROM prices p JOIN prices ON true", {}, takes=["prices"])
    text = translated(query, {}, inputs={"prices": pa.schema([("a", pa.int64())])})
    assert text.count('"quantos_inputs"."prices"') == 2


def test_ties_are_not_left_out() -> None:
    query = read_query("SELECT i FROM m.t ORDER BY i FETCH FIRST 1 ROWS WITH TIES", {})
    with pytest.raises(OrchestrationError, match="ties are left out there"):
        translated(query, {TABLE: COLUMNS}, inputs={})

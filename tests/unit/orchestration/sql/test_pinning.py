"""A pinned query reads stated snapshots, and is the same query else."""

import pytest

from quantos.errors import OrchestrationError
from quantos.lake.tables import TableName
from quantos.orchestration.sql.pinning import pinned
from quantos.orchestration.sql.query import read_query

PINS = {TableName("m", "t"): "11", TableName("m", "u"): "12"}
INPUTS = {"prices": (TableName("runs", "r1"), "13")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT t.a FROM m.t", 'SELECT t.a FROM "m"."t" FOR VERSION AS OF 11'),
        (
            "SELECT x.a FROM M.T x, m.u AS y",
            'SELECT x.a FROM "m"."t" FOR VERSION AS OF 11 x, "m"."u" FOR VERSION AS OF 12 AS y',
        ),
        ("SELECT prices.a FROM prices", 'SELECT prices.a FROM "runs"."r1" FOR VERSION AS OF 13 AS "prices"'),
        ("SELECT p.a FROM prices p", 'SELECT p.a FROM "runs"."r1" FOR VERSION AS OF 13 p'),
        ("SELECT 'm.t' AS a FROM m.t AS t(a)", 'SELECT \'m.t\' AS a FROM "m"."t" FOR VERSION AS OF 11 AS t(a)'),
        (
            "WITH t AS (SELECT * FROM m.t) SELECT * FROM t",
            'WITH t AS (SELECT * FROM "m"."t" FOR VERSION AS OF 11) SELECT * FROM t',
        ),
    ],
)
def test_each_table_is_read_as_it_was(text: str, expected: str) -> None:
    assert pinned(read_query(text, {}, takes=INPUTS), PINS, inputs=INPUTS) == expected


def test_a_table_without_a_pin_is_not_read() -> None:
    with pytest.raises(OrchestrationError, match=r"m\.v was not pinned"):
        pinned(read_query("SELECT * FROM m.v", {}), PINS, inputs={})


def test_what_cannot_be_pinned_is_refused() -> None:
    with pytest.raises(OrchestrationError, match="cannot be run with its tables pinned"):
        pinned(read_query("SELECT a FROM m.t UNION TABLE m.u", {}), PINS, inputs={})

"""A query that reads tables as they were at admission, whoever has written to them since."""

from collections.abc import Mapping
from typing import TypeAlias

from sqlglot import exp
from sqlglot.errors import SqlglotError

from quantos.errors import OrchestrationError
from quantos.lake.tables import TableName
from quantos.orchestration.sql.query import Query, TableReference, tree_of

Pins: TypeAlias = Mapping[TableName, str]
"""Ids of snapshots by table."""


def pinned(query: Query, pins: Pins, *, inputs: Mapping[str, tuple[TableName, str]]) -> str:
    """The query's text in Trino's dialect, with `FOR VERSION AS OF` behind each table.

    Args:
        inputs: table and snapshot of each input.

    Raises:
        OrchestrationError: a table that it reads has no pin.
    """
    text = query.text
    for reference in reversed(query.references):
        text = text[: reference.start] + _versioned(reference, pins, inputs) + text[reference.end :]
    try:
        same = _unversioned(text) == _unversioned(query.text)
    except SqlglotError:
        same = False
    if not same:
        raise OrchestrationError(
            "the statement cannot be run with its tables pinned", remedy="name each table behind FROM or JOIN"
        )
    return text


def pin_of(table: TableName, pins: Pins) -> str:
    """The snapshot of a table. Raises OrchestrationError where it has none."""
    if table not in pins:
        raise OrchestrationError(
            f"{table} was not pinned when the run was admitted", remedy="submit the run again under a new id"
        )
    return pins[table]


def _versioned(reference: TableReference, pins: Pins, inputs: Mapping[str, tuple[TableName, str]]) -> str:
    if isinstance(reference.table, TableName):
        table, snapshot_id = reference.table, pin_of(reference.table, pins)
        alias = ""
    else:
        table, snapshot_id = inputs[reference.table]
        alias = "" if reference.aliased else f' AS "{reference.table}"'
    return f'"{table.namespace}"."{table.table}" FOR VERSION AS OF {int(snapshot_id)}{alias}'


def _unversioned(text: str) -> exp.Query:
    """The tree of a query in which each table is only what the rest of the query calls it."""
    tree = tree_of(text)
    for table in tree.find_all(exp.Table):
        name, alias = table.alias_or_name.lower(), table.args.get("alias")
        for part in ("version", "db"):
            table.set(part, None)
        table.set("this", exp.to_identifier(name))
        if alias is not None and not alias.args.get("columns"):
            table.set("alias", None)
    return tree

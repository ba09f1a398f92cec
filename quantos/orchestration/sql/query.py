"""A statement as a query: one, that only reads, and which tables."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from quantos.errors import LakeError, OrchestrationError
from quantos.lake.tables import TableName
from quantos.orchestration.sql.binding import BoundText, bind, refusal

DIALECT: Final = "trino"
_QUERIES: Final = (exp.Select, exp.SetOperation, exp.Subquery)
_WRITING: Final = (exp.DML, exp.DDL, exp.Command, exp.Into)
_NAMED: Final = (exp.Alias, exp.Column, exp.Dot, exp.Star)
_OF_TIME: Final = ("version", "when", "changes")


@dataclass(frozen=True)
class TableReference:
    """Where a query names a table.

    Attributes:
        table: of the lake, or the name of an input.
        start: where its name starts in the query's text.
        end: the offset behind it.
        aliased: whether the query gives it a name of its own.
    """

    table: TableName | str
    start: int
    end: int
    aliased: bool


@dataclass(frozen=True)
class Query:
    """One query in Trino's dialect.

    Attributes:
        text: to be run: parameters bound, no comments, no semicolon.
        references: in order of their places.
    """

    text: str
    references: tuple[TableReference, ...]

    @cached_property
    def tables(self) -> tuple[TableName, ...]:
        """The tables of the lake that it reads, in order."""
        return tuple(sorted({each.table for each in self.references if isinstance(each.table, TableName)}))

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The inputs that it reads, in order."""
        return tuple(sorted({each.table for each in self.references if isinstance(each.table, str)}))


def read_query(stated: str, parameters: Mapping[str, object], *, takes: Collection[str] = ()) -> Query:
    """The query that a statement is.

    A name of two parts is a table of the lake; one of one part is an input that the node takes, or a WITH query.

    Args:
        parameters: values of its `:names`.
        takes: names of the inputs.

    Raises:
        OrchestrationError: it is not one query, it does not parse, or reads what cannot be pinned; says where.
    """
    bound = bind(stated, parameters)
    tree = _parsed(bound)
    references = sorted(_references(bound, tree, {name.lower() for name in takes}), key=lambda each: each.start)
    return Query(bound.text, tuple(references))


def tree_of(text: str) -> exp.Query:
    """The tree of a query's text, which parses."""
    tree = sqlglot.parse_one(text, dialect=DIALECT)
    if not isinstance(tree, exp.Query):
        raise TypeError(f"{type(tree).__name__} is no query")
    return tree


def _parsed(bound: BoundText) -> exp.Expr:
    verb = next(iter(bound.text.lstrip("( \n").split(maxsplit=1)), "(")[:20].upper()
    if verb not in {"SELECT", "WITH"}:
        raise refusal(bound.place(0), f"{verb} is run by nobody here: state one query, SELECT or WITH")
    try:
        trees = sqlglot.parse(bound.text, dialect=DIALECT)
    except ParseError as exc:
        raise _unparsed(bound, exc) from exc
    except RecursionError as exc:
        raise refusal("the statement", "cannot be parsed: its parentheses or queries are nested too deeply") from exc
    except SqlglotError as exc:
        raise refusal("the statement", f"cannot be parsed: {type(exc).__name__}") from exc
    if len(trees) != 1 or trees[0] is None:
        raise refusal(bound.place(bound.text.find(";")), "a second statement starts behind this semicolon")
    tree = trees[0]
    if not isinstance(tree, _QUERIES):
        raise refusal(bound.place(0), f"{tree.key.upper()} is run by nobody here: state one query, SELECT or WITH")
    if wrong := tree.find(*_WRITING):
        raise refusal("the statement", f"holds {wrong.key.upper()}, and only a query is run")
    if not all(isinstance(each, _NAMED) for each in tree.selects):
        raise refusal(bound.place(0), "a column has no name, and a table needs one for each: write AS name behind it")
    return tree


def _unparsed(bound: BoundText, error: ParseError) -> OrchestrationError:
    first = error.errors[0] if error.errors else {}
    lines = bound.text.split("\n")
    line, column = int(first.get("line") or 1), int(first.get("col") or 1)
    offset = sum(len(each) + 1 for each in lines[: line - 1]) + column - 1
    return refusal(bound.place(offset), f"does not parse: {first.get('description') or error}")


def _references(bound: BoundText, tree: exp.Expr, takes: Collection[str]) -> Iterator[TableReference]:
    queries = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        start, end = _span(table)
        where = bound.place(start)
        name = _name(table, where)
        if isinstance(name, str):
            if name in queries and name in takes:
                raise refusal(where, f"{name} is both an input and a WITH query")
            if name in queries:
                continue
            if name not in takes:
                raise refusal(where, f"{name} is no input of the node; name a table of the lake as namespace.table")
        yield TableReference(name, start, end, bool(table.alias))


def _name(table: exp.Table, where: str) -> TableName | str:
    if not isinstance(table.this, exp.Identifier):
        raise refusal(where, "reads a table function, and only tables are pinned")
    if table.args.get("catalog") is not None:
        raise refusal(where, f"{table.catalog} is a catalog; the lake's tables are named as namespace.table")
    if any(table.args.get(word) is not None for word in _OF_TIME):
        raise refusal(where, "states a version; state the snapshot in refs.data")
    if not table.db:
        return table.name.lower()
    try:
        return TableName(table.db.lower(), table.name.lower())
    except LakeError as exc:
        raise refusal(where, exc.what) from exc


def _span(table: exp.Table) -> tuple[int, int]:
    """Start of the table's name and the offset behind it, in the parsed text."""
    names = [each.meta for each in table.find_all(exp.Identifier) if "start" in each.meta]
    own = [each.meta for each in table.parts if isinstance(each, exp.Identifier) and "start" in each.meta] or names
    if not own:
        return 0, 0
    return min(int(each["start"]) for each in own), max(int(each["end"]) for each in own) + 1

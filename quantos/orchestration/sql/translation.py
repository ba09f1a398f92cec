"""A query of Trino's in DuckDB's dialect, where it gives the same there; refused wherever nobody compared the two.

What is allowed is listed, and a test runs it on both engines. Known differences are written out (a division of whole
numbers by zero is an error, a date stays a date) or refused (decimals that are divided, times in zones).
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from quantos.errors import OrchestrationError
from quantos.lake.tables import TableName
from quantos.orchestration.sql.column_types import trino_type
from quantos.orchestration.sql.query import DIALECT, Query, tree_of

if TYPE_CHECKING:
    import pyarrow as pa

INPUTS: Final = "quantos_inputs"
"""Schema of the views of a node's inputs."""
_TYPE: Final = exp.DataType.Type
_WHOLE: Final = frozenset({_TYPE.TINYINT, _TYPE.SMALLINT, _TYPE.INT, _TYPE.BIGINT})
_BINARY: Final = frozenset({_TYPE.FLOAT, _TYPE.DOUBLE})
_DECIMAL: Final = frozenset({_TYPE.DECIMAL})
_TEXT: Final = frozenset({_TYPE.VARCHAR, _TYPE.TEXT, _TYPE.CHAR})
_LOCAL: Final = frozenset({_TYPE.TIMESTAMP, _TYPE.DATE})
_FUNCTIONS: Final[tuple[type[exp.Expr], ...]] = (
    *(exp.And, exp.Or, exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Exists, exp.Cast, exp.TryCast),
    *(exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Min, exp.Max),
    *(exp.LogicalAnd, exp.LogicalOr, exp.Stddev, exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop),
    *(exp.Corr, exp.CovarSamp, exp.CovarPop, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue),
    *(exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.Greatest, exp.Least, exp.Abs, exp.Floor, exp.Ceil),
    *(exp.Round, exp.Ln, exp.Exp, exp.Sqrt, exp.Pow, exp.Lower, exp.Upper, exp.Length, exp.Replace, exp.Concat),
    *(exp.DateAdd, exp.DateDiff, exp.TimestampTrunc, exp.Year, exp.Month, exp.Day, exp.DayOfWeekIso),
)
_NEVER: Final = (exp.AtTimeZone, exp.FromTimeZone, exp.TableSample, exp.Lambda, exp.Bracket, exp.MatchRecognize)
_CASTS: Final = (
    (_WHOLE, _WHOLE | _DECIMAL | {_TYPE.BOOLEAN}),
    (_BINARY, _WHOLE | _DECIMAL | _BINARY),
    (_DECIMAL, _WHOLE | _DECIMAL),
    (_TEXT, _WHOLE | _TEXT | {_TYPE.DATE, _TYPE.BOOLEAN}),
    (frozenset({_TYPE.DATE}), _TEXT | _LOCAL),
    (frozenset({_TYPE.BOOLEAN}), _WHOLE | {_TYPE.BOOLEAN}),
)
"""To what, and from what."""


def translated(query: Query, tables: Mapping[TableName, "pa.Schema"], *, inputs: Mapping[str, "pa.Schema"]) -> str:
    """The query's text in DuckDB's dialect; its tables are views by their own names, its inputs such of `INPUTS`.

    Args:
        tables: columns of each table that it reads.
        inputs: columns of each input that it reads.

    Raises:
        OrchestrationError: it holds what nobody compared between the engines, or names what is not there.
    """
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for namespace, name, columns in (
        *((INPUTS, name, columns) for name, columns in inputs.items()),
        *((table.namespace, table.table, columns) for table, columns in tables.items()),
    ):
        schema.setdefault(namespace, {})[name] = _columns(columns)
    try:
        tree = _typed(query, MappingSchema(dict(schema), dialect=DIALECT))
        return tree.transform(_same).sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE)
    except (SqlglotError, RecursionError) as exc:
        raise _refusal(f"sqlglot does not translate it: {str(exc).splitlines()[0]}") from exc


def _typed(query: Query, schema: MappingSchema) -> exp.Expr:
    tree = tree_of(query.text)
    for table in tree.find_all(exp.Table):
        if not table.db and table.name.lower() in query.inputs:
            table.set("db", exp.to_identifier(INPUTS))
    tree = tree.transform(_exact_literal)
    qualified = qualify(tree, dialect=DIALECT, schema=schema)
    typed = annotate_types(qualified, schema=schema, dialect=DIALECT)
    for node in typed.walk():
        _compared(node)
    return typed


def _columns(schema: "pa.Schema") -> dict[str, str]:
    return {field.name: trino_type(field.type) for field in schema}


def _exact_literal(node: exp.Expr) -> exp.Expr:
    """`1.50` is a decimal in both engines, which sqlglot takes for a double."""
    if isinstance(node, exp.Literal) and not node.is_string and "." in node.name and "E" not in node.name.upper():
        whole, _, fraction = node.name.partition(".")
        precision = max(len(whole.lstrip("0")) + len(fraction), 1)
        return exp.cast(node.copy(), exp.DataType.build(f"DECIMAL({precision}, {len(fraction)})"), copy=False)
    return node


def _compared(node: exp.Expr) -> None:
    """Raise OrchestrationError for what may give something else on DuckDB."""
    if isinstance(node, _NEVER):
        raise _refusal(f"{node.sql(DIALECT)} means something else there, or was never compared")
    if isinstance(node, exp.Func) and not isinstance(node, _FUNCTIONS):
        raise _refusal(f"the function of {node.sql(DIALECT)} was never compared")
    for kind, reason in _RULES.items():
        if isinstance(node, kind) and (difference := reason(node)):
            raise _refusal(f"{node.sql(DIALECT)}: {difference}")


def _division(node: exp.Expr) -> str:
    kinds = [_kind(node.this), _kind(node.expression)]
    if all(kind in _WHOLE for kind in kinds):
        return ""
    if any(kind in _BINARY for kind in kinds) and all(kind in _WHOLE | _BINARY | _DECIMAL for kind in kinds):
        return "" if isinstance(node, exp.Div) else "the remainder of binary numbers was never compared"
    return "a decimal is divided otherwise there, and a type that is not known perhaps too"


def _product(node: exp.Expr) -> str:
    return "has fewer digits there" if {_kind(node.this), _kind(node.expression)} <= _DECIMAL else ""


def _mean(node: exp.Expr) -> str:
    kind = _kind(node.this)
    if isinstance(node, exp.Sum) and kind in _DECIMAL:
        return ""
    return "" if kind in _WHOLE or kind is _TYPE.DOUBLE else "of this type is of another type there"


def _double_only(node: exp.Expr) -> str:
    if isinstance(node, exp.Round) and node.args.get("decimals") is not None:
        return "digits are rounded otherwise there"
    return "" if _kind(node.this) is _TYPE.DOUBLE else "only of a double was compared"


def _doubles_only(node: exp.Expr) -> str:
    doubles = _kind(node.this) is _kind(node.expression) is _TYPE.DOUBLE
    return "" if doubles else "only of doubles is it one there"


def _days_only(node: exp.Expr) -> str:
    days = str(node.args.get("unit")).upper() == "DAY"
    dates = all(_kind(each) is _TYPE.DATE for each in (node.this, node.expression))
    return "" if days and dates else "whole units are counted otherwise there, except days between dates"


def _cast(node: exp.Expr) -> str:
    target, source = node.args["to"], node.this
    if _kind(source) in _TEXT and target.this in _WHOLE | _BINARY:
        return "more texts are numbers there"
    if target.this in _TEXT and target.expressions:
        return "a text is not cut to its length there"
    if target.this is _TYPE.TIMESTAMP and isinstance(source, exp.Literal):
        return ""
    if target.this is _TYPE.TIMESTAMPTZ and isinstance(source, exp.Literal):
        return "" if source.name.endswith((" UTC", "Z", "+00:00")) else "a zone is lost there; state it in UTC"
    if target.this in _DECIMAL and isinstance(source, exp.Literal):
        return "" if "E" not in source.name.upper() else "of a double was never compared"
    if any(target.this in targets and _kind(source) in sources for targets, sources in _CASTS):
        return ""
    return "" if isinstance(source, exp.Null) else "from that type was never compared"


def _ties(node: exp.Expr) -> str:
    options = node.args.get("limit_options")
    return "ties are left out there" if options is not None and options.args.get("with_ties") else ""


def _replacement(node: exp.Expr) -> str:
    searched = node.expression
    known = isinstance(searched, exp.Literal) and searched.is_string and searched.name
    return "" if known else "an empty text is replaced otherwise there: state which text is replaced"


def _tried(node: exp.Expr) -> str:
    return "more texts are numbers and dates there" if _kind(node.this) in _TEXT else ""


_RULES: Final[Mapping[type[exp.Expr], Callable[[exp.Expr], str]]] = {
    exp.Div: _division,
    exp.Mod: _division,
    exp.Mul: _product,
    exp.Avg: _mean,
    exp.Sum: _mean,
    exp.Round: _double_only,
    exp.Floor: _double_only,
    exp.Ceil: _double_only,
    exp.Corr: _doubles_only,
    exp.CovarSamp: _doubles_only,
    exp.CovarPop: _doubles_only,
    exp.DateDiff: _days_only,
    exp.Cast: _cast,
    exp.TryCast: _tried,
    exp.Replace: _replacement,
    exp.Fetch: _ties,
}


def _kind(node: exp.Expr) -> object:
    return None if node.type is None else node.type.this


def _same(node: exp.Expr) -> exp.Expr:
    """What gives on DuckDB what the node gives on Trino."""
    if isinstance(node, exp.Div | exp.Mod) and {_kind(node.this), _kind(node.expression)} <= _WHOLE:
        divisor = node.expression
        kind = exp.IntDiv if isinstance(node, exp.Div) else exp.Mod
        result = kind(this=exp.paren(node.this), expression=exp.paren(divisor))
        zero = exp.EQ(this=exp.paren(divisor.copy()), expression=exp.Literal.number(0))
        failure = exp.Anonymous(this="error", expressions=[exp.Literal.string("Division by zero")])
        return exp.paren(exp.Case(ifs=[exp.If(this=zero, true=failure)], default=result))
    if isinstance(node, exp.Add | exp.Sub | exp.DateAdd | exp.TimestampTrunc) and _kind(node.this) is _TYPE.DATE:
        return exp.cast(node, _TYPE.DATE)
    return node


def _refusal(what: str) -> OrchestrationError:
    return OrchestrationError(
        f"the statement is not run on DuckDB in Trino's place: {what}",
        remedy="run it where Trino is at hand, or leave that out",
    )

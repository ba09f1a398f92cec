"""One statement of SQL in Trino's dialect, over the lake."""

import re
from collections.abc import Iterator
from typing import Final

from quantos.contracts.dag.graph import PathFault
from quantos.contracts.dag.spec import Node
from quantos.documents.suggestion import MOST_SUGGESTED, suggestion
from quantos.orchestration.execution.local import LocalAttempt, Ran, Statement

_PARAMS: Final = ("sql_uri", "parameters")
_ONE_VALUE: Final = (str, int, float, bool, type(None))
_SQL_URI: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[\x21-\x7e]{1,1000}\.sql", re.ASCII)


def _image_faults(node: Node) -> Iterator[PathFault]:
    if node.image is not None:
        yield ("image",), "is not used: a trino_sql runs on the engine"


def _params_faults(node: Node) -> Iterator[PathFault]:
    unknown = [name for name in node.params if name not in _PARAMS]
    for number, name in enumerate(unknown):
        near = suggestion(name, _PARAMS) if number < MOST_SUGGESTED else ""
        yield ("params", name), f"is not a parameter of trino_sql{near}"
    uri = node.params.get("sql_uri")
    if uri is None:
        yield ("params", "sql_uri"), "is missing: where the statement lies, such as s3://queries/fetch.sql"
    elif not isinstance(uri, str) or not _SQL_URI.fullmatch(uri) or ".." in uri.split("/"):
        yield ("params", "sql_uri"), "must name an object that ends in .sql, such as s3://queries/fetch.sql"
    parameters = node.params.get("parameters", {})
    if not isinstance(parameters, dict):
        yield ("params", "parameters"), "must be names with values"
    elif wrong := [name for name, value in parameters.items() if not isinstance(value, _ONE_VALUE)]:
        yield ("params", "parameters", wrong[0]), "must be one value: a text, a number, true, false or null"


def _outs_faults(node: Node) -> Iterator[PathFault]:
    if len(node.outs) > 1:
        yield ("outs",), f"gives {len(node.outs)} outputs, and a statement makes one table"


class TrinoSql:
    """The statement at `sql_uri`, with the `parameters` that its `:names` stand for. Its one output is the table."""

    name = "trino_sql"
    checks = (_image_faults, _params_faults, _outs_faults)

    def run_locally(self, attempt: LocalAttempt) -> Ran:
        """On a Trino that is at hand, or on what takes its place."""
        parameters = attempt.node.params.get("parameters", {})
        return attempt.engines.run_statement(
            Statement(
                name=attempt.name,
                team=attempt.team,
                submission_id=attempt.submission_id,
                uri=str(attempt.node.params["sql_uri"]),
                parameters=parameters if isinstance(parameters, dict) else {},
                tables=attempt.inputs,
                out=next(iter(attempt.node.outs), None),
                given=attempt.given,
            )
        )


KIND = TrinoSql()

"""What a statement may be told, and nothing else."""

from typing import Any

import pytest

from quantos.contracts.dag.spec import Node
from quantos.orchestration.kinds.trino_sql import KIND


def faults(**fields: Any) -> list[str]:
    node = Node.model_validate({"id": "a", "kind": "trino_sql", "params": {"sql_uri": "s3://queries/a.sql"}, **fields})
    return [f"{'.'.join(map(str, path))}: {message}" for check in KIND.checks for path, message in check(node)]


def params(**fields: object) -> dict[str, object]:
    return {"params": {"sql_uri": "s3://queries/a.sql", **fields}}


@pytest.mark.parametrize(
    "fields",
    [
        {"outs": ["table"]},
        params(sql_uri="s3://team-a.queries/2026/a_b.sql"),
        params(parameters={"day": "2026-11-20", "limit": 5, "all": True, "none": None, "share": 0.5}),
    ],
)
def test_right(fields: dict[str, Any]) -> None:
    assert faults(**fields) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"params": {}}, "params.sql_uri: is missing"),
        (params(sql_uri=3), "params.sql_uri: must name an object"),
        (params(sql_uri="https://queries/a.sql"), "params.sql_uri: must name an object"),
        (params(sql_uri="s3://queries/../other/a.sql"), "params.sql_uri: must name an object"),
        (params(sql_uri="s3://queries/a.txt"), "params.sql_uri: must name an object"),
        (params(sql_uri="s3://queries/a.sql\n"), "params.sql_uri: must name an object"),
        (
            params(sql_url="s3://queries/a.sql"),
            "params.sql_url: is not a parameter of trino_sql; did you mean",
        ),
        (params(parameters=["a"]), "params.parameters: must be names with values"),
        (params(parameters={"a": [1]}), "params.parameters.a: must be one value"),
        ({"image": "a:1"}, "image: is not used"),
        ({"outs": ["a", "b"]}, "outs: gives 2 outputs"),
    ],
)
def test_wrong(fields: dict[str, Any], expected: str) -> None:
    (message,) = faults(**fields)
    assert message.startswith(expected)

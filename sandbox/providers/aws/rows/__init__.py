"""The registry of rows: one module per AWS service, imported when a type of it is first used."""

from __future__ import annotations

import functools
import importlib
import keyword

from sandbox.errors import SandboxError
from sandbox.providers.aws.row import Row

MODULES = (
    "apigatewayv2",
    "athena",
    "autoscaling",
    "bcmdata",
    "budgets",
    "cloudwatch",
    "costexplorer",
    "dynamodb",
    "ec2",
    "ecr",
    "eks",
    "glue",
    "iam",
    "kms",
    "lambda_",
    "msk",
    "rds",
    "s3",
    "scheduler",
    "sns",
    "sqs",
)
"""Every module of rows; a type's module is the service in its token, `ecr` in `aws:ecr/repository:Repository`."""


class UnmodelledTypeError(SandboxError):
    """The stand-in has no row for a resource type."""

    code = "sandbox.unmodelled_type"


@functools.cache
def rows_of(module: str) -> dict[str, Row]:
    """Rows of one service by token."""
    rows_module = importlib.import_module(f"sandbox.providers.aws.rows.{module}")
    rows: tuple[Row, ...] = rows_module.ROWS
    return {row.resource: row for row in rows}


def find_row(token: str) -> Row:
    """The row of a type. Raises `UnmodelledTypeError` naming the file in which to add it."""
    service = token.partition(":")[2].partition("/")[0]
    module = _module(service)
    row = rows_of(module).get(token) if module in MODULES else None
    if row is None:
        raise UnmodelledTypeError(
            f"the AWS stand-in has no row for {token}",
            remedy=f"add one to ROWS of sandbox/providers/aws/rows/{module}.py (sandbox/providers/aws/row.py says what"
            " a row is) and list it in docs/aws-parity.md",
        )
    return row


def _module(service: str) -> str:
    name = "ec2" if service == "vpc" else service
    return f"{name}_" if keyword.iskeyword(name) else name


def all_rows() -> list[Row]:
    """Every row, by token."""
    return sorted((row for module in MODULES for row in rows_of(module).values()), key=lambda row: row.resource)

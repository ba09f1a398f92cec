"""What runs, jobs and datasets are called in OpenLineage: the same whoever says it, however often."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from openlineage.client.naming.dataset import S3, AWSGlue, DatasetNaming
from openlineage.client.uuid import generate_static_uuid

from quantos.environment.names import PROJECT, Names
from quantos.errors import OrchestrationError
from quantos.orchestration.protocol.rows import AttemptKey, RunKey, Terms

TableNaming: TypeAlias = Callable[[str, str], DatasetNaming]
"""How a table of the lake is called, by its namespace and its own name."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SqlCatalogTable:
    """The name of a table of a lake whose catalog is an SQL database, which has no rule of its own in OpenLineage."""

    catalog: str
    namespace: str
    table: str

    def get_namespace(self) -> str:
        """The catalog."""
        return f"iceberg://{self.catalog}"

    def get_name(self) -> str:
        """The table within it."""
        return f"{self.namespace}.{self.table}"


@dataclass(frozen=True)
class Naming:
    """Of one environment."""

    environment: str
    tables: TableNaming

    @property
    def namespace(self) -> str:
        """Of its jobs."""
        return f"{PROJECT}.{self.environment}"

    def run_id(self, key: RunKey | AttemptKey, terms: Terms) -> str:
        """The UUID of a run or an attempt; its instant is that at which the run was submitted."""
        submitted = _EPOCH + timedelta(milliseconds=terms.submitted_ms)
        return str(generate_static_uuid(submitted, f"{self.namespace}/{key}".encode()))

    def dataset(self, uri: str) -> DatasetNaming:
        """What an output is called by its address. Raises OrchestrationError for one that has no name."""
        parts = urlsplit(uri)
        path = parts.path.strip("/")
        if parts.scheme == "s3" and parts.netloc and path:
            return S3(parts.netloc, path)
        if parts.scheme == "iceberg" and parts.netloc and path and "/" not in path:
            return self.tables(parts.netloc, path)
        raise OrchestrationError(
            f"{uri!r} names no dataset",
            remedy="Outputs lie at s3://bucket/key, or are tables as iceberg://namespace/table.",
        )


def glue_tables(names: Names) -> TableNaming:
    """Tables of a lake whose catalog is Glue."""
    return lambda namespace, table: AWSGlue(names.region, names.account_id, namespace, table)


def sql_tables(catalog: str) -> TableNaming:
    """Tables of a lake whose catalog is an SQL database."""
    return lambda namespace, table: SqlCatalogTable(catalog, namespace, table)


def job_name(pipeline_id: str, node: str) -> str:
    """Of a node."""
    return f"{pipeline_id}.{node}"

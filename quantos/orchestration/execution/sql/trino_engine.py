"""A real Trino, asked through its client."""

import contextlib
import json
import threading
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from trino import dbapi, exceptions

from quantos.errors import OrchestrationError
from quantos.lake.ports import Lake
from quantos.lake.tables import Snapshot
from quantos.orchestration.execution.classify import ExitFacts
from quantos.orchestration.execution.local import Evidence
from quantos.orchestration.execution.sql.work import MOST_ROWS, Made, Work, over
from quantos.orchestration.sql.binding import literal
from quantos.orchestration.sql.pinning import pinned

if TYPE_CHECKING:
    from trino.dbapi import Connection, Cursor

ANSWER_SECONDS: Final = 30.0
_STOPPED: Final = frozenset({"USER_CANCELED", "ADMINISTRATIVELY_KILLED"})
_OVER_TIME: Final = frozenset({"EXCEEDED_TIME_LIMIT"})
_OF_THE_QUERY: Final = frozenset({"USER_ERROR", "INSUFFICIENT_RESOURCES"})


@dataclass(frozen=True)
class TrinoEngine:
    """Makes tables by `CREATE TABLE AS`.

    The table appears whole or not at all, under a name that is the attempt's alone: whatever is heard of the statement,
    whether the table is there says whether it ran.

    Attributes:
        host: where Trino listens.
        catalog: Trino's name of the lake.
    """

    host: str
    port: int
    lake: Lake
    catalog: str = "lake"
    user: str = "quantos"
    _running: dict[str, "Cursor"] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def run(self, work: Work) -> Made:
        """Make the table, or find the one that was made for the same work."""
        statement = _statement(work)
        version = self.version()
        made = self.lake.find(work.target)
        if made is not None:
            return self._made(work, made, version)
        with self._connected(work) as connection:
            cursor = connection.cursor()
            with self._lock:
                self._running[work.name] = cursor
            try:
                facts = _outcome(connection, cursor, statement=statement, namespace=work.target.namespace)
            finally:
                with self._lock:
                    self._running.pop(work.name, None)
        made = self.lake.find(work.target)
        if made is not None:
            return self._made(work, made, version)
        return Made(facts=facts, evidence=_evidence(version, cursor.query_id))

    def stop(self, name: str) -> None:
        """Cancel the query of an attempt, where it runs."""
        with self._lock:
            cursor = self._running.get(name)
        if cursor is not None:
            cursor.cancel()

    def version(self) -> str:
        """As the server says it. Raises OrchestrationError where it does not answer, or has not started."""
        url = f"http://{self.host}:{self.port}/v1/info"
        try:
            with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:
                said = json.loads(answer.read())
            version, starting = str(said["nodeVersion"]["version"]), bool(said["starting"])
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise _absent(f"{self.host}:{self.port} does not answer as Trino does: {exc}") from exc
        if starting:
            raise _absent(f"{self.host}:{self.port} has not started yet")
        return version

    def _connected(self, work: Work) -> "Connection":
        seconds = max(work.given.time_ms // 1000, 1)
        return dbapi.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            source="quantos",
            catalog=self.catalog,
            timezone="UTC",
            client_tags=[work.name],
            http_headers={"traceparent": work.traceparent} if work.traceparent else {},
            session_properties={"query_max_execution_time": f"{seconds}s"},
            request_timeout=ANSWER_SECONDS,
        )

    def _made(self, work: Work, snapshot: Snapshot, version: str) -> Made:
        evidence = _evidence(version, snapshot.summary.get("trino_query_id"))
        limit = over(snapshot.rows, snapshot.size_bytes)
        if limit:
            self.lake.drop(work.target)
            return Made(facts=ExitFacts(limit=limit), evidence=evidence)
        return Made(facts=ExitFacts(exit_code=0), evidence=evidence, snapshot=snapshot)


def _statement(work: Work) -> str:
    text = pinned(work.query, work.pins, inputs=work.inputs)
    target = f'"{work.target.namespace}"."{work.target.table}"'
    head = f"CREATE TABLE {target} COMMENT {literal(work.name)} AS"
    return f"{head}\nSELECT * FROM (\n{text}\n) LIMIT {MOST_ROWS + 1}"


def _outcome(connection: "Connection", cursor: "Cursor", *, statement: str, namespace: str) -> ExitFacts:
    """What was heard of a statement; whether it ran is looked up."""
    try:
        connection.cursor().execute(f'CREATE SCHEMA IF NOT EXISTS "{namespace}"').fetchall()
        cursor.execute(statement)
        cursor.fetchall()
    except exceptions.TrinoQueryError as exc:
        return _failed(exc)
    except (exceptions.Error, exceptions.HttpError, OSError) as exc:
        with contextlib.suppress(exceptions.Error, exceptions.HttpError, OSError):
            cursor.cancel()
        return ExitFacts(lost=f"Trino stopped answering: {exc}")
    return ExitFacts(lost="Trino said that it made a table, which is not there")


def _failed(error: exceptions.TrinoQueryError) -> ExitFacts:
    if error.error_name in _STOPPED:
        return ExitFacts(stopped=True)
    if error.error_name in _OVER_TIME:
        return ExitFacts(limit=str(error.message))
    if error.error_type in _OF_THE_QUERY:
        return ExitFacts(exit_code=1, said=f"{error.error_name}: {error.message}")
    return ExitFacts(lost=f"{error.error_name}: {error.message}")


def _evidence(version: str, query_id: str | None) -> Evidence:
    return Evidence(engine="trino", version=version, reality="real", notes=(f"query {query_id}",) if query_id else ())


def _absent(what: str) -> OrchestrationError:
    return OrchestrationError(what, remedy="see that Trino runs there, or configure none", retryable=True)

"""Statements as they are read at admission: under what a team may run, bounded, and checked as queries."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Protocol

from quantos.contracts.dag.spec import Node
from quantos.errors import NotAdmittedError, OrchestrationError
from quantos.lake.tables import TableName
from quantos.orchestration.sql.binding import MOST_BYTES
from quantos.orchestration.sql.pinning import pinned
from quantos.orchestration.sql.query import Query, read_query

KIND: Final = "trino_sql"
MOST_OF_ALL: Final = 512 * 1024
"""Of all statements of a submission, each of them read to be checked and again to be pinned: some ten seconds."""
_KEPT: Final = 256
_URI: Final = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>.*)", re.ASCII | re.DOTALL)


class StatementSource(Protocol):
    """Where statements lie."""

    def read(self, bucket: str, key: str, *, most_bytes: int) -> bytes | None:
        """The first bytes of an object, one more than `most_bytes` where it has more; None where there is none.

        Raises OrchestrationError where it cannot be asked.
        """
        ...


@dataclass
class OnceEach:
    """A source for one submission: each object is read once, so that all nodes have it as it was at one moment.

    What is handed out is bounded over all nodes, in checking and in pinning, since each statement is parsed for its
    node's parameters.
    """

    source: StatementSource
    most_bytes: int = MOST_OF_ALL
    _read: dict[tuple[str, str], bytes | None] = field(default_factory=dict, init=False)
    _handed_bytes: int = field(default=0, init=False)

    def read(self, bucket: str, key: str, *, most_bytes: int) -> bytes | None:
        """As the source answered first. Raises NotAdmittedError where all together are too long."""
        if (bucket, key) not in self._read:
            self._read[bucket, key] = self.source.read(bucket, key, most_bytes=most_bytes)
        content = self._read[bucket, key]
        self._handed_bytes += len(content or b"")
        if self._handed_bytes > self.most_bytes:
            raise NotAdmittedError(
                f"the statements of all nodes have more than {self.most_bytes // 2} bytes together",
                remedy="shorten them, or split the DAG",
            )
        return content


@dataclass(frozen=True)
class AdmittedStatement:
    """A statement as it was read.

    Attributes:
        digest: SHA-256 of its bytes, hex.
    """

    uri: str
    digest: str
    text: str
    query: Query


def may_read(uri: str, prefixes: Sequence[str]) -> bool:
    """Whether an object lies under one of the prefixes, each a folder: `s3://a/b` does not hold `s3://a/bc`."""
    match = _URI.fullmatch(uri)
    if match is None or any(part in {"", ".", ".."} for part in match["key"].split("/")):
        return False
    return any(_URI.fullmatch(folder) and uri.startswith(folder) for folder in map(_folder, prefixes))


def read_statement(node: Node, *, prefixes: Sequence[str], source: StatementSource) -> AdmittedStatement:
    """The statement of a node of this kind, checked.

    Args:
        prefixes: folders under which the team's statements lie, `s3://bucket/folder/`.

    Raises:
        NotAdmittedError: it may not be read, is not there, too long, no text, or no query that is run.
        OrchestrationError: the bucket cannot be asked.
    """
    uri = str(node.params.get("sql_uri"))
    match = _URI.fullmatch(uri)
    if match is None or not may_read(uri, prefixes):
        remedy = f"move it under one of: {_listed(prefixes)}"
        raise _refused(node, f"{uri} lies under nothing that the team may run", remedy=remedy)
    content = source.read(match["bucket"], match["key"], most_bytes=MOST_BYTES)
    if content is None:
        raise _refused(node, f"{uri} is not there", remedy="put the statement there, then submit again")
    if len(content) > MOST_BYTES:
        raise _refused(node, f"{uri} has more than {MOST_BYTES} bytes", remedy="shorten the statement")
    try:
        text = content.decode()
        query = checked(node, text)
    except UnicodeDecodeError as exc:
        raise _refused(node, f"{uri} is no UTF-8: {exc.reason} at byte {exc.start}", remedy="save it as UTF-8") from exc
    except OrchestrationError as exc:
        raise _refused(node, f"{uri}: {exc.what}", remedy=exc.remedy) from exc
    return AdmittedStatement(uri, hashlib.sha256(content).hexdigest(), text, query)


def checked(node: Node, text: str) -> Query:
    """The query of a node's statement, which can be pinned. Raises OrchestrationError."""
    return _checked(text, json.dumps(parameters_of(node)), node.ins)


@lru_cache(maxsize=_KEPT)
def _checked(text: str, parameters: str, ins: tuple[str, ...]) -> Query:
    query = read_query(text, json.loads(parameters), takes=ins)
    anything = TableName("n", "t"), "0"
    pinned(query, dict.fromkeys(query.tables, "0"), inputs=dict.fromkeys(query.inputs, anything))
    return query


def parameters_of(node: Node) -> Mapping[str, object]:
    """What the `:names` of a node's statement stand for."""
    stated = node.params.get("parameters", {})
    return stated if isinstance(stated, dict) else {}


def _folder(prefix: str) -> str:
    return prefix if prefix.endswith("/") else f"{prefix}/"


def _listed(prefixes: Sequence[str]) -> str:
    return ", ".join(prefixes) or "nothing; have platform.teams.*.statements name a folder"


def _refused(node: Node, what: str, *, remedy: str) -> NotAdmittedError:
    return NotAdmittedError(f"node {node.id}: {what}", remedy=remedy)

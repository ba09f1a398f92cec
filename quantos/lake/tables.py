"""What tables, their snapshots and those who wrote them are called."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from quantos.errors import LakeError

SCHEME: Final = "iceberg://"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,127}", re.ASCII)


@dataclass(frozen=True, order=True)
class TableName:
    """A table of the lake, `namespace.table`; names are lower case, as every engine here keeps them."""

    namespace: str
    table: str

    def __post_init__(self) -> None:
        for part in (self.namespace, self.table):
            if not _NAME.fullmatch(part):
                raise LakeError(
                    f"{part!r} names no table or namespace of the lake",
                    remedy="use lower-case letters, digits and underscores, a letter first, at most 128",
                )

    def __str__(self) -> str:
        return f"{self.namespace}.{self.table}"

    @property
    def uri(self) -> str:
        """`iceberg://namespace/table`."""
        return f"{SCHEME}{self.namespace}/{self.table}"

    @classmethod
    def of_uri(cls, uri: str) -> Self:
        """The table of a uri. Raises LakeError where it is none of a table."""
        namespace, slash, table = uri.removeprefix(SCHEME).partition("/")
        if not uri.startswith(SCHEME) or not slash:
            raise LakeError(f"{uri!r} is no table of the lake", remedy="write iceberg://namespace/table")
        return cls(namespace, table)


@dataclass(frozen=True)
class Snapshot:
    """A table as it was at one time.

    Attributes:
        id: a number as text: it needs 64 bits, and JSON readers keep 53.
        size_bytes: of its data files.
        committed_ms: epoch milliseconds.
        summary: what its writer said of it.
    """

    table: TableName
    id: str
    rows: int
    size_bytes: int
    committed_ms: int = 0
    summary: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Stamp:
    """Who commits, written into the snapshot, so that a commit whose outcome nobody knows can be looked up."""

    submission: str
    node: str
    attempt: str

    @property
    def properties(self) -> dict[str, str]:
        """As a snapshot keeps it."""
        return {
            "quantos.submission": self.submission,
            "quantos.node": self.node,
            "quantos.attempt": self.attempt,
        }

"""ClickHouse in this process: the same engine and the same SQL as a server, over a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chdb.session import Session

from quantos.errors import AuditError
from quantos.translation import Vendor, translated

_CHDB: Final = Vendor(raises=(RuntimeError, OSError, UnicodeError), reason=lambda error: str(error).split("\n")[0])


@dataclass(frozen=True)
class EmbeddedClickHouse:
    """A ClickHouse, as loading asks for one."""

    session: Session

    def run(self, statement: str, data: bytes = b"") -> bytes:
        """Run one statement, with the rows of an insert, and return what it answers. Raises AuditError."""
        text = f"{statement}\n{data.decode()}" if data else statement
        with translated(_CHDB, into=AuditError, what="ClickHouse did not take it", remedy="read what it says"):
            return bytes(self.session.query(text).bytes())


@contextmanager
def embedded(folder: Path) -> Iterator[EmbeddedClickHouse]:
    """ClickHouse over a folder while the block lasts; a process has one at a time. Raises AuditError."""
    with translated(_CHDB, into=AuditError, what=f"ClickHouse cannot use {folder}", remedy="name another folder"):
        session = Session(str(folder))
    try:
        yield EmbeddedClickHouse(session)
    finally:
        session.close()

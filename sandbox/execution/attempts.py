"""The attempts of a machine in one SQLite file: every name that was ever created or stopped, and what became of it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from pydantic import TypeAdapter

from quantos.orchestration.adapters.messages import decode, encode
from quantos.orchestration.protocol.effects import Create
from quantos.orchestration.protocol.rows import AttemptKey, Finished, Order
from quantos.translation import Vendor, translated
from sandbox.errors import SandboxError

State: TypeAlias = Literal["waiting", "starting", "running", "ended", "acknowledged"]
_BUSY_SECONDS: Final = 30
_SQLITE: Final = Vendor(raises=(sqlite3.Error, OSError))
_KEY: Final = TypeAdapter(AttemptKey)
_TABLE: Final = """
create table if not exists attempts (
    place integer primary key,
    name text not null unique,
    key text not null,
    state text not null,
    value blob,
    stop integer not null default 0,
    finished blob,
    heard_start integer not null default 0,
    sent_ms integer
)
"""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt that is not over with.

    Attributes:
        order: None where it was stopped before it was ever created, or is over and cleaned up.
        stop: whether it is to end.
        finished: what became of it.
        heard_start: whether it was sent that it runs.
        sent_ms: when it was last sent what became of it; None where it never was.
    """

    key: AttemptKey
    state: State
    order: Order | None
    stop: bool = False
    finished: Finished | None = None
    heard_start: bool = False
    sent_ms: int | None = None

    @property
    def name(self) -> str:
        """The attempt's name."""
        return str(self.key)


@dataclass(frozen=True)
class Attempts:
    """An executor's memory. It is the protocol's Executor: a name is remembered for good, and runs at most once.

    Any number of processes may share it. Each call raises SandboxError where the file cannot be used.
    """

    file: Path

    def create(self, order: Order) -> None:
        """Have an attempt run, unless anything was ever created or stopped under its name."""
        key = order.node.last_attempt
        self._do(
            "insert into attempts (name, key, state, value) values (?, ?, 'waiting', ?) on conflict do nothing",
            str(key), _KEY.dump_json(key).decode(), encode(Create(order)).value,
        )  # fmt: skip

    def stop(self, attempt: AttemptKey) -> None:
        """Have an attempt end, or never begin: one that waits has ended."""
        finished = _finished(Finished(attempt, "cancelled", detail="stopped before it began"))
        self._do(
            "insert into attempts (name, key, state, stop, finished) values (?, ?, 'ended', 1, ?) on conflict (name) "
            "do update set stop = 1, finished = iif(state = 'waiting', excluded.finished, finished), "
            "state = iif(state = 'waiting', 'ended', state)",
            str(attempt), _KEY.dump_json(attempt).decode(), finished,
        )  # fmt: skip

    def acknowledge(self, attempt: AttemptKey) -> None:
        """What became of it is kept elsewhere: it is told no more, and its name is remembered."""
        self._do("update attempts set state = 'acknowledged' where name = ? and state = 'ended'", str(attempt))

    def starting(self, attempt: Attempt) -> bool:
        """Claim one that waits, to start it; False where it was stopped meanwhile."""
        return self._change(attempt, "state = 'starting'", when="waiting")

    def running(self, attempt: Attempt) -> None:
        """Keep that a worker has it, and that there will never be another."""
        self._change(attempt, "state = 'running'", when="starting")

    def ended(self, attempt: Attempt, finished: Finished) -> None:
        """Keep what became of it."""
        self._change(attempt, "state = 'ended', finished = ?", _finished(finished), when=attempt.state)

    def sent_start(self, attempt: Attempt) -> None:
        """Keep that it was sent that it runs."""
        self._change(attempt, "heard_start = 1", when="running")

    def sent_end(self, attempt: Attempt, *, now_ms: int) -> None:
        """Keep when it was sent what became of it."""
        self._change(attempt, "sent_ms = ?", now_ms, when="ended")

    def cleaned(self, attempt: Attempt) -> None:
        """Keep no more of it than its name."""
        self._change(attempt, "value = null, finished = null", when="acknowledged")

    def open(self) -> tuple[Attempt, ...]:
        """All that something is left to do for, oldest first."""
        with self._opened() as connection:
            rows = connection.execute(
                "select key, state, value, stop, finished, heard_start, sent_ms from attempts "
                "where state != 'acknowledged' or value is not null order by place"
            ).fetchall()
        return tuple(map(_attempt, rows))

    def _change(self, attempt: Attempt, change: str, *values: object, when: State) -> bool:
        statement = f"update attempts set {change} where name = ? and state = ?"  # noqa: S608  its own words
        return self._do(statement, *values, attempt.name, when) == 1

    def _do(self, statement: str, *values: object) -> int:
        with self._opened() as connection:
            return connection.execute(statement, values).rowcount

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        what, remedy = f"attempts cannot be kept in {self.file}", "check the folder, or remove it with the sandbox"
        with translated(_SQLITE, into=SandboxError, what=what, remedy=remedy):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.file, timeout=_BUSY_SECONDS, isolation_level=None)
            try:
                connection.execute("pragma journal_mode = wal")
                connection.execute(_TABLE)
                yield connection
            finally:
                connection.close()


def _attempt(row: tuple[str, State, bytes | None, int, bytes | None, int, int | None]) -> Attempt:
    key, state, value, stop, finished, heard_start, sent_ms = row
    created = None if value is None else decode(value)
    ended = None if finished is None else decode(finished)
    return Attempt(
        key=_KEY.validate_json(key),
        state=state,
        order=created.order if isinstance(created, Create) else None,
        stop=bool(stop),
        finished=ended if isinstance(ended, Finished) else None,
        heard_start=bool(heard_start),
        sent_ms=sent_ms,
    )


def _finished(finished: Finished) -> bytes:
    return encode(finished).value

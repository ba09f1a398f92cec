"""What a run reads, pinned before it is accepted: statements by their digests, tables by tagged snapshots.

All of it is written down once, under the submission's digest. Whoever asks again, and each further run, has what was
written first, whatever changed since. Key: the run and the table, so that the end of one run's ttl takes nothing from
the next; a tag that a crash left ends with its age.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from quantos.contracts.dag.admission import Admission
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.contracts.dag.values import duration_seconds
from quantos.errors import LakeError, NotAdmittedError, OrchestrationError
from quantos.lake.ports import Snapshots, Tags
from quantos.lake.tables import SCHEME, Snapshot, TableName
from quantos.orchestration.protocol.rows import RunKey
from quantos.orchestration.submission.statements import KIND, AdmittedStatement, StatementSource, read_statement


class PinnedLake(Snapshots, Tags, Protocol):
    """What is asked of the lake to pin what a run reads."""


class AdmissionStore(Protocol):
    """What was read at admission. All raise OrchestrationError where it cannot be asked."""

    def keep_text(self, text: str) -> str:
        """Keep a statement, and return its SHA-256. Key: that."""
        ...

    def keep(self, team: str, digest: str, admission: Admission) -> Admission:
        """Keep what was read for a submission, and return what was kept first. Key: team and digest."""
        ...

    def find(self, team: str, digest: str) -> Admission | None:
        """What was kept; None before."""
        ...


@dataclass(frozen=True, kw_only=True)
class PinnedInputs:
    """What a submission reads of the outside.

    Attributes:
        prefixes: of a team, under which its statements lie.
        results: the namespace of what statements of runs make, which is their own runs' only.
    """

    lake: PinnedLake
    source: StatementSource
    store: AdmissionStore
    prefixes: Callable[[str], Sequence[str]]
    results: str
    clock: Callable[[], datetime]

    def check(self, team: str, request: SubmissionRequest) -> None:
        """That all of it may be read and is there.

        Raises:
            NotAdmittedError: it may not, or is not.
            OrchestrationError: the lake or the bucket cannot be asked.
        """
        self._snapshots(request, list(self._statements(team, request)))

    def pin(self, run: RunKey, request: SubmissionRequest) -> Mapping[str, str]:
        """Keep it for as long as the run's ttl, as it is now or was for the first run; return each table's snapshot.

        Raises:
            NotAdmittedError: what is read may not be, or is not there any more.
            OrchestrationError: the lake or the bucket cannot be asked.
        """
        team, digest = run.team, request.digest()
        admission = self.store.find(team, digest)
        if admission is None:
            statements = list(self._statements(team, request))
            read = self._snapshots(request, statements)
            self._tag(run, request, read)
            kept = Admission(
                statements={each.uri: self.store.keep_text(each.text) for each in statements},
                reads={each.uri: tuple(map(str, each.query.tables)) for each in statements},
                snapshots={str(each.table): each.id for each in read},
            )
            admission = self.store.keep(team, digest, kept)
        self._tag(run, request, list(self._admitted(run, admission)))
        return admission.snapshots

    def _statements(self, team: str, request: SubmissionRequest) -> Iterator[AdmittedStatement]:
        for node in request.dag.nodes:
            if node.kind == KIND:
                yield read_statement(node, prefixes=self.prefixes(team), source=self.source)

    def _snapshots(self, request: SubmissionRequest, statements: Sequence[AdmittedStatement]) -> list[Snapshot]:
        """Of each table that is read: the one that `refs.data` states, else the current one."""
        stated: dict[TableName, str | None] = {}
        for name, ref in request.refs.data.items():
            if ref.uri.startswith(SCHEME):
                with _asking_lake(f"refs.data.{name}: "):
                    table = TableName.of_uri(ref.uri)
                if stated.get(table) not in {None, ref.snapshot_id}:
                    raise NotAdmittedError(
                        f"refs.data states two snapshots of {table}", remedy="state one; a run reads one of each table"
                    )
                stated[table] = ref.snapshot_id or stated.get(table)
        for statement in statements:
            for table in statement.query.tables:
                stated.setdefault(table, None)
        for table in stated:
            if table.namespace == self.results:
                raise NotAdmittedError(
                    f"{table} is what a run made, and only its own nodes read it",
                    remedy="make it in this DAG, and take it as an input of the nodes that read it",
                )
        return [self._snapshot(table, snapshot_id) for table, snapshot_id in sorted(stated.items(), key=str)]

    def _snapshot(self, table: TableName, snapshot_id: str | None) -> Snapshot:
        with _asking_lake():
            return self.lake.snapshot(table, snapshot_id)

    def _admitted(self, run: RunKey, admission: Admission) -> Iterator[Snapshot]:
        for name, snapshot_id in admission.snapshots.items():
            try:
                yield self._snapshot(_table(name), snapshot_id)
            except NotAdmittedError as exc:
                raise NotAdmittedError(
                    f"{exc.what}, and {run.submission_id} reads nothing else",
                    remedy="submit under another id, which reads tables as they are now",
                ) from exc

    def _tag(self, run: RunKey, request: SubmissionRequest, snapshots: Sequence[Snapshot]) -> None:
        """Keep snapshots until a run that begins now could end, and its ttl after that."""
        longest = timedelta(seconds=duration_seconds(request.dag.slo.max_runtime))
        kept = longest + timedelta(days=request.params.ttl_days)
        until_ms = round((self.clock() + kept).timestamp() * 1000)
        for snapshot in snapshots:
            name = tag_name(run, table=str(snapshot.table), snapshot_id=snapshot.id)
            with _asking_lake():
                self.lake.tag(snapshot, name, until_ms=until_ms)


def release(run: RunKey, admission: Admission, lake: Tags) -> None:
    """Let go of what was pinned for a run, once its ttl is over. Key: the run. Raises OrchestrationError."""
    for name, snapshot_id in admission.snapshots.items():
        with _asking_lake():
            lake.untag(_table(name), tag_name(run, table=name, snapshot_id=snapshot_id))


def tag_name(run: RunKey, *, table: str, snapshot_id: str) -> str:
    """The name of a tag, which tells who it is for by a digest."""
    key = "/".join((str(run), table, snapshot_id))
    return f"q-{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def _table(name: str) -> TableName:
    return TableName(*name.split(".", 1))


@contextmanager
def _asking_lake(where: str = "") -> Iterator[None]:
    """What the lake says of a table, as what it is to a submission."""
    try:
        yield
    except LakeError as exc:
        kind = OrchestrationError if exc.retryable else NotAdmittedError
        raise kind(f"{where}{exc.what}", remedy=exc.remedy, retryable=exc.retryable) from exc

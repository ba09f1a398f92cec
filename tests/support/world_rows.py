"""Rows in memory: those of an explored world."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from quantos.orchestration.protocol import effects
from quantos.orchestration.protocol.effects import Write
from quantos.orchestration.protocol.rows import Node, Outgoing, Row, RunKey, Submission
from tests.support.exploration import World, done


@dataclass
class WorldRows:
    """The rows of an explored world."""

    world: World = field(default_factory=World)

    def load(self, keys: Sequence[str]) -> tuple[Row | None, ...]:
        return self._do(effects.Load(tuple(keys)))

    def load_nodes(self, run: RunKey, digest: str) -> tuple[Node, ...]:
        return self._do(effects.LoadNodes(run, digest))

    def commit(self, writes: Sequence[Write], removes: Sequence[Row]) -> bool:
        return self._do(effects.Commit(tuple(writes), tuple(removes)))

    def put_nodes(self, nodes: Sequence[Node]) -> None:
        self._do(effects.PutNodes(tuple(nodes)))

    def _do(self, effect: effects.Effect) -> Any:
        answer, self.world = done(self.world, effect)
        return answer

    def open_runs(self) -> Iterable[RunKey]:
        return [row.run for _, row in self.world.rows if isinstance(row, Submission) and row.ended is None]

    def due_runs(self, now_ms: int) -> Iterable[RunKey]:
        runs = [row for _, row in self.world.rows if isinstance(row, Submission) and row.cleared_ms is None]
        due = [(row.kept_until_ms, row.run) for row in runs if row.kept_until_ms is not None]
        return [run for until, run in sorted(due) if until < now_ms]

    def outgoing(self) -> Iterable[Outgoing]:
        return ()

    def runs_of(self, team: str, *, before: str, most: int) -> Sequence[tuple[RunKey, str]]:
        rows = [row for _, row in self.world.rows if isinstance(row, Submission) and row.run.team == team]
        places = sorted(((f"{row.terms.submitted_ms:015d}/{row.run}", row.run) for row in rows), reverse=True)
        return [(run, place) for place, run in places if not before or place < before][:most]

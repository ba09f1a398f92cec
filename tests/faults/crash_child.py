"""Runs one resize in this process and dies by SIGKILL, with every child, at a named point of the transaction.

    python crash_child.py PLAN_FILE POINT PROJECT_DIR PACK_FOLDER

Not a test; `test_killed_resize.py` starts it with the environment of a sandbox.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from quantos.capacity.ports import LedgerEntry, PlanLedger
from quantos.capacity.resize.ports import Checkpoint, Engine, EngineTerms, GroupSize
from quantos.contracts.plan import PlanDocument, ScalingPlan, Unsettled
from quantos.deployment.backend import FileBackend, parse_backend
from quantos.deployment.changes import EngineRun
from quantos.deployment.locks import BackendLock
from tests.support.small_environment import attach

POLL_SECONDS = 0.002


def die() -> None:
    """What a machine that loses power does to a process and its children."""
    os.killpg(0, signal.SIGKILL)
    time.sleep(60)


def die_when(condition: Callable[[], bool]) -> None:
    """Die as soon as `condition` holds, whatever the main thread is doing."""

    def watch() -> None:
        while not condition():
            time.sleep(POLL_SECONDS)
        die()

    threading.Thread(target=watch, daemon=True).start()


@dataclass(frozen=True)
class FatalEngine:
    """An engine during whose operations the process may die."""

    engine: Engine
    point: str
    groups_moved: Callable[[], bool]

    def preview(self, document: PlanDocument, *, raised: Sequence[str], standing: Mapping[str, GroupSize]) -> EngineRun:
        if self.point == "previewing":
            begun = time.monotonic()
            die_when(lambda: time.monotonic() > begun + 0.7)
        return self.engine.preview(document, raised=raised, standing=standing)

    def up(
        self,
        document: PlanDocument,
        *,
        raised: Sequence[str],
        standing: Mapping[str, GroupSize],
        terms: EngineTerms,
    ) -> EngineRun:
        if self.point == "locked":
            backend = parse_backend(os.environ["PULUMI_BACKEND_URL"])
            assert isinstance(backend, FileBackend)
            die_when(lambda: any(backend.root.glob(".pulumi/locks/**/*.json")))
        if self.point == "half way":
            die_when(self.groups_moved)
        run = self.engine.up(document, raised=raised, standing=standing, terms=terms)
        if self.point == "updated":
            die()
        return run

    def locks(self) -> tuple[BackendLock, ...]:
        return self.engine.locks()

    def remove_lock(self, lock: BackendLock) -> None:
        self.engine.remove_lock(lock)

    def checkpoint(self) -> Checkpoint:
        return self.engine.checkpoint()


@dataclass(frozen=True)
class FatalLedger:
    """A ledger after whose move the process dies, before anybody is told."""

    ledger: PlanLedger
    point: str

    def current(self) -> LedgerEntry:
        return self.ledger.current()

    def replace(
        self, document: PlanDocument, *, expected_version: str | None, unsettled: Unsettled | None = None
    ) -> str:
        version = self.ledger.replace(document, expected_version=expected_version, unsettled=unsettled)
        if self.point == ("pointer moved" if unsettled is None else "pointer marked"):
            die()
        return version


def main(plan_file: str, point: str, project_dir: str, pack_folder: str) -> None:
    plan = ScalingPlan.model_validate_json(Path(plan_file).read_bytes())
    environment = attach(project_dir=Path(project_dir), folder=Path(pack_folder))
    before = environment.groups()
    clock = plan.created_at + timedelta(seconds=20)
    resizer = environment.resizer(clock=lambda: clock, wall_clock=lambda: datetime.now(tz=UTC))
    build = resizer.engine

    def engine() -> Engine:
        if point == "leased":
            die()
        return FatalEngine(build(), point, groups_moved=lambda: environment.groups() != before)

    outcome = replace(resizer, engine=engine, ledger=FatalLedger(resizer.ledger, point)).resize(plan, holder="victim")
    sys.stderr.write(f"survived: {outcome.status} {outcome.reason}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

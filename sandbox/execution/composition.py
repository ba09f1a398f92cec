"""Puts an executor of this machine together, and takes it down."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from quantos.deployment.adapters.processes import LocalProcesses
from quantos.orchestration.adapters.workspace_archive import WorkspaceArchive
from quantos.orchestration.attempt.ray_head import RayHeads
from quantos.orchestration.attempt.ray_jobs import RayLeftovers
from quantos.orchestration.protocol.ports import Sender
from sandbox.execution.attempts import Attempts
from sandbox.execution.place import Place
from sandbox.execution.supervisor import Supervisor
from sandbox.execution.workers import Workers

PROJECT: Final = Path(__file__).parents[2]


def supervisor_of(place: Place, *, sender: Sender, archive: WorkspaceArchive, environ: Mapping[str, str]) -> Supervisor:
    """The supervisor of a place, which is written down for its workers. `environ` is theirs: AWS's, and uv's."""
    place.write()
    modules = os.pathsep.join(filter(None, [str(PROJECT), environ.get("PYTHONPATH", "")]))
    return Supervisor(
        attempts=Attempts(place.state / "attempts.sqlite"),
        state=place.state,
        machine=place.machine,
        workers=Workers({**environ, "PYTHONPATH": modules}),
        processes=LocalProcesses(),
        sender=sender,
        archive=archive,
        leftovers=RayLeftovers(place.state),
    )


def shut_down(supervisor: Supervisor) -> None:
    """End all that runs: workers, their programs, and Ray."""
    supervisor.end_all()
    RayHeads(supervisor.state).stop()

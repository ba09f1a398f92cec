"""Puts an executor of this machine together, and takes it down."""

import os
from collections.abc import Mapping

from quantos.deployment.adapters.processes import LocalProcesses
from quantos.orchestration.protocol.ports import Sender
from sandbox.execution.archive import WorkspaceArchive
from sandbox.execution.attempts import Attempts
from sandbox.execution.launching import PROJECT
from sandbox.execution.place import Place
from sandbox.execution.ray_head import RayHeads
from sandbox.execution.ray_jobs import RayLeftovers
from sandbox.execution.supervisor import Supervisor
from sandbox.execution.workers import Workers


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

"""Puts together what one attempt may run on, whichever executor runs it."""

from quantos.orchestration.attempt.engines import MachineEngines
from quantos.orchestration.attempt.lake import AttemptLake
from quantos.orchestration.attempt.processes import ProcessEngine
from quantos.orchestration.attempt.ray_jobs import RayEngine


def engines_of(lake: AttemptLake, *, processes: ProcessEngine, ray: RayEngine) -> MachineEngines:
    """Programs as processes or as jobs of Ray, statements and tables of the lake, objects of its archive."""
    return MachineEngines(
        archive=lake.archive, tables=lake, programs=processes.run, ray_jobs=ray.run, statements=lake.run
    )

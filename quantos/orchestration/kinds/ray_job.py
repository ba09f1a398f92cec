"""A program that shares its work out by Ray."""

from quantos.orchestration.execution.local import LocalAttempt, Ran
from quantos.orchestration.kinds.program import image_faults, ran_program


class RayJob:
    """The image's program as a Ray job of its own; `params` are its own."""

    name = "ray_job"
    checks = (image_faults,)

    def run_locally(self, attempt: LocalAttempt) -> Ran:
        """As a job of this machine's Ray, which the environment that stands for the image has too."""
        return ran_program(attempt, attempt.engines.run_ray_job)


KIND = RayJob()

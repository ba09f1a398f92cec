"""A program of its own image, in one process."""

from quantos.orchestration.execution.local import LocalAttempt, Ran
from quantos.orchestration.kinds.program import image_faults, ran_program


class PythonTask:
    """The image's program; `params` are its own."""

    name = "python_task"
    checks = (image_faults,)

    def run_locally(self, attempt: LocalAttempt) -> Ran:
        """As a process of the environment that stands for the image."""
        return ran_program(attempt, attempt.engines.run_program)


KIND = PythonTask()

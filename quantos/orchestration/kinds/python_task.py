"""A program of its own image, in one process."""

from quantos.orchestration.kinds.program import image_faults


class PythonTask:
    """The image's program; `params` are its own."""

    name = "python_task"
    checks = (image_faults,)


KIND = PythonTask()

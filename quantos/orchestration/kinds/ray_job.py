"""A program that shares its work out by Ray."""

from quantos.orchestration.kinds.program import image_faults


class RayJob:
    """The image's program as a Ray job of its own; `params` are its own."""

    name = "ray_job"
    checks = (image_faults,)


KIND = RayJob()

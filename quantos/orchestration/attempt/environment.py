"""The environment that a program runs in: of a folder that stands for its image, or of the image itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An image's environment as it lies on this machine.

    Attributes:
        digest: its name with the digest of what it is made of.
        folder: all of it: code and virtual environment.
        command: its program, all paths absolute.
        modules: folders of its code, for PYTHONPATH.
    """

    digest: str
    folder: Path
    command: tuple[str, ...]
    python: Path
    modules: tuple[Path, ...]


class Environments(Protocol):
    """Environments by image."""

    def environment(self, reference: str) -> Environment:
        """The environment of an image. Raises OrchestrationError where there is none."""
        ...

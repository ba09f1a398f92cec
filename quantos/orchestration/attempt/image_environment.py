"""The environment of the image that one runs in: a program's image is built on that of what runs attempts."""

import os
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quantos.errors import OrchestrationError
from quantos.orchestration.attempt.environment import Environment

PROGRAM: Final = Path("/opt/program")
"""Where an image has its program: `image.toml` beside `venv` and `code`."""


@dataclass(frozen=True)
class ImageEnvironment:
    """The one environment that there is.

    Attributes:
        digest: of the image.
        folder: of the program.
    """

    digest: str
    folder: Path = PROGRAM

    def environment(self, reference: str) -> Environment:
        """The image's, whatever a DAG calls it. Raises OrchestrationError where the image has no program."""
        stated = self.folder / "image.toml"
        try:
            command = tuple(str(word) for word in tomllib.loads(stated.read_text(encoding="utf-8"))["command"])
        except (OSError, ValueError, KeyError) as exc:
            raise OrchestrationError(
                f"{reference} holds no program: {exc!r}",
                remedy=f"build it on the image of the task runner, with a command stated in {PROGRAM}/image.toml",
            ) from exc
        own = self.folder / "venv" / "bin" / "python"
        python = own if own.exists() else Path(os.path.realpath(sys.executable))
        return Environment(
            digest=self.digest,
            folder=self.folder,
            command=tuple(str(python) if word == "python" else word for word in command),
            python=python,
            modules=(self.folder / "code",),
        )

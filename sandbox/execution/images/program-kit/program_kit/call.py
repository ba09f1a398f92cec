"""How a program is called: params and inputs are read, outputs are named, by the paths in its variables."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self


class RefusedError(Exception):
    """What the program was given is no good; its message is the last line that it says."""


@dataclass(frozen=True)
class Call:
    """One call, in the current folder."""

    variables: Mapping[str, str]

    @classmethod
    def of_process(cls) -> Self:
        """This process's."""
        return cls(dict(os.environ))

    def params(self) -> dict[str, object]:
        """The node's params."""
        return json.loads(Path(self.variables["QUANTOS_PARAMS"]).read_bytes())

    def input_path(self, name: str) -> Path:
        """Where an input lies: a file, or a folder of Parquet files. Raises RefusedError."""
        inputs = json.loads(Path(self.variables["QUANTOS_INPUTS"]).read_bytes())
        if name not in inputs:
            raise RefusedError(f"the input {name} is missing; given are: {', '.join(inputs) or 'none'}")
        return Path(inputs[name]["path"])

    def give(self, outputs: Mapping[str, Path]) -> None:
        """Name files of the current folder as outputs: the last that a program does."""
        here = Path.cwd().resolve()
        names = {name: str(path.resolve().relative_to(here)) for name, path in outputs.items()}
        Path(self.variables["QUANTOS_OUTPUTS"]).write_text(json.dumps(names), encoding="utf-8")

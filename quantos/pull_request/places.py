"""Where a reader finds what a rule speaks of: a line of the layer's program or of the environment file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from quantos.pull_request.model import SourceLocation
from quantos.urn import Urn

STACK_TYPE = "pulumi:pulumi:Stack"
DATA_LAYER = "capacity"
"""The layer whose resources are declared by the environment file, one a pool, and not one by one in the program."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """Of one layer of one environment.

    Args:
        environment_file: path of the environment file; `environment_text` is what it holds.
        program: path of the file with which the layer's program begins.
        declared: where a program declares a resource, by URN, as far as the engine knows.
    """

    layer: str
    environment_file: str
    environment_text: str
    program: str
    declared: Mapping[str, SourceLocation]

    def of(self, urn: str) -> SourceLocation:
        """A pool, or the limits of pools, in the environment file; else where the program declares the resource."""
        if self.layer == DATA_LAYER:
            resource = Urn.parse(urn)
            key = "limits" if resource.type == STACK_TYPE else resource.name
            match = re.search(rf"^ *{re.escape(key)}:", self.environment_text, re.MULTILINE)
            if match is not None:
                line = self.environment_text.count("\n", 0, match.start()) + 1
                return SourceLocation(path=self.environment_file, line=line)
        return self.declared.get(urn, SourceLocation(path=self.program, line=1))

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
        """A pool, or the limits of pools, in the environment file; else where the program declares the resource.

        What is said of no resource has the program's first line.
        """
        if self.layer == DATA_LAYER and Urn.is_urn(urn):
            resource = Urn.parse(urn)
            place = self._field("limits" if resource.type == STACK_TYPE else resource.name)
            if place is not None:
                return place
        return self.declared.get(urn, self._beginning)

    def of_component(self, name: str) -> SourceLocation:
        """A pool in the environment file by its name; for components of other layers where the program begins."""
        place = self._field(name) if self.layer == DATA_LAYER else None
        return place or self._beginning

    @property
    def _beginning(self) -> SourceLocation:
        return SourceLocation(path=self.program, line=1)

    def _field(self, key: str) -> SourceLocation | None:
        match = re.search(rf"^ *{re.escape(key)}:", self.environment_text, re.MULTILINE)
        if match is None:
            return None
        line = self.environment_text.count("\n", 0, match.start()) + 1
        return SourceLocation(path=self.environment_file, line=line)

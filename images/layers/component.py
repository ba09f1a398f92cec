"""What a layer holds, piece by piece, as lists of components name it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Component:
    """A package or program.

    Attributes:
        purl: its package URL, which is what it is known by.
        licence: an expression of SPDX; empty where only `licence_text` says, or nothing.
        sha256: of the file that it was installed from, in hex; empty where that is not known.
        properties: what else is to be said, by name.
    """

    kind: Literal["library", "application"]
    name: str
    version: str
    purl: str
    licence: str = ""
    licence_text: str = ""
    sha256: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)

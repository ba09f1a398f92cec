"""Where an executor is, as its workers read it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from quantos.lake.place import EmbeddedLake
from sandbox.execution.images import IMAGES
from sandbox.execution.machine import Machine


@dataclass(frozen=True, kw_only=True)
class Place:
    """An executor's.

    Attributes:
        state: its folder: attempts, secrets, and what is known of its Ray.
        bucket: the environment's artifacts.
        images: folders that stand for images.
        otlp_endpoint: where programs send their spans; "" for nowhere.
        lake: where tables lie; None where there is no lake.
        results: namespace of the lake, in which statements make their tables.
        trino: `host:port` of the Trino over that lake; "" where DuckDB takes its place.
    """

    state: Path
    bucket: str
    machine: Machine
    images: Path = IMAGES
    otlp_endpoint: str = ""
    lake: EmbeddedLake | None = None
    results: str = ""
    trino: str = ""

    def write(self) -> None:
        """Keep it for workers."""
        self.state.mkdir(parents=True, exist_ok=True)
        partial = self.state / "place.json.partial"
        partial.write_bytes(_PLACE.dump_json(self))
        partial.rename(self.state / "place.json")


_PLACE: Final = TypeAdapter(Place)


def read_place(state: Path) -> Place:
    """The place that an executor has written down."""
    return _PLACE.validate_json((state / "place.json").read_bytes())

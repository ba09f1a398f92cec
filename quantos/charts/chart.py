"""Charts and definitions at hand."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from quantos.charts.custom_resources import Definitions
from quantos.charts.values_check import ChartValues


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart of a folder. `templates` is where the whole chart lies, None where only its values do."""

    name: str
    version: str
    values: ChartValues
    templates: Path | None = None


class Charts(Protocol):
    """Charts and definitions at hand."""

    def chart(self, name: str) -> Chart | None:
        """A chart by name; None where it is not at hand. Raises ChartsError where it cannot be read."""

    @property
    def definitions(self) -> Definitions:
        """Definitions of custom resources."""

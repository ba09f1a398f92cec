"""What spot is assumed to save where no spot price was measured, from a file the project carries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SpotAssumption:
    """What spot is taken to save where no measured spot price is at hand, and why that is careful."""

    saving: float
    reason: str


def spot_assumptions(path: Path) -> tuple[dict[str, SpotAssumption], SpotAssumption]:
    """By family of instance types, and for every other. Raises OSError, KeyError, ValueError for another file."""
    stated = json.loads(path.read_text(encoding="utf-8"))
    by_family = {family: _assumption(group) for group in stated["groups"] for family in group["families"].split()}
    return by_family, _assumption(stated["otherwise"])


def _assumption(group: Mapping[str, str]) -> SpotAssumption:
    return SpotAssumption(saving=float(group["saving_percent"]) / 100, reason=group["reason"])

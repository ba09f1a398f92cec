"""Counts, shares, lists and the names of models as a trader reads them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_MODELS: Final = {
    "last-value": "the last value with a margin",
    "reactive": "demand of the moment",
    "static-peak": "highest demand so far",
    "seasonal-naive-day": "same time yesterday",
    "seasonal-naive-week": "same time a week ago",
    "session-naive": "same time of the last session",
    "reactive-or-day": "the greater of now and yesterday",
    "reactive-or-week": "the greater of now and a week ago",
    "reactive-or-session": "the greater of now and the last session",
    "quantile-regression": "quantile regression",
    "stl-arima": "seasonal trend with ARIMA",
    "holt-winters": "Holt-Winters smoothing",
    "harmonic-regression": "harmonic regression",
    "boosted-950": "boosted trees (95th percentile)",
    "boosted-985": "boosted trees (98.5th percentile)",
    "boosted-or-reactive": "the greater of now and boosted trees",
    "regression": "quantile regression",
    "decomposition": "seasonal decompositions",
    "harmonic": "harmonic regression",
    "boosting": "boosted trees",
}
_SHARE: Final = re.compile(r"(\S+) (\d+%)")
_WORD: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True)
class Unit:
    """What demand is told in: `per_vcpu` of it stand for a vCPU, told with so many decimals."""

    name: str = "vCPU"
    per_vcpu: float = 1.0
    decimals: int = 0

    @classmethod
    def of(cls, gpus_per_vcpu: float | None) -> "Unit":
        """GPUs where demand asks for any, to a tenth; else vCPU."""
        return cls("GPU", gpus_per_vcpu, 1) if gpus_per_vcpu else cls()

    def count(self, vcpu: float, *, decimals: int | None = None) -> str:
        """A figure without its unit."""
        return f"{vcpu * self.per_vcpu:.{self.decimals if decimals is None else decimals}f}"

    def amount(self, vcpu: float, *, decimals: int | None = None) -> str:
        """A figure with its unit, told as exactly as the unit is by itself."""
        return f"{self.count(vcpu, decimals=decimals)} {self.name}"


def node_count(count: int) -> str:
    """A number of nodes."""
    return f"{count} node" if count == 1 else f"{count} nodes"


def percent(probability: float) -> str:
    """A probability to a tenth of a percent; none is ever shown as zero."""
    return "less than 0.1%" if probability < 0.001 else f"{probability:.1%}"


def listed(names: Sequence[str]) -> str:
    """One or more names with commas and an `and`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def model_name(model: str) -> str:
    """A model, or a blend of some with their weights, in words; a name that is not known here stays as it is."""
    weighted = _SHARE.sub(r"\2 \1", model)
    return _WORD.sub(lambda match: _MODELS.get(match.group(), match.group()), weighted)


def in_words(text: str) -> str:
    """A sentence with the names of models in it in words; single words are left, since they may mean themselves."""
    return _WORD.sub(lambda match: model_name(match.group()) if "-" in match.group() else match.group(), text)

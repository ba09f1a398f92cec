"""How long a node of the sandbox takes from order to Ready: drawn from a stated distribution."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from sandbox.errors import SandboxError

_DEVIATE_OF_P95: Final = 1.6448536269514722


@dataclass(frozen=True, kw_only=True)
class LeadTimeDistribution:
    """Lognormal, so never negative and with a longer tail above than below; a constant where both figures are equal.

    Raises:
        SandboxError: the median is not positive, or the 95th percentile lies below it.
    """

    median_seconds: float
    p95_seconds: float

    def __post_init__(self) -> None:
        if not 0 < self.median_seconds <= self.p95_seconds < math.inf:
            raise SandboxError(
                f"no lead times are distributed like this: {self}",
                remedy="give a positive median and a 95th percentile that is not below it",
            )

    def draw_seconds(self, rng: np.random.Generator) -> float:
        """One lead time."""
        sigma = math.log(self.p95_seconds / self.median_seconds) / _DEVIATE_OF_P95
        return float(self.median_seconds * math.exp(sigma * rng.standard_normal()))

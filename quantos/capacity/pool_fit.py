"""What was learnt of a pool's demand, as a small document that any process can carry on from."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, ValidationError

from quantos.contracts.plan import Coverage
from quantos.errors import ForecastError
from quantos.forecasting import state
from quantos.forecasting.decision_loss import Terms
from quantos.forecasting.peak_model import FittedModel

LearntBy = Literal["schedule", "decision"]
"""Who learns: the daily path, or a decision that found nothing stored."""


@dataclass(frozen=True)
class PoolFit:
    """The model that serves a set of pools for a day, and how often its upper value has held lately."""

    model: FittedModel
    coverage: Coverage
    learnt_by: LearntBy


class _Document(BaseModel):
    """A fit as it is stored; `series` is an archive of `forecasting.state`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    levels: tuple[float, ...]
    terms: Terms
    bin_seconds: int
    horizon_bins: int
    below: tuple[float, ...]
    degraded: str | None
    coverage: Coverage
    learnt_by: LearntBy = "schedule"
    series: Base64Bytes | None


def dumped(fit: PoolFit) -> bytes:
    """The fit as JSON, below 100 KiB. Raises ForecastError for a series that takes more."""
    model = fit.model
    archive = None if model.series is None else state.dumped(model.series)
    plain = _Document.model_construct(
        levels=model.levels,
        terms=model.terms,
        bin_seconds=model.bin_seconds,
        horizon_bins=model.horizon_bins,
        below=model.below,
        degraded=model.degraded,
        coverage=fit.coverage,
        learnt_by=fit.learnt_by,
        series=archive,
    )
    return plain.model_dump_json().encode()


def loaded(content: bytes) -> PoolFit:
    """What `dumped` wrote, in this release or an earlier one. Raises ForecastError when it is no such document."""
    try:
        found = _Document.model_validate_json(content)
    except ValidationError as exc:
        raise ForecastError(f"this is no stored fit: {exc.errors()[0]['msg']}", remedy="fit the pool again") from exc
    model = FittedModel(
        levels=found.levels,
        terms=found.terms,
        bin_seconds=found.bin_seconds,
        horizon_bins=found.horizon_bins,
        below=found.below,
        series=None if found.series is None else state.loaded(found.series),
        degraded=found.degraded,
    )
    return PoolFit(model, found.coverage, found.learnt_by)

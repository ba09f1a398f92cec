"""What was learnt of a pool's demand, as a small document that any process can carry on from."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, ValidationError

from quantos.contracts.demand import RejectedModel
from quantos.contracts.plan import Coverage
from quantos.errors import ForecastError
from quantos.forecasting import state
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.peak_model import FittedModel, PeakForecast

LearntBy = Literal["schedule", "decision"]
"""Who learns: the daily path, or a decision that found nothing stored."""


@dataclass(frozen=True)
class PoolFit:
    """The model that serves a set of pools for a day, and how often its upper value has held lately."""

    model: FittedModel
    coverage: Coverage
    learnt_by: LearntBy

    def coverage_of(self, forecast: PeakForecast) -> Coverage:
        """The coverage of what made a forecast: not that of the whole model where a signal is silent."""
        if forecast.signals == self.model.signals:
            return self.coverage
        return Coverage(
            days=0, bins=0, held_bins=0, node_held_bins=0, reason="it is counted with the signals, and one is silent"
        )


class _Model(BaseModel):
    """A fitted model as it is stored; `series` is an archive of `forecasting.state`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    levels: tuple[float, ...]
    terms: CapacityEconomics
    bin_seconds: int
    horizon_bins: int
    degraded: str | None
    series: Base64Bytes | None
    plain: "_Model | None" = None
    scarce: dict[str, str] = {}
    refused: tuple[RejectedModel, ...] = ()


class _Document(_Model):
    """A fit as it is stored."""

    schema_version: Literal[2] = 2
    coverage: Coverage
    learnt_by: LearntBy = "schedule"


def dumped(fit: PoolFit) -> bytes:
    """The fit as JSON, below 100 KiB, twice that with signals. Raises ForecastError for a series that takes more."""
    fields = _fields(fit.model) | {"coverage": fit.coverage, "learnt_by": fit.learnt_by}
    return _Document.model_construct(None, **fields).model_dump_json().encode()


def loaded(content: bytes) -> PoolFit:
    """What `dumped` wrote, in this release or an earlier one. Raises ForecastError when it is no such document."""
    try:
        document = _Document.model_validate_json(content)
    except ValidationError as exc:
        raise ForecastError(f"this is no stored fit: {exc.errors()[0]['msg']}", remedy="fit the pool again") from exc
    return PoolFit(_model(document), document.coverage, document.learnt_by)


def _fields(model: FittedModel) -> dict[str, object]:
    return {
        "levels": model.levels,
        "terms": model.terms,
        "bin_seconds": model.bin_seconds,
        "horizon_bins": model.horizon_bins,
        "degraded": model.degraded,
        "series": None if model.series is None else state.dumped(model.series),
        "plain": None if model.plain is None else _Model.model_construct(None, **_fields(model.plain)),
        "scarce": dict(model.scarce),
        "refused": model.refused,
    }


def _model(model: _Model) -> FittedModel:
    return FittedModel(
        levels=model.levels,
        terms=model.terms,
        bin_seconds=model.bin_seconds,
        horizon_bins=model.horizon_bins,
        series=None if model.series is None else state.loaded(model.series),
        degraded=model.degraded,
        plain=None if model.plain is None else _model(model.plain),
        scarce=model.scarce,
        refused=model.refused,
    )

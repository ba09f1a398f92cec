"""A fitted series as bytes: small, versioned, and readable by the next release."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from quantos.arrays import FloatArray
from quantos.errors import ForecastError
from quantos.forecasting.evaluation.calibration import Calibration
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.evaluation.selection import Ledger, Standing
from quantos.forecasting.features.origins import Layout
from quantos.forecasting.series_model import FittedSeries

SCHEMA_VERSION: Final = 3
MAX_BYTES: Final = 65_536
_META: Final = "meta.json"
_SHORT: Final = frozenset({"feature", "left", "right", "root"})


class _Calibration(BaseModel):
    """A calibration but for its counts; what the first schema learnt in another way (`shift`) is left behind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: float
    surplus: dict[int, float]


class _Meta(BaseModel):
    """Everything but the arrays, as it is stored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int
    layout: Layout
    terms: CapacityEconomics
    end: int
    failures: dict[str, str]
    standings: dict[str, Standing]
    ledger_bins: dict[str, float]
    contest: dict[str, float]
    contest_bins: float
    rule: str | None
    champion: str
    degraded: str | None
    peak: float
    calibration: _Calibration
    weights: dict[str, float] = {}


def dumped(fitted: FittedSeries) -> bytes:
    """A fitted series as a compressed archive of arrays with its meta data.

    Raises:
        ForecastError: it is larger than 64 KiB.
    """
    ledger = fitted.ledger
    meta = _Meta(
        schema_version=SCHEMA_VERSION,
        layout=fitted.layout,
        terms=fitted.terms,
        end=fitted.end,
        failures=dict(fitted.failures),
        standings=dict(fitted.standings),
        ledger_bins=ledger.bins,
        contest=ledger.contest,
        contest_bins=ledger.contest_bins,
        rule=fitted.rule,
        champion=fitted.champion,
        degraded=fitted.degraded,
        peak=fitted.peak,
        calibration=_Calibration(level=fitted.calibration.level, surplus=dict(fitted.calibration.surplus)),
        weights=dict(fitted.weights),
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(_META), meta.model_dump_json())
        for name, values in sorted(_arrays(fitted).items()):
            part = io.BytesIO()
            np.save(part, values, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), part.getvalue(), compress_type=zipfile.ZIP_DEFLATED)
    content = file.getvalue()
    if len(content) > MAX_BYTES:
        raise ForecastError(
            f"a series' state takes {len(content)} bytes, above {MAX_BYTES}", remedy="use fewer trees or longer bins"
        )
    return content


def loaded(content: bytes) -> FittedSeries:
    """What `dumped` wrote, in this release or an earlier one.

    Raises:
        ForecastError: it is no such state, or of a later release.
    """
    meta, arrays = _read(content)
    parameters: dict[str, dict[str, FloatArray]] = {}
    sums: dict[str, FloatArray] = {}
    scores: dict[int, FloatArray] = {}
    for name, values in arrays.items():
        kind, _, rest = name.partition("/")
        if kind == "ledger":
            sums[rest] = values
        elif kind == "calibration":
            scores[int(rest)] = values
        else:
            family, _, parameter = rest.partition("/")
            parameters.setdefault(family, {})[parameter] = values
    return FittedSeries(
        layout=meta.layout,
        terms=meta.terms,
        end=meta.end,
        parameters=parameters,
        failures=meta.failures,
        standings=meta.standings,
        ledger=Ledger(sums, dict(meta.ledger_bins), dict(meta.contest), meta.contest_bins),
        rule=meta.rule,
        champion=meta.champion,
        degraded=meta.degraded,
        peak=meta.peak,
        calibration=Calibration(level=meta.calibration.level, scores=scores, surplus=meta.calibration.surplus),
        weights=meta.weights,
    )


def _read(content: bytes) -> tuple[_Meta, dict[str, FloatArray]]:
    """What stands in a state beside its arrays, and these by their path."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            document = json.loads(archive.read(_META))
            meta = _Meta.model_validate(_upgraded(document))
            arrays = {
                name.removesuffix(".npy"): np.load(io.BytesIO(archive.read(name)), allow_pickle=False).astype(
                    np.float64
                )
                for name in archive.namelist()
                if name != _META
            }
    except (zipfile.BadZipFile, KeyError, ValueError, ValidationError) as exc:
        raise ForecastError(f"this is no state of a series: {exc}", remedy="fit the series again") from exc
    return meta, arrays


def _upgraded(document: dict[str, object]) -> Mapping[str, object]:
    """The document as this release writes it.

    Raises:
        ForecastError: it is of a later release.
    """
    version = document.get("schema_version")
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise ForecastError(
            f"this state is of schema {version}, this release reads up to {SCHEMA_VERSION}",
            remedy="fit the series again, or run the release that wrote it",
        )
    calibration = document.get("calibration")
    if version > 1 or not isinstance(calibration, dict):
        return document
    return document | {"calibration": {"level": calibration.get("level"), "surplus": {}}}


def _arrays(fitted: FittedSeries) -> dict[str, np.ndarray]:
    """By path, the arrays as small as they can be: tree indices short, thresholds and counts single, else double."""
    arrays: dict[str, np.ndarray] = {}
    for family, parameters in fitted.parameters.items():
        for name, values in parameters.items():
            last = name.rsplit("/", 1)[-1]
            kind = np.int16 if last in _SHORT else np.float32 if last == "value" else np.float64
            arrays[f"parameters/{family}/{name}"] = values.astype(kind)
    arrays |= {f"ledger/{name}": values for name, values in fitted.ledger.sums.items()}
    scores = fitted.calibration.scores
    return arrays | {f"calibration/{phase}": counts.astype(np.float32) for phase, counts in scores.items()}

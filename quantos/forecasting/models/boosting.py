"""Boosted quantiles: a linear forecast, and trees that know by how much demand reaches beyond it, and when."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from quantos.arrays import FloatArray
from quantos.errors import ForecastError
from quantos.forecasting.features.origins import Frame
from quantos.forecasting.models.family import Parameters, Sample
from quantos.forecasting.models.trees import pack, scores

if TYPE_CHECKING:
    from lightgbm import Dataset

LEVELS: Final = {"boosted-950": 0.95, "boosted-985": 0.985}
FLOORED: Final = "boosted-or-reactive"
TREES: Final = 60
_RIDGE: Final = 1e-3
_TRAINING: Final[dict[str, str | int | float | bool]] = {
    "objective": "quantile",
    "num_leaves": 12,
    "learning_rate": 0.08,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


@dataclass(frozen=True)
class BoostedQuantiles:
    """A ridge regression, LightGBM on what it leaves, and the greater of that and demand now.

    The linear part carries what is smooth, and what lies outside the range that trees have seen.
    """

    names: tuple[str, ...] = (*LEVELS, FLOORED)

    def fit(self, sample: Sample) -> Parameters:
        """Coefficients, and the trees of each level.

        Raises:
            ForecastError: LightGBM is not there, or refuses the sample.
        """
        try:
            from lightgbm import Dataset  # noqa: PLC0415  a second to import; only the daily fit needs it
        except (ImportError, OSError) as exc:
            raise ForecastError(
                f"LightGBM cannot be loaded: {exc}", remedy="install it with its OpenMP library, libgomp"
            ) from exc

        frame = sample.frame
        scaled = sample.peaks / frame.scale
        weights = sample.weights * frame.scale / frame.scale.mean()
        coefficients = _ridge(_design(frame), scaled, weights=weights)
        base = _design(frame) @ coefficients
        data = Dataset(np.column_stack([frame.columns, base]), scaled - base, weight=weights, free_raw_data=False)
        packed = {f"{name}/{key}": part for name in LEVELS for key, part in _trees(data, name).items()}
        return {"coefficients": coefficients, **packed}

    def targets(self, parameters: Parameters, frame: Frame) -> dict[str, FloatArray]:
        """The levels' quantiles, none below zero, and the greater of their mean and demand now."""
        base = _design(frame) @ parameters["coefficients"]
        columns = np.column_stack([frame.columns, base])
        targets = {}
        for name in LEVELS:
            trees = {key.split("/")[1]: part for key, part in parameters.items() if key.startswith(f"{name}/")}
            targets[name] = np.maximum(base + scores(trees, columns), 0.0) * frame.scale
        mean = np.mean(list(targets.values()), axis=0)
        return targets | {FLOORED: np.maximum(mean, frame.look.at(0))}


def expected(parameters: Parameters, frame: Frame) -> FloatArray:
    """The linear part alone: the mean of what is to come, shape (m,), in the unit of demand."""
    return np.maximum(_design(frame) @ parameters["coefficients"], 0.0) * frame.scale


def _trees(data: "Dataset", name: str) -> dict[str, FloatArray]:
    from lightgbm import train  # noqa: PLC0415  as above
    from lightgbm.basic import LightGBMError  # noqa: PLC0415  as above

    try:
        return pack(train(_TRAINING | {"alpha": LEVELS[name]}, data, TREES))
    except LightGBMError as exc:
        raise ForecastError(f"LightGBM refuses the sample: {exc}", remedy="other candidates serve") from exc


def _design(frame: Frame) -> FloatArray:
    return np.column_stack([frame.columns[:, list(frame.linear)], np.ones(len(frame.scale))])


def _ridge(design: FloatArray, values: FloatArray, *, weights: FloatArray) -> FloatArray:
    """Weighted least squares, slightly shrunk, each column by its own size; shape (k,)."""
    weighted = design * weights[:, None]
    gram = weighted.T @ design
    size = np.sqrt(np.diag(gram)) + 1e-9
    gram = gram / size[:, None] / size[None, :] + _RIDGE * np.eye(len(size))
    return np.linalg.solve(gram, (weighted.T @ values) / size) / size

"""Reads `feature_table`, trains the model that `params` ask for on Ray, and gives `model_uri` and `metrics_json`.

Params: `trainer` (bilstm), `epochs` (10), `seed` (7), `hidden` (8), `window` days (8), `shards` (2), `learning_rate`
(0.01). The same params and table give the same model, however many cores there are.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import ray
from program_kit.call import Call, RefusedError
from program_kit.tracing import span

from trainers.bilstm import initial_parameters, predict
from trainers.judging import judge
from trainers.samples import Samples, Split, read_split
from trainers.training import Learned, average, fresh, learn

MODEL, METRICS = Path("model.npz"), Path("metrics.json")


@dataclass(frozen=True)
class Params:
    """What a node may ask for."""

    trainer: str = "bilstm"
    epochs: int = 10
    seed: int = 7
    hidden: int = 8
    window: int = 8
    shards: int = 2
    learning_rate: float = 0.01

    @classmethod
    def read(cls, stated: dict[str, object]) -> Self:
        """Raises RefusedError where a param is unknown or of another type."""
        defaults = vars(cls())
        for name, value in stated.items():
            if name not in defaults:
                raise RefusedError(f"the param {name} is unknown; there are {', '.join(defaults)}")
            if type(value) is not type(defaults[name]) or (isinstance(value, int | float) and not 0 < value < 1e6):
                raise RefusedError(f"the param {name} cannot be {value!r}")
        checked: dict[str, Any] = dict(stated)
        params = cls(**checked)
        if params.trainer != "bilstm":
            raise RefusedError(f"there is no trainer {params.trainer}; there is bilstm")
        return params


@ray.remote(num_cpus=1)
def learn_shard(learned: Learned, shard: Samples, params: Params, *, epoch: int, number: int, parent: str) -> Learned:
    """One epoch over one shard, somewhere in the cluster."""
    with span("learn shard", parent=parent, epoch=epoch, shard=number, samples=len(shard.targets)):
        return learn(learned, shard, learning_rate=params.learning_rate, seed=(params.seed, epoch, number))


def train(split: Split, params: Params) -> tuple[Learned, list[dict[str, float]]]:
    """The model, and its loss by epoch, in units of the targets' variance."""
    rng = np.random.default_rng(params.seed)
    learned = fresh(initial_parameters(len(split.features), params.hidden, rng))
    scale = float(np.std(split.train.targets)) or 1.0
    scaled = Samples(split.train.windows, split.train.targets / scale, split.train.days)
    numbers = np.arange(len(scaled.targets)) % params.shards
    shards = [ray.put(scaled.where(numbers == number)) for number in range(params.shards)]
    curve: list[dict[str, float]] = []
    for epoch in range(1, params.epochs + 1):
        with span("epoch", epoch=epoch) as parent:
            tasks = [
                learn_shard.remote(learned, shard, params, epoch=epoch, number=number, parent=parent)
                for number, shard in enumerate(shards)
            ]
            learned = average(ray.get(tasks))
            errors = predict(learned.parameters, split.test.windows) - split.test.targets / scale
        curve.append({"epoch": epoch, "train": learned.loss, "test": float(np.mean(errors**2))})
        sys.stdout.write(f"epoch {epoch}: train {learned.loss:.4f} test {curve[-1]['test']:.4f}\n")
    return learned, curve


def run(call: Call) -> None:
    """Train, judge and give."""
    params = Params.read(call.params())
    with span("train", trainer=params.trainer, epochs=params.epochs):
        with span("read features"):
            split = read_split(call.input_path("feature_table"), steps=params.window)
        ray.init(address="auto", log_to_driver=True, configure_logging=False)
        learned, curve = train(split, params)
        with span("judge"):
            judged = judge(predict(learned.parameters, split.test.windows), split.test)
        metrics = {
            "trainer": params.trainer,
            "seed": params.seed,
            "features": split.features,
            "samples": {"train": len(split.train.targets), "test": len(split.test.targets)},
            "parameters": sum(value.size for value in learned.parameters.values()),
            "loss": curve,
            "out_of_sample": judged,
            "ray": {"version": ray.__version__, "job_id": ray.get_runtime_context().get_job_id()},
        }
        weights: dict[str, Any] = dict(learned.parameters)
        np.savez(MODEL, **weights)
        METRICS.write_text(json.dumps(metrics, indent=1, allow_nan=False), encoding="utf-8")
        call.give({"model_uri": MODEL, "metrics_json": METRICS})


if __name__ == "__main__":
    try:
        run(Call.of_process())
    except RefusedError as error:
        sys.exit(str(error))

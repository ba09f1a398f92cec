"""Learns from a part of the samples for an epoch; parts are averaged by whoever has several.

Source: parameter averaging, McMahan et al. 2017, arXiv:1602.05629; Adam, Kingma and Ba 2015, arXiv:1412.6980.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainers.bilstm import Parameters, loss_and_gradient
from trainers.samples import Samples

BATCH = 256
_FIRST_DECAY, _SECOND_DECAY, _EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Learned:
    """Parameters, Adam's moments of the same shapes, the steps taken, and the mean loss of the last epoch."""

    parameters: Parameters
    first: Parameters
    second: Parameters
    steps: int = 0
    loss: float = 0.0


def fresh(parameters: Parameters) -> Learned:
    """Before the first step."""
    zeros = {name: np.zeros_like(value) for name, value in parameters.items()}
    return Learned(parameters, zeros, dict(zeros))


def learn(learned: Learned, samples: Samples, *, learning_rate: float, seed: Sequence[int]) -> Learned:
    """One epoch over some samples, in an order that the seed gives."""
    parameters, first, second = dict(learned.parameters), dict(learned.first), dict(learned.second)
    order = np.random.default_rng(list(seed)).permutation(len(samples.targets))
    steps = learned.steps
    losses: list[float] = []
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        loss, gradient = loss_and_gradient(parameters, samples.windows[batch], samples.targets[batch])
        losses.append(loss * len(batch))
        steps += 1
        for name, slope in gradient.items():
            first[name] = _FIRST_DECAY * first[name] + (1 - _FIRST_DECAY) * slope
            second[name] = _SECOND_DECAY * second[name] + (1 - _SECOND_DECAY) * slope**2
            mean, spread = first[name] / (1 - _FIRST_DECAY**steps), second[name] / (1 - _SECOND_DECAY**steps)
            parameters[name] = parameters[name] - learning_rate * mean / (np.sqrt(spread) + _EPSILON)
    return Learned(parameters, first, second, steps, float(np.sum(losses)) / len(order))


def average(parts: Sequence[Learned]) -> Learned:
    """What several have learned from parts of about the same size."""
    names = parts[0].parameters

    def mean(of: str) -> Parameters:
        return {name: np.mean([getattr(part, of)[name] for part in parts], axis=0) for name in names}

    loss = float(np.mean([part.loss for part in parts]))
    return Learned(mean("parameters"), mean("first"), mean("second"), parts[0].steps, loss)

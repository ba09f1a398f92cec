"""What is learned is there: a signal is found, noise is not, and the same seed gives the same model."""

import numpy as np
from trainers.bilstm import initial_parameters, predict
from trainers.judging import judge
from trainers.samples import Samples
from trainers.training import Learned, average, fresh, learn


def samples(*, signal: float, seed: int = 1) -> Samples:
    rng = np.random.default_rng(seed)
    windows = rng.normal(size=(1200, 4, 2))
    targets = signal * windows[:, -1, 0] - signal * windows[:, 0, 1] + rng.normal(size=1200)
    return Samples(windows, targets, np.repeat(np.arange(60), 20))


def trained(data: Samples, epochs: int = 8) -> Learned:
    learned = fresh(initial_parameters(2, 6, np.random.default_rng(7)))
    for epoch in range(epochs):
        halves = [data.where(np.arange(1200) % 2 == number) for number in range(2)]
        learned = average([learn(learned, half, learning_rate=0.02, seed=(7, epoch)) for half in halves])
    return learned


def test_a_signal_is_learned_and_told_out_of_sample() -> None:
    learned, unseen = trained(samples(signal=1.0)), samples(signal=1.0, seed=2)
    judged = judge(predict(learned.parameters, unseen.windows), unseen)
    assert judged["information_coefficient"] > 0.5
    assert judged["long_short_sharpe"] > 1.0
    assert judged["days"] == 60


def test_where_there_is_no_signal_none_is_told() -> None:
    learned, unseen = trained(samples(signal=0.0)), samples(signal=0.0, seed=2)
    assert abs(judge(predict(learned.parameters, unseen.windows), unseen)["information_coefficient_t"]) < 3


def test_the_same_seed_gives_the_same_model() -> None:
    left, right = trained(samples(signal=1.0), 2), trained(samples(signal=1.0), 2)
    for name, value in left.parameters.items():
        np.testing.assert_array_equal(value, right.parameters[name])

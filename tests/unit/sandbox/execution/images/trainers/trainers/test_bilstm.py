"""The gradient is the loss's own slope."""

import numpy as np
import pytest
from trainers.bilstm import DIRECTIONS, initial_parameters, loss_and_gradient, predict

RNG = np.random.default_rng(3)
WINDOWS, TARGETS = RNG.normal(size=(5, 4, 3)), RNG.normal(size=5)
PARAMETERS = initial_parameters(3, 2, RNG)


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_the_gradient_is_the_slope_that_is_measured(name: str) -> None:
    _, gradient = loss_and_gradient(PARAMETERS, WINDOWS, TARGETS)
    step, measured = 1e-6, np.zeros_like(PARAMETERS[name])
    for place in np.ndindex(measured.shape):
        losses = []
        for sign in (1, -1):
            moved = {key: value.copy() for key, value in PARAMETERS.items()}
            moved[name][place] += sign * step
            losses.append(loss_and_gradient(moved, WINDOWS, TARGETS)[0])
        measured[place] = (losses[0] - losses[1]) / (2 * step)
    np.testing.assert_allclose(gradient[name], measured, rtol=1e-6, atol=1e-9)


def test_the_loss_is_of_what_is_predicted() -> None:
    loss, _ = loss_and_gradient(PARAMETERS, WINDOWS, TARGETS)
    assert loss == pytest.approx(np.mean((predict(PARAMETERS, WINDOWS) - TARGETS) ** 2))


def test_it_reads_in_both_directions() -> None:
    forward = {**PARAMETERS, "forward.weights": PARAMETERS["backward.weights"]}
    turned = {**forward, "output.weights": np.roll(PARAMETERS["output.weights"], 2)}
    np.testing.assert_allclose(predict(forward, WINDOWS), predict(turned, WINDOWS[:, ::-1]))
    assert len(DIRECTIONS) == 2

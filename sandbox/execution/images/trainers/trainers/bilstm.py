"""A small bidirectional LSTM with one output, and its gradient by backpropagation through time.

Source: Hochreiter and Schmidhuber 1997; Schuster and Paliwal 1997. Gates are in the order input, forget, output, cell.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Parameters = dict[str, Array]
DIRECTIONS = ("forward", "backward")


@dataclass(frozen=True)
class _Trace:
    """What one direction computed: per step the shapes are (batch, 4 hidden), (batch, hidden) twice."""

    inputs: Array
    gates: list[Array]
    cells: list[Array]
    states: list[Array]


def initial_parameters(features: int, hidden: int, rng: np.random.Generator) -> Parameters:
    """Random weights, scaled by their inputs; forget gates begin open."""
    parameters: Parameters = {}
    for direction in DIRECTIONS:
        width = features + hidden
        parameters[f"{direction}.weights"] = rng.normal(0.0, width**-0.5, (width, 4 * hidden))
        bias = np.zeros(4 * hidden)
        bias[hidden : 2 * hidden] = 1.0
        parameters[f"{direction}.bias"] = bias
    parameters["output.weights"] = rng.normal(0.0, (2 * hidden) ** -0.5, 2 * hidden)
    parameters["output.bias"] = np.zeros(1)
    return parameters


def predict(parameters: Parameters, windows: Array) -> Array:
    """The output for each window; windows have the shape (batch, steps, features)."""
    last = [_run(parameters, windows, direction).states[-1] for direction in DIRECTIONS]
    return np.concatenate(last, axis=1) @ parameters["output.weights"] + parameters["output.bias"][0]


def loss_and_gradient(parameters: Parameters, windows: Array, targets: Array) -> tuple[float, Parameters]:
    """The mean squared error, and its derivative by each parameter."""
    traces = {direction: _run(parameters, windows, direction) for direction in DIRECTIONS}
    last = np.concatenate([traces[direction].states[-1] for direction in DIRECTIONS], axis=1)
    errors = last @ parameters["output.weights"] + parameters["output.bias"][0] - targets
    by_output = 2.0 * errors / len(targets)
    gradient: Parameters = {"output.weights": last.T @ by_output, "output.bias": np.array([by_output.sum()])}
    by_last = np.outer(by_output, parameters["output.weights"])
    hidden = last.shape[1] // 2
    for number, direction in enumerate(DIRECTIONS):
        by_state = by_last[:, number * hidden : (number + 1) * hidden]
        weights, bias = _back(parameters[f"{direction}.weights"], traces[direction], by_state)
        gradient[f"{direction}.weights"], gradient[f"{direction}.bias"] = weights, bias
    return float(np.mean(errors**2)), gradient


def _sigmoid(values: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-values))


def _run(parameters: Parameters, windows: Array, direction: str) -> _Trace:
    weights, bias = parameters[f"{direction}.weights"], parameters[f"{direction}.bias"]
    inputs = windows if direction == "forward" else windows[:, ::-1]
    hidden = len(bias) // 4
    state = cell = np.zeros((len(windows), hidden))
    trace = _Trace(inputs, [], [cell], [state])
    for step in range(windows.shape[1]):
        raw = np.concatenate([inputs[:, step], state], axis=1) @ weights + bias
        gates = np.concatenate([_sigmoid(raw[:, : 3 * hidden]), np.tanh(raw[:, 3 * hidden :])], axis=1)
        entry, forget, output, candidate = np.split(gates, 4, axis=1)
        cell = forget * cell + entry * candidate
        state = output * np.tanh(cell)
        trace.gates.append(gates)
        trace.cells.append(cell)
        trace.states.append(state)
    return trace


def _back(weights: Array, trace: _Trace, by_state: Array) -> tuple[Array, Array]:
    by_weights, by_bias = np.zeros_like(weights), np.zeros(weights.shape[1])
    by_cell = np.zeros_like(by_state)
    features = trace.inputs.shape[2]
    for step in reversed(range(len(trace.gates))):
        entry, forget, output, candidate = np.split(trace.gates[step], 4, axis=1)
        squashed = np.tanh(trace.cells[step + 1])
        by_cell = by_cell + by_state * output * (1.0 - squashed**2)
        by_raw = np.concatenate(
            [
                by_cell * candidate * entry * (1.0 - entry),
                by_cell * trace.cells[step] * forget * (1.0 - forget),
                by_state * squashed * output * (1.0 - output),
                by_cell * entry * (1.0 - candidate**2),
            ],
            axis=1,
        )
        seen = np.concatenate([trace.inputs[:, step], trace.states[step]], axis=1)
        by_weights += seen.T @ by_raw
        by_bias += by_raw.sum(axis=0)
        by_state = by_raw @ weights[features:].T
        by_cell = by_cell * forget
    return by_weights, by_bias

"""The gate: effects are numbered, one moment is hit, marked and killed at, and nothing begins after it."""

import json
import threading
from pathlib import Path

import pytest

from sandbox.kill_sweep.gate import Gate, KilledError
from sandbox.kill_sweep.moments import Effect, Moment, Phase


class Kills:
    """Counts kills, and looks whether the mark was there first."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark
        self.marked: list[bool] = []

    def __call__(self) -> None:
        self.marked.append(self.mark.exists())


def make_gate(folder: Path, phase: Phase | None, *, occurrence: int = 1) -> tuple[Gate, Kills]:
    mark = folder / "mark.json"
    kills = Kills(mark)
    moment = None if phase is None else Moment(Effect("write a", occurrence), phase)
    return Gate(kills, mark=mark, moment=moment), kills


def test_effects_are_numbered_by_name(tmp_path: Path) -> None:
    gate, kills = make_gate(tmp_path, None)

    for name in ("write a", "write b", "write a"):
        assert gate.enter(name) is None

    assert gate.effects == (Effect("write a", 1), Effect("write b", 1), Effect("write a", 2))
    assert kills.marked == []


def test_before_an_effect_the_mark_is_written_and_then_the_run_is_killed(tmp_path: Path) -> None:
    gate, kills = make_gate(tmp_path, "before", occurrence=2)
    gate.enter("write a")

    with pytest.raises(KilledError):
        gate.enter("write a")

    assert kills.marked == [True]
    assert json.loads((tmp_path / "mark.json").read_bytes())["moment"] == "before write a #2"
    assert gate.struck


@pytest.mark.parametrize("phase", ["in", "after"])
def test_nothing_begins_between_the_effect_and_the_kill(tmp_path: Path, phase: Phase) -> None:
    gate, kills = make_gate(tmp_path, phase)
    begun: list[str] = []

    def another() -> None:
        try:
            gate.enter("write b")
        except KilledError:
            return
        begun.append("write b")

    assert gate.enter("write a") == phase
    thread = threading.Thread(target=another)
    thread.start()
    assert kills.marked == []
    gate.strike()
    thread.join(timeout=5)

    assert not thread.is_alive()
    assert begun == []
    assert kills.marked == [True]
    assert gate.effects == (Effect("write a", 1),)


def test_a_closed_gate_lets_nothing_in(tmp_path: Path) -> None:
    gate, _ = make_gate(tmp_path, None)
    gate.close()

    with pytest.raises(KilledError):
        gate.enter("write a")
    assert not (tmp_path / "mark.json").exists()


def test_closing_waits_for_a_kill_under_way(tmp_path: Path) -> None:
    gate, kills = make_gate(tmp_path, "after")
    gate.enter("write a")
    striking = threading.Timer(0.1, gate.strike)
    striking.start()

    gate.close()

    assert kills.marked == [True]
    striking.join()

"""A sample of the sweep of the executor, and a planted fault that it must find."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.kill_sweep.executor import trial
from sandbox.kill_sweep.executor.sweep import RECORDINGS, WORKERS, tell
from sandbox.kill_sweep.moments import single_points
from sandbox.kill_sweep.stories.sweep import StorySweep
from sandbox.orchestration.service import Orders, _order

ROOT = Path(__file__).resolve().parents[2]
SEED = os.environ.get("QUANTOS_SWEEP_SEED", "1906")
KINDS = 18
POINTS = 3 * KINDS
FORGOTTEN = "after executor: commit orch.attempts #1"

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]


def test_a_sample_of_every_kind_of_effect_in_every_phase_recovers(tmp_path: Path) -> None:
    """Other points by `QUANTOS_SWEEP_SEED`; every point by `make sweep-executor`."""
    numbers = ["--seed", SEED, "--sample", str(POINTS), "--kills", "12", "--jobs", "2"]
    command = [sys.executable, "-m", "sandbox.kill_sweep.executor", *numbers]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"points        {POINTS} of " in done.stdout
    assert "failures      0\n" in done.stdout
    lines = [line.split() for line in done.stdout.splitlines() if line.split()[1:2] == ["ok"]]
    tried = {(words[4], words[5 if words[4] == "executor:" else 6], words[3]) for words in lines}
    for kind in ("executor: commit", "executor: publish", "executor: start", "executor: remove"):
        assert {(*kind.split(), phase) for phase in ("before", "in", "after")} <= tried


def test_an_order_that_is_taken_before_it_is_kept_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def take_first(orders: Orders) -> int:
        records = orders.stream.read(100)
        orders.stream.commit()
        for record in records:
            orders.executor.take(_order(record.value))
        return len(records)

    monkeypatch.setattr(Orders, "take", take_first)
    monkeypatch.setattr(trial, "MOST_SECONDS", 40.0)
    with StorySweep(tell, tmp_path, jobs=1, recordings=RECORDINGS, once=WORKERS) as sweep:
        recorded = sweep.recorded()
        lost = [point for point in single_points(recorded.effects) if str(point.first) == FORGOTTEN]
        (verdict,) = sweep.verdicts(lost, recorded)
    assert any("not at rest: told []" in failure for failure in verdict.failures), verdict.failures

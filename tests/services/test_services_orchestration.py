"""The example through the API, on a real Ray: it succeeds, and everything that proves it agrees."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(900)
def test_the_example_runs_and_everything_that_proves_it_agrees(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli.main", "demo-orchestration", "--no-trino"]
    program = [sys.executable, "-c", "import sys; from cli.main import run; sys.exit(run(sys.argv[1:]))", *command[3:]]
    environ = {**os.environ, "QUANTOS_STATE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    try:
        ran = subprocess.run(program, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=800)
    finally:
        stop = [*program[:3], "sandbox", "stop"]
        subprocess.run(stop, cwd=ROOT, env=environ, capture_output=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "ray 2.60.0 real job" in ran.stdout
    assert "1 GPU simulated" in ran.stdout
    assert "translated in Trino's place" in ran.stdout
    assert "agrees with the audit chain" in ran.stdout
    assert "published models/bt_xs_bilstm_v1/demo-1-1/model.bin" in ran.stdout
    assert "links, intact" in ran.stdout

"""A sample of the kill sweep, and the sweep on resizers with a planted fault, which it must find."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SEED = os.environ.get("QUANTOS_SWEEP_SEED", "1906")
POINTS, PAIRS = 6, 1

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1500)]


def sweep(command: Sequence[str], *arguments: str, folder: Path) -> tuple[int, str]:
    """Exit code and output of a sweep."""
    done = subprocess.run(
        [sys.executable, "-P", *command, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_sample_of_points_and_a_pair_recover(tmp_path: Path) -> None:
    """Other moments by `QUANTOS_SWEEP_SEED`; every moment by `make sweep`."""
    arguments = ["--seed", SEED, "--sample", str(POINTS), "--pairs", str(PAIRS), "--jobs", "2"]

    code, said = sweep(["-m", "sandbox.kill_sweep"], *arguments, folder=tmp_path)

    assert code == 0, said
    effects = int(re.findall(r"^effects +(\d+)$", said, re.MULTILINE)[0])
    assert f"3 x {effects} effects = {3 * effects} ({POINTS} of them tried), and {PAIRS} pairs" in said
    assert f"marks     {POINTS + 2 * PAIRS} of {POINTS + 2 * PAIRS} kills" in said
    assert "failures  0\n" in said


def test_planted_faults_are_found(tmp_path: Path) -> None:
    program = str(Path(__file__).with_name("planted_sweep.py"))

    code, said = sweep([program], str(tmp_path), folder=tmp_path)

    assert code == 0, said
    assert re.search(r"^kept_lease: .*the lease is still held", said, re.MULTILINE), said
    assert re.search(r"^early_pointer: plan \w+ was told applied while ", said, re.MULTILINE), said

"""A judge from elsewhere, where one is named: the project's own must say the same."""

import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from quantos.arrays import FloatArray
from quantos.backtest.trace import Trace
from quantos.errors import SettingsError

JUDGE_VARIABLE = "QUANTOS_JUDGE"


def compare(trace_path: Path, trace: Trace, targets: FloatArray) -> float | None:
    """The ratio that the program named by QUANTOS_JUDGE finds for these targets; None where none is named.

    It is called as `PROGRAM TRACE TARGETS` and answers in JSON. Raises SettingsError where it fails.
    """
    program = os.environ.get(JUDGE_VARIABLE)
    if program is None:
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "target"])
        for index, target in enumerate(targets, start=trace.tested_from):
            writer.writerow([trace.time(index).isoformat(), repr(float(target))])
        file.flush()
        done = subprocess.run(
            [sys.executable, program, str(trace_path), file.name], capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        raise SettingsError(f"{program} failed: {done.stderr[-400:]}", remedy=f"correct {JUDGE_VARIABLE}")
    return float(json.loads(done.stdout)["ratio"])

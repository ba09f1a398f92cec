"""One budget and many processes that are killed at random, on a DynamoDB whose transactions are isolated."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.budget_race import BUDGET, ESTIMATE, KILLS, SPENT, SUBMISSIONS
from tests.support.dynamodb_local import dynamodb_local, missing_tools

ROOT = Path(__file__).resolve().parents[2]
SEED = os.environ.get("QUANTOS_RACE_SEED", "1906")

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]


@pytest.fixture
def endpoint() -> Iterator[str]:
    if missing := missing_tools():
        pytest.skip(f"DynamoDB Local needs {' and '.join(missing)}, not installed here")
    with dynamodb_local() as address:
        yield address


def test_a_nearly_spent_budget_is_never_overdrawn_by_processes_that_are_killed_at_random(
    endpoint: str, tmp_path: Path
) -> None:
    """Other kills by `QUANTOS_RACE_SEED`."""
    command = [sys.executable, "-m", "tests.support.budget_race", endpoint, str(tmp_path), SEED]
    race = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert race.returncode == 0, race.stderr
    sys.stdout.write(f"seed {SEED}: {race.stdout}\n")
    seen = json.loads(race.stdout)
    assert seen["faults"] == []
    assert seen["kills"] == KILLS
    assert sum(seen["runs"].values()) == SUBMISSIONS
    assert seen["runs"]["waits"] > 0, "there was room for all of them"
    assert seen["commits"]["refused"] > 0, "nobody was in anybody's way"
    room = (BUDGET - SPENT) // ESTIMATE
    assert seen["runs"]["succeeded"] + seen["runs"].get("failed", 0) <= 2 * room

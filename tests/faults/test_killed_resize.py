"""A resize process killed by SIGKILL at seven points: the next run makes state, pointer and node groups agree."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from quantos.contracts.plan import ResizeOutcome, ScalingPlan
from sandbox.lifecycle import Sandbox
from tests.support.plan_cases import NOW
from tests.support.small_environment import ROOT, SmallEnvironment, make_small_environment, unhurried

pytestmark = pytest.mark.engine
POINTS = ("leased", "previewing", "pointer marked", "locked", "half way", "updated", "pointer moved")


@pytest.fixture(scope="module")
def environment(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> SmallEnvironment:
    folder = tmp_path_factory.mktemp("packs")
    return make_small_environment(unhurried(), project_dir=sandbox.project_dir, folder=folder)


def kill_at(point: str, plan: ScalingPlan, environment: SmallEnvironment, folder: Path) -> None:
    """Run the plan in a child that dies at `point`; nothing is left of it but what it wrote."""
    file = folder / "plan.json"
    file.write_bytes(plan.to_json())
    child = subprocess.Popen(
        [
            sys.executable,
            "-P",
            str(Path(__file__).with_name("crash_child.py")),
            str(file),
            point,
            str(environment.stacks.project_dir),
            str(folder),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    _, said = child.communicate(timeout=90)
    assert child.returncode == -signal.SIGKILL, said.decode()[-800:]


def redeliver(plan: ScalingPlan, environment: SmallEnvironment) -> ResizeOutcome:
    """The same plan once more, in this process."""
    clock = plan.created_at + timedelta(seconds=40)
    resizer = environment.resizer(clock=lambda: clock, wall_clock=lambda: datetime.now(tz=UTC))
    return resizer.resize(plan, holder="survivor")


@pytest.mark.parametrize(("place", "point"), list(enumerate(POINTS)), ids=[point.replace(" ", "-") for point in POINTS])
def test_the_next_run_recovers(place: int, point: str, environment: SmallEnvironment, tmp_path: Path) -> None:
    floor = 4 + 2 * place
    plan = environment.plan({"cpu": floor, "memory": 2 + place}, at=NOW + timedelta(hours=2 * place))
    kill_at(point, plan, environment, tmp_path)

    assert redeliver(plan, environment).status == "applied"

    pointer = environment.ledger.current().document
    assert pointer.plan_id == plan.plan_id
    groups = environment.groups()
    assert {pool: (size.floor, size.ceiling) for pool, size in pointer.sizes.items()} == {
        pool: (group.minimum, group.maximum) for pool, group in groups.items()
    }
    assert groups["cpu"].desired >= floor
    assert environment.preview().changes == {}

"""Two resizers and a `quantos up` at once, each a process of its own: one acts, the others are told `busy`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from quantos.capacity.resize.transaction import mismatches
from quantos.contracts.plan import ScalingPlan
from tests.support.environments import committed_settings
from tests.support.own_sandbox import small_environment
from tests.support.plan_cases import NOW
from tests.support.small_environment import ROOT, SmallEnvironment

pytestmark = pytest.mark.engine
PATIENCE_SECONDS = 200
UP = ("command", "up", "dev", "--layer", "capacity", "--sandbox")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallEnvironment]:
    with small_environment(committed_settings(), state_dir=tmp_path_factory.mktemp("state")) as made:
        yield made


def race(contenders: Sequence[Sequence[str]]) -> list[tuple[dict[str, object], str]]:
    """Run the contenders from the same moment on; what each answered, and what it said on standard error."""
    command = [sys.executable, "-P", "-m", "tests.support.racer"]
    racers = [
        subprocess.Popen(
            [*command, *contender],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for contender in contenders
    ]
    try:
        for racer in racers:
            assert racer.stdout is not None
            ready = racer.stdout.readline()
            assert ready == "ready\n", racer.communicate()[1]
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        said = [racer.communicate(timeout=PATIENCE_SECONDS) for racer in racers]
    finally:
        for racer in racers:
            racer.kill()
    assert [racer.returncode for racer in racers] == [0] * len(racers), [err[-600:] for _, err in said]
    return [(json.loads(out.splitlines()[-1]), err) for out, err in said]


def contender(plan: ScalingPlan, folder: Path) -> tuple[str, ...]:
    """The resize function on a plan, 400 seconds after it was made."""
    file = folder / f"{plan.sequence}.json"
    file.write_bytes(plan.to_json())
    return "plan", str(file), "400"


def agree(environment: SmallEnvironment) -> None:
    """Pointer, Pulumi's state and the cloud say the same."""
    document = environment.ledger.current().document
    assert mismatches(document.sizes, environment.groups()) == []
    assert environment.stacks.handle(environment.stack).outputs()["plan_id"].value == document.plan_id
    assert environment.preview().changes == {}


def test_one_acts_and_the_others_are_busy(environment: SmallEnvironment, tmp_path: Path) -> None:
    older = environment.plan({"cpu": 5}, at=NOW)
    newer = environment.plan({"cpu": 8}, at=NOW + timedelta(minutes=5))

    answers = race([contender(older, tmp_path), contender(newer, tmp_path), UP])

    statuses = [answers[0][0][older.plan_id], answers[1][0][newer.plan_id]]
    statuses.append("applied" if answers[2][0] == {"code": 0} else "busy")
    assert sorted(str(status) for status in statuses) == ["applied", "busy", "busy"]
    if statuses[2] == "busy":
        assert answers[2][0] == {"code": 1}
        assert "Error: dev-capacity is busy: another operation holds its lease" in answers[2][1]
    resized = zip((older, newer), statuses[:2], strict=True)
    winner = next((plan for plan, status in resized if status == "applied"), None)
    assert environment.ledger.current().document.plan_id == ("" if winner is None else winner.plan_id)
    agree(environment)

    ((again, _),) = race([contender(newer, tmp_path)])

    assert again == {newer.plan_id: "applied"}
    assert environment.groups()["cpu"].minimum == 8
    agree(environment)

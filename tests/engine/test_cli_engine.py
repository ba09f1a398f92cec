"""The command line and a plain `pulumi` beside it, on the real engine: what a person does after the robot has acted."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from quantos.contracts.plan import PoolSize, StrategyCost
from quantos.environment.names import LAYERS
from quantos.errors import SettingsError
from quantos.operations.bring_up import bring_up, take_down
from quantos.policy.adapters.packs import render_packs
from tests.support.environments import committed_settings
from tests.support.own_sandbox import small_environment
from tests.support.plan_cases import NOW
from tests.support.small_environment import PACKS, ROOT, SmallEnvironment

pytestmark = pytest.mark.engine
PATIENCE_SECONDS = 120
EMPTY_HANDED = ("PULUMI", "AWS", "QUANTOS_SANDBOX")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallEnvironment]:
    """A capacity stack that the robot has just resized."""
    with small_environment(committed_settings(), state_dir=tmp_path_factory.mktemp("state")) as made:
        resizer = made.resizer(clock=lambda: NOW + timedelta(seconds=20), wall_clock=lambda: NOW)
        assert resizer.resize(made.plan({"cpu": 6}, at=NOW), holder="robot").status == "applied"
        yield made


def shell(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a person would: in a shell that knows where the sandbox is, and nothing of Pulumi or AWS."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(EMPTY_HANDED)}
    variables["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), variables["PATH"]])
    return subprocess.run(
        ["bash", "-euc", script],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def plain_pulumi(arguments: str) -> str:
    """A script: a plain `pulumi` in the environment that `quantos env` prints."""
    return f'eval "$(quantos env dev --sandbox)"; pulumi {arguments} --color never'


def project_status() -> str:
    """What git says of the files that a plain `pulumi` in the project folder would rewrite."""
    files = ["Pulumi.yaml", *(f"Pulumi.dev-{layer}.yaml" for layer in LAYERS)]
    command = ["git", "status", "--porcelain", "--", *files]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@contextmanager
def plan_moved_by_hand(environment: SmallEnvironment, **changes: object) -> Iterator[None]:
    """A pointer on another document than the robot's, put back afterwards."""
    before = environment.ledger.current()
    moved = before.document.model_copy(update=changes)
    version = environment.ledger.replace(moved, expected_version=before.version)
    yield
    environment.ledger.replace(before.document, expected_version=version)


def test_env_prints_exports_alone_and_the_target_beside_them(environment: SmallEnvironment) -> None:
    printed = shell("quantos env dev --sandbox")
    assert printed.returncode == 0, printed.stderr
    assert printed.stderr == f"target: dev in the sandbox at {os.environ['AWS_ENDPOINT_URL']}\n"
    assert all(line.startswith("export ") for line in printed.stdout.splitlines())


def test_a_plain_up_right_after_a_resize_is_a_no_op_under_the_packs(environment: SmallEnvironment) -> None:
    status, groups = project_status(), environment.groups()
    environment.set_desired("cpu", 9)
    done = shell(plain_pulumi("up -s dev-capacity --yes --expect-no-changes"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert " unchanged" in done.stdout
    assert "quantos-cost@" in done.stdout
    assert environment.groups() == {**groups, "cpu": replace(groups["cpu"], desired=9)}
    assert project_status() == status


def test_quantos_up_right_after_a_resize_is_a_no_op(environment: SmallEnvironment) -> None:
    done = shell("quantos up dev --layer capacity --sandbox")
    assert (done.returncode, done.stdout) == (0, "dev-capacity: no change\n"), done.stderr


@pytest.mark.parametrize(
    "command", [plain_pulumi("up -s dev-capacity --yes"), "quantos up dev --layer capacity --sandbox"]
)
def test_a_rule_of_one_resource_refuses_a_person_too(command: str, environment: SmallEnvironment) -> None:
    groups, sizes = environment.groups(), environment.ledger.current().document.sizes
    dear = {"quotes": StrategyCost(usd_per_hour=9.0, ceiling_usd_per_hour=3.0)}
    raised = {**sizes, "cpu": PoolSize(floor=8, ceiling=sizes["cpu"].ceiling)}
    with plan_moved_by_hand(environment, strategy_costs=dear, sizes=raised):
        refused = shell(command)
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "strategy quotes would cost 9.00 USD/hour" in refused.stdout + refused.stderr
    assert environment.groups() == groups


def test_a_rule_of_the_whole_stack_refuses_a_person_before_anything_is_changed(
    environment: SmallEnvironment, tmp_path: Path
) -> None:
    """Such rules run after the steps of an `up`; only a preview before it keeps the steps from being taken."""
    groups, sizes = environment.groups(), environment.ledger.current().document.sizes
    small = environment.settings.model_copy(
        update={"limits": environment.settings.limits.model_copy(update={"max_nodes": 50})}
    )
    stacks = replace(environment.stacks, packs=render_packs(small, packs_root=PACKS, folder=tmp_path))
    with plan_moved_by_hand(environment, sizes={**sizes, "cpu": PoolSize(floor=4, ceiling=sizes["cpu"].ceiling)}):
        refused = bring_up(small, stacks, "capacity", progress=lambda _name, _done: None)
    assert [violation.rule for violation in refused.violations] == ["max-nodes"]
    assert environment.groups() == groups


def test_drift_names_what_was_changed_behind_the_programs_back(environment: SmallEnvironment) -> None:
    clean = shell("quantos drift dev --layer capacity --sandbox")
    assert (clean.returncode, clean.stdout) == (0, "dev-capacity: no drift\n"), clean.stderr
    before = environment.groups()["cpu"]
    environment.set_minimum("cpu", before.minimum + 1)
    moved = shell("quantos drift dev --layer capacity --sandbox")
    environment.set_minimum("cpu", before.minimum)
    assert moved.returncode == 1, moved.stdout + moved.stderr
    assert "update aws:eks/nodeGroup:NodeGroup cpu" in moved.stdout
    assert "scalingConfig.minSize" in moved.stdout


def test_drift_of_a_layer_that_is_not_up_makes_no_stack(environment: SmallEnvironment) -> None:
    missing = shell("quantos drift dev --layer control --sandbox")
    assert missing.returncode == 1
    assert "there is no stack dev-control" in missing.stderr
    assert "dev-control" not in shell(plain_pulumi("stack ls")).stdout


def test_a_protected_environment_is_not_destroyed(environment: SmallEnvironment) -> None:
    guarded = environment.settings.model_copy(update={"deletion_protection": True})
    with pytest.raises(SettingsError, match="protected from deletion"):
        take_down(guarded, environment.stacks, "capacity", progress=lambda _name, _done: None)
    assert environment.groups()

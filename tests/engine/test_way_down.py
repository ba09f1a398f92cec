"""A ceiling lowered while 36 nodes stand, on the real engine under the real packs: the robot's plans go down, and a
person's `up` on the way passes as well."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from quantos.contracts.plan import ResizeOutcome
from quantos.environment.settings.environment import EnvironmentSettings
from sandbox.lifecycle import Sandbox
from tests.support.plan_cases import NOW
from tests.support.small_environment import SmallEnvironment, attach, make_small_environment, unhurried

pytestmark = pytest.mark.engine
STEP = 12


def limited(usd: float) -> EnvironmentSettings:
    settings = unhurried()
    limits = settings.limits.model_copy(
        update={"ceiling_usd_per_hour": usd, "max_step_up_nodes": 99, "max_step_down_nodes": STEP}
    )
    return settings.model_copy(update={"limits": limits})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packs")


@pytest.fixture(scope="module")
def environment(module_sandbox: Sandbox, folder: Path) -> Iterator[SmallEnvironment]:
    """36 nodes of the main pool, which a ceiling of 60 USD/hour allows; the same environment once it allows 4."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in module_sandbox.environ().items():
            patch.setenv(name, value)
        wide = make_small_environment(limited(60.0), project_dir=module_sandbox.project_dir, folder=folder)
        sizes = {name: (pool.floor_nodes, max(pool.floor_nodes, 1)) for name, pool in wide.settings.pools.items()}
        grown = resize(wide, {**sizes, "cpu": (36, 36)}, hours=1)
        assert (grown.status, wide.groups()["cpu"].desired) == ("applied", 36), grown.reason
        yield attach(limited(4.0), project_dir=module_sandbox.project_dir, folder=folder)


def resize(environment: SmallEnvironment, sizes: dict[str, tuple[int, int]], *, hours: int) -> ResizeOutcome:
    """A plan of these floors and ceilings, as the planner would sign it."""
    at = NOW + timedelta(hours=2 * hours)
    floors, ceilings = ({pool: size[end] for pool, size in sizes.items()} for end in (0, 1))
    plan = environment.plan(floors, ceilings=ceilings, at=at)
    resizer = environment.resizer(clock=lambda: at + timedelta(seconds=20), wall_clock=lambda: datetime.now(tz=UTC))
    return resizer.resize(plan, holder="robot")


def test_the_way_down_from_36_nodes(environment: SmallEnvironment) -> None:
    """One stack on its way: each step stands on what the one before it left."""
    small = {name: (pool.floor_nodes, 1) for name, pool in environment.settings.pools.items() if name != "cpu"}
    small = {name: (low, max(low, high)) for name, (low, high) in small.items()}

    grown = resize(environment, {**small, "cpu": (37, 37)}, hours=2)
    assert grown.status == "blocked"
    assert {violation.rule for violation in grown.violations} >= {"environment-ceiling"}

    first = resize(environment, {**small, "cpu": (24, 24)}, hours=3)
    assert (first.status, first.violations) == ("applied", ()), first.reason
    group = environment.groups()["cpu"]
    assert (group.minimum, group.maximum, group.desired) == (24, 36, 36)

    assert environment.up().violations == ()

    environment.set_desired("cpu", 24)
    second = resize(environment, {**small, "cpu": (12, 12)}, hours=4)
    assert second.status == "applied", second.reason
    assert environment.groups()["cpu"].maximum == 24

"""A floor or ceiling that a person changes while the autoscaler's size lies outside, on the real engine.

The stand-in refuses node groups as EKS does: minimum above desired, desired above maximum.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from quantos.capacity.adapters.composition import STEP_TIMEOUT_SECONDS
from quantos.capacity.resize.ports import GroupSize
from quantos.environment.settings.environment import EnvironmentSettings
from sandbox.lifecycle import Sandbox
from stacks import capacity
from tests.support.environments import make_settings
from tests.support.plan_cases import NOW
from tests.support.small_environment import SmallEnvironment, make_small_environment, unhurried

pytestmark = pytest.mark.engine
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"


@pytest.fixture(scope="module")
def environment(module_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallEnvironment]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in module_sandbox.environ().items():
            patch.setenv(name, value)
        yield make_small_environment(
            unhurried(), project_dir=module_sandbox.project_dir, folder=tmp_path_factory.mktemp("packs")
        )


def changed(environment: SmallEnvironment, *, floor_nodes: int, ceiling_nodes: int) -> SmallEnvironment:
    """The environment after a person has changed the bounds of `cpu` in its file; what rules say is not asked here."""
    pools = {name: pool.model_dump() for name, pool in environment.settings.pools.items()}
    pools["cpu"] |= {"floor_nodes": floor_nodes, "ceiling_nodes": ceiling_nodes}
    settings: EnvironmentSettings = make_settings(pools=pools, actuator=environment.settings.actuator.model_dump())
    stacks = replace(environment.stacks, packs=[], program=lambda _stack: capacity.standing(settings))
    return SmallEnvironment(settings, stacks)


def update_seconds(environment: SmallEnvironment) -> set[float]:
    """How long the engine lets updates of node groups take, as its state has it."""
    deployment = environment.stacks.handle(environment.stack).export_stack().deployment
    found = [one for one in deployment["resources"] if one["type"] == NODE_GROUP]
    assert found
    return {one["customTimeouts"]["update"] for one in found}


def test_people_change_bounds_whatever_the_autoscaler_does(environment: SmallEnvironment) -> None:
    """One stack through its life: each step stands on what the one before it left."""
    higher = changed(environment, floor_nodes=4, ceiling_nodes=20)
    assert environment.groups()["cpu"].desired == 1
    assert higher.up().violations == ()
    assert higher.groups()["cpu"] == GroupSize(minimum=4, maximum=20, desired=4)
    assert higher.up().changes == {}

    higher.set_desired("cpu", 9)
    assert higher.up().changes == {}
    lower = changed(environment, floor_nodes=2, ceiling_nodes=6)
    assert lower.up().violations == ()
    assert lower.groups()["cpu"] == GroupSize(minimum=2, maximum=9, desired=9)
    assert lower.up().changes == {}

    lower.set_desired("cpu", 5)
    assert lower.up().violations == ()
    assert lower.groups()["cpu"] == GroupSize(minimum=2, maximum=6, desired=5)
    assert lower.up().changes == {}


def test_a_resize_has_minutes_and_a_persons_change_hours(environment: SmallEnvironment) -> None:
    environment.up()
    assert update_seconds(environment) == {capacity.RESHAPE_SECONDS}
    resizer = environment.resizer(clock=lambda: NOW + timedelta(seconds=20), wall_clock=lambda: NOW)
    applied = resizer.resize(environment.plan({"cpu": 6}, at=NOW), holder="a")
    assert (applied.status, applied.reason) == ("applied", applied.reason)
    assert update_seconds(environment) == {STEP_TIMEOUT_SECONDS}
    assert environment.up().changes == {}
    assert update_seconds(environment) == {capacity.RESHAPE_SECONDS}

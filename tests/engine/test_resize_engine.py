"""The resize transaction on the real engine, under the real packs, against the stand-in's EKS."""

from collections.abc import Iterator
from datetime import timedelta

import pulumi
import pytest

from components.aws.compute.node_pool import Taint
from components.aws.compute.scale_from_zero import PREFIX, ScaleFromZero, ScaleFromZeroArgs
from quantos.contracts.plan import StrategyCost
from quantos.environment.settings.pools import node_labels
from sandbox.lifecycle import Sandbox
from tests.support.plan_cases import NOW
from tests.support.small_environment import SmallEnvironment, make_small_environment, unhurried

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def environment(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallEnvironment]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.environ().items():
            patch.setenv(name, value)
        yield make_small_environment(
            unhurried(), project_dir=sandbox.project_dir, folder=tmp_path_factory.mktemp("packs")
        )


def test_the_transaction_from_plan_to_no_op(environment: SmallEnvironment) -> None:
    """One stack through its life: each step stands on what the one before it left."""
    at = NOW
    resizer = environment.resizer(clock=lambda: at + timedelta(seconds=20), wall_clock=lambda: NOW)
    assert environment.groups()["cpu"].minimum == 1
    environment.set_desired("memory", 7)

    raised = resizer.resize(environment.plan({"cpu": 6}, at=at), holder="a")
    assert (raised.status, raised.violations, raised.drift) == ("applied", (), ())
    groups = environment.groups()
    assert (groups["cpu"].minimum, groups["cpu"].desired) == (6, 6)
    assert groups["memory"].desired == 7

    assert environment.preview().changes == {}
    assert environment.up().changes == {}
    assert environment.groups() == groups

    environment.set_desired("cpu", 11)
    at += timedelta(hours=2)
    lowered = resizer.resize(environment.plan({"cpu": 2}, at=at), holder="a")
    assert lowered.status == "applied"
    assert environment.groups()["cpu"].minimum == 2
    assert environment.groups()["cpu"].desired == 11

    at += timedelta(hours=2)
    dear = {"quotes": StrategyCost(usd_per_hour=9.0, ceiling_usd_per_hour=3.0)}
    refused = resizer.resize(environment.plan({"cpu": 8}, at=at, strategy_costs=dear), holder="a")
    assert refused.status == "blocked"
    assert any("quotes" in violation.message for violation in refused.violations)
    assert environment.groups()["cpu"].minimum == 2


def test_a_pool_without_nodes_tells_the_autoscaler_what_one_would_be(environment: SmallEnvironment, stack) -> None:
    spot = environment.settings.pools["cpu-spot"]

    def program() -> None:
        groups = pulumi.StackReference(f"organization/quantos/{environment.stack}").require_output("scaling_groups")
        taints = [Taint(key=taint.key, value=taint.value, effect=taint.effect) for taint in spot.taints]
        args = ScaleFromZeroArgs(
            scaling_group_name=groups["cpu-spot"],
            labels=node_labels("cpu-spot", spot),
            taints=taints,
            disk_gib=spot.disk_gib,
            gpus=0,
        )
        ScaleFromZero("cpu-spot", args)

    made = stack(program)
    made.up()
    resources = made.export_stack().deployment["resources"]
    tags = [one["inputs"]["tag"] for one in resources if one["type"] == "aws:autoscaling/tag:Tag"]
    assert {tag["key"].removeprefix(PREFIX): tag["value"] for tag in tags} == {
        "/label/quantos.io/pool": "cpu-spot",
        "/taint/quantos.io/spot": "true:NoSchedule",
        "/resources/ephemeral-storage": f"{spot.disk_gib}Gi",
    }
    assert set(made.preview(refresh=True).change_summary) == {"same"}
    made.destroy()

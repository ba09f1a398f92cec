"""A cost pack that was given no limits, or broken ones, says so and judges nothing as passed."""

import copy
from pathlib import Path

import pytest

from quantos.catalog.catalog import load_catalog
from quantos.environment.load import load_environment
from quantos.errors import SettingsError
from quantos.policy.config import render_cost_config
from quantos.policy.configured import LimitsReader
from quantos.policy.cost.limits import CostLimits

READER = LimitsReader(CostLimits, pack="cost")
ENVIRONMENTS = Path(__file__).resolve().parents[3] / "stacks" / "environments"
CONFIG = render_cost_config(load_environment("dev", root=ENVIRONMENTS, catalog=load_catalog()))["max-nodes"]


def broken(key: str, value: object) -> dict:
    config = copy.deepcopy(CONFIG)
    config["limits"][key] = value
    return config


def test_numbers_may_have_come_through_a_format_without_integers() -> None:
    assert READER.read(broken("max_nodes", 90.0)).max_nodes == 90


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        pytest.param({}, "was given no limits", id="none"),
        pytest.param({"limits": {}}, "environment: Field required", id="empty"),
        pytest.param(broken("max_nodes", 90.5), "max_nodes: Input should be a valid integer", id="half-a-node"),
        pytest.param(broken("ceiling_usd_per_hour", "nan"), "ceiling_usd_per_hour", id="a-ceiling-nothing-exceeds"),
        pytest.param(broken("ceiling_usd_per_hour", float("inf")), "ceiling_usd_per_hour", id="no-ceiling"),
        pytest.param(broken("max_node", 1), "max_node", id="a-key-nobody-reads"),
        pytest.param(
            broken("pools", {"cpu": {"workload": "batchh", "ceiling_usd_per_hour": 1}}), "pools.cpu.workload", id="deep"
        ),
    ],
)
def test_limits_that_cannot_be_used_are_refused(config: dict, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        READER.read(config)

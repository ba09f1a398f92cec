"""What `quantos cost` prints of stacks that are up."""

import json
from types import SimpleNamespace

import pytest

from quantos.catalog.catalog import load_catalog
from quantos.costing.cost import StackCost
from quantos.costing.pricing import priced
from quantos.costing.usage import Usage
from tests.support.declared import resource
from tests.support.environments import make_settings
from tests.unit.cli.conftest import Command

ADDRESS_USD = 730 * 0.005


def cost_of(*kinds: str) -> StackCost:
    declared = [resource(kind, "x") for kind in kinds]
    return priced(declared, load_catalog(), usage=Usage(figures={}), region="us-east-1")


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch) -> dict[str, StackCost]:
    """What the stacks cost, by layer."""
    costs: dict[str, StackCost] = {}
    monkeypatch.setattr("cli.environments.cost.open_target", lambda _: SimpleNamespace(settings=make_settings()))
    monkeypatch.setattr("cli.environments.cost._costs", lambda _: costs)
    return costs


def test_a_table_sums_layers_beside_their_budgets(quantos: Command, up: dict[str, StackCost]) -> None:
    up["foundation"] = cost_of("aws:ec2/eip:Eip")
    up["control"] = cost_of("aws:ec2/eip:Eip", "aws:iam/role:Role")
    said = quantos("cost", "dev")
    rows = [line.split() for line in said.out.splitlines()]
    assert said.code == 0
    assert ["foundation", "Eip", "x", "3.65", "3.65"] in rows
    assert ["foundation", "3.65", "3.65", f"{make_settings().limits.usd_per_month['foundation']:,.0f}"] in rows
    assert rows[-1] == ["all", "7.30", "7.30"]


def test_json_has_every_line_with_what_it_rests_on(quantos: Command, up: dict[str, StackCost]) -> None:
    up["foundation"] = cost_of("aws:ec2/eip:Eip")
    told = json.loads(quantos("cost", "dev", "--json").out)
    (line,) = told["foundation"]["lines"]
    assert (line["what"], line["unit"], line["basis"]) == ("public address", "hour", "declared")
    assert line["ceiling_usd"] == pytest.approx(ADDRESS_USD)


def test_what_has_no_price_is_named_and_exits_1(quantos: Command, up: dict[str, StackCost]) -> None:
    up["control"] = cost_of("aws:redshift/cluster:Cluster")
    said = quantos("cost", "dev")
    assert said.code == 1
    assert "no price control, Cluster x: x is a aws:redshift/cluster:Cluster" in said.err


def test_no_figure_is_cut_off_in_a_narrow_pipe(
    quantos: Command, up: dict[str, StackCost], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    up["foundation"] = cost_of("aws:ec2/eip:Eip")
    said = quantos("cost", "dev")
    assert "…" not in said.out
    assert said.out.splitlines()[-1].split() == ["all", "3.65", "3.65"]

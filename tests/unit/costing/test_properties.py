"""Every property of every priced type has a verdict, and what nobody priced is said and in no sum."""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from inspect import signature

import pytest

from quantos.catalog.catalog import load_catalog
from quantos.catalog.free_types import is_free
from quantos.costing.cost import StackCost
from quantos.costing.pricing import PRICERS, priced
from quantos.costing.properties import EVERY_TYPE, Property, priced_properties
from quantos.costing.usage import Usage
from quantos.errors import CatalogError
from tests.support.aws_sdk import SdkResource, nested, sdk_resources
from tests.support.declared import resource

LISTED = priced_properties()
OF_AWS = sorted(kind for kind in LISTED if kind.startswith("aws:"))
OF_KUBERNETES = sorted(kind for kind in LISTED if kind.startswith("kubernetes:"))
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
FREE_IN_PART = {
    TEMPLATE, "aws:ssm/parameter:Parameter", "aws:acm/certificate:Certificate",
    "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration", "aws:eks/addon:Addon",
}  # fmt: skip
"""Types that are free but for some properties, or priced with another."""


def cost(kind: str, **properties: object) -> StackCost:
    return priced([resource(kind, "x", **properties)], load_catalog(), usage=Usage(figures={}), region="us-east-1")


def reasons(kind: str, **properties: object) -> str:
    return " ".join(problem.reason for problem in cost(kind, **properties).unpriced)


def test_every_priced_type_is_listed_and_no_other() -> None:
    assert set(LISTED) - {EVERY_TYPE} == {*PRICERS, *FREE_IN_PART}, "quantos/catalog/data/priced_properties.csv"
    assert all(map(is_free, FREE_IN_PART))


def paths(
    of: SdkResource, block: Mapping[str, str], listed: Mapping[str, Property], *, path: str = ""
) -> Iterator[str]:
    """Properties that need a verdict: all at the top, and those inside of blocks that have verdicts inside."""
    for name, kind in block.items():
        yield f"{path}{name}"
        if any(other.startswith(f"{path}{name}.") for other in listed):
            yield from paths(of, nested(of.module, kind), listed, path=f"{path}{name}.")


@pytest.mark.parametrize("kind", OF_AWS)
def test_the_table_has_every_property_that_the_sdk_knows_of_a_type_and_no_other(kind: str) -> None:
    of, listed = sdk_resources()[kind], LISTED[kind]
    known = set(paths(of, {**of.outputs, **of.inputs}, listed))
    assert known - set(listed) - set(LISTED[EVERY_TYPE]) == set()
    assert set(listed) - known == set()


def arguments(module: str, name: str) -> set[str]:
    snake = set(signature(getattr(import_module(module), name)).parameters)
    return {re.sub(r"_(\w)", lambda match: match[1].upper(), each) for each in snake}


@pytest.mark.parametrize("kind", OF_KUBERNETES)
def test_the_table_has_every_property_of_a_kind_of_kubernetes(kind: str) -> None:
    _, group, name = kind.split(":")
    module = f"pulumi_kubernetes.{group.replace('.k8s.io', '').replace('/', '.')}"
    listed = LISTED[kind]
    assert {path for path in listed if "." not in path} == arguments(module, f"{name}InitArgs") | {"status"}
    if inside := {path.removeprefix("spec.") for path in listed if path.startswith("spec.")}:
        assert inside == arguments(module, f"{name}SpecArgs")


@pytest.mark.parametrize("kind", [*OF_AWS, *OF_KUBERNETES])
def test_a_property_that_nobody_knows_is_in_no_sum(kind: str) -> None:
    assert "nobody has said what its cleverMode costs" in reasons(kind, cleverMode="ON")


def refused() -> Iterator[tuple[str, str, Property]]:
    for kind, listed in LISTED.items():
        yield from ((kind, path, verdict) for path, verdict in listed.items() if verdict.verdict == "refused")


@pytest.mark.parametrize(
    ("kind", "path", "verdict"), [pytest.param(*one, id=f"{one[0]}.{one[1]}") for one in refused()]
)
def test_a_refused_property_is_in_no_sum_unless_it_has_a_value_that_costs_nothing(
    kind: str, path: str, verdict: Property
) -> None:
    first, *rest = path.split(".")

    def at(value: object) -> dict[str, object]:
        for key in reversed(rest):
            value = {key: value}
        return {first: value}

    assert f"its {path} is 'dear', and {verdict.reason}" in reasons(kind, **at("dear"))
    for harmless in (*verdict.unless, None, False, 0, ""):
        assert f"its {path} is" not in reasons(kind, **at(harmless))


def test_a_block_is_looked_into_alone_and_in_a_list_and_the_engines_own_keys_are_not() -> None:
    disk = {"ebs": {"volumeSize": 1, "volumeSpell": "x"}}
    assert "blockDeviceMappings.ebs.volumeSpell" in reasons(TEMPLATE, blockDeviceMappings=[disk])
    assert "placement.tenancy" in reasons(TEMPLATE, placement={"tenancy": "dedicated"})
    assert reasons(TEMPLATE, placement={"tenancy": "default"}, __defaults=["x"]) == ""


def test_a_block_that_aws_tells_with_everything_off_says_nothing() -> None:
    kind = "aws:msk/cluster:Cluster"

    def told(*, iam: bool) -> str:
        others = {"clientAuthentication": {"sasl": {"iam": iam, "scram": False}, "tls": False}}
        return reasons(kind, brokerNodeGroupInfo={"connectivityInfo": {"vpcConnectivity": others}})

    assert "vpcConnectivity" not in told(iam=False)
    assert "its brokerNodeGroupInfo.connectivityInfo.vpcConnectivity is 'set'" in told(iam=True)


def test_a_free_type_with_a_dear_property_is_refused_for_it_alone() -> None:
    kind = "aws:ssm/parameter:Parameter"
    assert "its tier is 'Advanced'" in reasons(kind, tier="Advanced")
    assert reasons(kind, tier="Standard", dataType="text") == ""
    assert "its addonName is 'kubecost_kubecost'" in reasons("aws:eks/addon:Addon", addonName="kubecost_kubecost")
    assert reasons("aws:eks/addon:Addon", addonName="vpc-cni", addonVersion="v1.20.4-eksbuild.2") == ""


@pytest.mark.parametrize("line", ["aws:x/y:Y,p,unheard-of,,r", "aws:x/y:Y,p,free,,"])
def test_a_table_without_verdict_or_reason_is_refused(tmp_path, line: str) -> None:
    (tmp_path / "priced_properties.csv").write_text(f"type,property,verdict,unless,reason\n{line}\n", encoding="utf-8")
    with pytest.raises(CatalogError, match="cannot be read"):
        priced_properties(tmp_path)

"""Which shapes are compared, what dominates what, and which changes are worth offering to people."""

import pytest

from quantos.allocation.choice import Resources
from quantos.allocation.shapes.node_shapes import PricedType, not_dominated, other_shapes, present_shape
from quantos.allocation.shapes.proposal import PoolNeed, Proposal, propose
from quantos.catalog.catalog import Catalog, InstanceShape, SpotAssumption
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.pools import PoolSettings
from quantos.errors import CatalogError
from tests.support.environments import make_settings

REGION = "us-east-1"


def catalog(*rows: tuple[str, int, float, float]) -> Catalog:
    """A catalog of x86 types: name, vCPU, GiB, USD/hour; network follows vCPU, and `gN` types have a GPU."""
    return Catalog(
        shapes={
            name: InstanceShape(name, vcpu, memory, int(name.startswith("g")), 400 * vcpu, "x86_64", 56)
            for name, vcpu, memory, _ in rows
        },
        on_demand={REGION: {name: price for name, *_, price in rows if price > 0}},
        spot={},
        assumptions={},
        otherwise=SpotAssumption(saving=0.3, reason="a test"),
    )


def environment(*types: str, families: tuple[str, ...] = ("a1", "b1", "c1"), **changes: object) -> EnvironmentSettings:
    """`dev` with one pool of these types."""
    settings = make_settings()
    pool = settings.pools["cpu"].model_dump() | {"instance_types": types} | changes
    limits = settings.limits.model_dump() | {"instance_families": families}
    return make_settings(pools={"cpu": pool}, limits=limits)


def pool_of(settings: EnvironmentSettings) -> PoolSettings:
    return settings.pools["cpu"]


def proposed(settings: EnvironmentSettings, known: Catalog, *, vcpu: float) -> Proposal:
    need = PoolNeed(nodes=vcpu / 8, priority=50, miss_usd_per_vcpu_hour=1.0)
    return propose(settings, {"cpu": need}, known, region=REGION)


def named(settings: EnvironmentSettings, known: Catalog) -> list[str]:
    found = other_shapes(pool_of(settings), known, region=REGION, families=settings.limits.instance_families)
    return [shape.name for shape in found]


def priced(name: str, vcpu: int, memory: float, price: float) -> PricedType:
    return PricedType(shape=InstanceShape(name, vcpu, memory, 0, 1000, "x86_64", 56), usd_per_hour=price)


@pytest.mark.parametrize(
    ("other", "kept"),
    [
        pytest.param(("b1.x", 8, 16, 0.30), ["b1.x"], id="cheaper"),
        pytest.param(("b1.x", 8, 32, 0.34), ["b1.x"], id="more-for-the-same"),
        pytest.param(("b1.x", 8, 16, 0.34), ["a1.x"], id="equal-so-the-first"),
        pytest.param(("b1.x", 8, 15, 0.30), ["a1.x", "b1.x"], id="cheaper-but-less"),
        pytest.param(("b1.x", 16, 32, 0.35), ["a1.x", "b1.x"], id="more-but-dearer"),
    ],
)
def test_a_type_is_dominated_by_no_less_for_no_more(other: tuple[str, int, float, float], kept: list[str]) -> None:
    left = not_dominated([priced("a1.x", 8, 16, 0.34), priced(*other)])
    assert [item.shape.instance_type for item in left] == kept


def test_a_pool_of_two_types_keeps_two() -> None:
    known = catalog(("a1.x", 8, 16, 0.36), ("b1.x", 8, 16, 0.30), ("c1.x", 8, 16, 0.34))
    assert named(environment("a1.x"), known) == ["b1.x"]
    assert named(environment("a1.x", "c1.x"), known) == ["b1.x+c1.x"]
    shape = other_shapes(pool_of(environment("a1.x", "c1.x")), known, region=REGION, families=("b1", "c1"))[0]
    assert (shape.usd_per_node_hour, shape.instance) == (0.34, Resources(vcpu=8, memory_gib=16, network_mbps=3200))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(("b1.x", 4, 16, 0.1), id="less-vcpu"),
        pytest.param(("b1.x", 8, 8, 0.1), id="less-memory"),
        pytest.param(("b1.x", 64, 128, 0.1), id="far-larger"),
        pytest.param(("d1.x", 8, 16, 0.1), id="family-not-allowed"),
        pytest.param(("b1.metal", 8, 16, 0.1), id="bare-metal"),
        pytest.param(("b1.x", 8, 16, 0.0), id="no-price"),
    ],
)
def test_what_cannot_take_the_place_of_a_node_is_not_compared(other: tuple[str, int, float, float]) -> None:
    assert named(environment("a1.x"), catalog(("a1.x", 8, 16, 0.36), other)) == ["a1.x"]


def test_gpus_stay_of_their_kind() -> None:
    known = catalog(("g1.x", 8, 16, 1.0), ("g2.x", 8, 16, 0.5), ("g1.y", 16, 32, 1.5))
    assert named(environment("g1.x", families=("g1", "g2")), known) == ["g1.x", "g1.y"]
    assert named(environment("a1.x", families=("a1", "g1")), catalog(("a1.x", 8, 16, 0.4), ("g1.x", 8, 16, 0.1))) == [
        "a1.x"
    ]


def test_a_cheaper_shape_is_offered_with_its_saving() -> None:
    known = catalog(("a1.x", 8, 16, 0.40), ("b1.x", 8, 16, 0.30))
    found = proposed(environment("a1.x"), known, vcpu=33)
    (change,) = found.changes
    assert (change.types_before, change.types_after) == (("a1.x",), ("b1.x",))
    assert (change.nodes_before, change.nodes_after) == (5, 5)
    assert found.saving_usd_per_hour == pytest.approx(0.5)
    assert "5 nodes of 8 vCPU and 16 GiB at 0.3000 USD/hour" in change.why


def test_a_larger_shape_keeps_floor_and_ceiling_in_vcpu() -> None:
    known = catalog(("a1.x", 8, 16, 0.40), ("b1.y", 16, 32, 0.60))
    (change,) = proposed(environment("a1.x", floor_nodes=3, ceiling_nodes=20), known, vcpu=64).changes
    assert (change.floor_nodes, change.ceiling_nodes, change.nodes_after) == (2, 10, 4)


def test_lumps_decide_against_a_larger_node() -> None:
    known = catalog(("a1.x", 8, 16, 0.40), ("b1.y", 16, 32, 0.78))
    assert proposed(environment("a1.x"), known, vcpu=24).changes == ()
    assert proposed(environment("a1.x"), known, vcpu=32).changes[0].types_after == ("b1.y",)


@pytest.mark.parametrize(("price", "offered"), [(0.3959, 1), (0.3961, 0)])
def test_a_saving_below_a_hundredth_is_not_worth_a_rollout(price: float, offered: int) -> None:
    known = catalog(("a1.x", 8, 16, 0.40), ("b1.x", 8, 16, price))
    assert len(proposed(environment("a1.x"), known, vcpu=80).changes) == offered


def test_a_shape_that_holds_more_within_the_limits_is_offered_though_it_costs_no_less() -> None:
    known = catalog(("a1.x", 8, 16, 0.40), ("b1.x", 8, 16, 0.25))
    (change,) = proposed(environment("a1.x", ceiling_usd_per_hour=1.0), known, vcpu=32).changes
    offered = present_shape(pool_of(environment("b1.x")), known, region=REGION).node
    assert change.more_vcpu == pytest.approx(2 * offered.vcpu, abs=0.01)
    assert f"{2 * offered.vcpu:.1f} vCPU that had to give way are held" in change.why


def test_the_environments_floor_is_held_whatever_the_need() -> None:
    known = catalog(("a1.x", 8, 16, 0.40), ("b1.x", 8, 16, 0.30))
    (change,) = proposed(environment("a1.x", floor_nodes=4), known, vcpu=0).changes
    assert (change.nodes_before, change.nodes_after) == (4, 4)


def test_pools_without_a_need_are_left_alone() -> None:
    known = catalog(("a1.x", 8, 16, 0.40), ("b1.x", 8, 16, 0.30))
    found = propose(environment("a1.x"), {}, known, region=REGION)
    assert (found.changes, found.considered) == ((), {})


def test_a_declared_type_without_a_price_is_an_error() -> None:
    known = catalog(("a1.x", 8, 16, 0.0))
    with pytest.raises(CatalogError, match=r"no price is known for a1\.x"):
        present_shape(pool_of(environment("a1.x")), known, region=REGION)

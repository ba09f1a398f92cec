"""Properties as the engine hands them to a pack: every number a double, whole ones too."""

from collections.abc import Mapping
from dataclasses import dataclass

from policy_packs.cost.resources import plan_document
from quantos.contracts.plan import PLAN_TYPE, PoolCost
from tests.support.plan_cases import document


@dataclass(frozen=True)
class Declared:
    """One resource of a stack."""

    props: Mapping[str, object]
    resource_type: str = PLAN_TYPE
    name: str = "plan"
    urn: str = "urn:pulumi:dev-capacity::quantos::quantos:capacity:Plan::plan"


def as_doubles(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: as_doubles(part) for key, part in value.items()}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def test_a_plan_document_is_read_from_doubles() -> None:
    cost = PoolCost(usd_per_node_hour=0.5, floor_usd_per_hour=1.0, ceiling_usd_per_hour=10.0)
    declared = document(sequence=1796000000, cpu=2).model_copy(update={"pool_costs": {"cpu": cost}})

    assert plan_document(Declared({"document": as_doubles(declared.model_dump(mode="json"))})) == declared

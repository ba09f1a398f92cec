import pytest

from quantos.capacity.resize.drift import drift_in
from quantos.deployment.changes import Change

GROUP = "urn:pulumi:dev-capacity::quantos::quantos:capacity:NodePool$aws:eks/nodeGroup:NodeGroup::cpu"
PLAN = "urn:pulumi:dev-capacity::quantos::quantos:capacity:Plan::plan"
ROLE = "urn:pulumi:dev-capacity::quantos::aws:iam/role:Role::node"
BOUNDS = ("scalingConfig.minSize", "scalingConfig.maxSize")
DESIRED = "scalingConfig.desiredSize"
GROUP_TYPE = "aws:eks/nodeGroup:NodeGroup"


@pytest.mark.parametrize(
    ("change", "raised", "line"),
    [
        pytest.param(Change(GROUP, "update", BOUNDS), (), None, id="bounds"),
        pytest.param(Change(PLAN, "update", ("document",)), (), None, id="the-plan-itself"),
        pytest.param(Change(GROUP, "update", (DESIRED,)), ("cpu",), None, id="desired-of-a-raised-pool"),
        pytest.param(Change(GROUP, "update", (DESIRED,)), (), f"update pool cpu: {DESIRED}", id="desired-otherwise"),
        pytest.param(Change(GROUP, "update", ("diskSize",)), (), "update pool cpu: diskSize", id="a-shape"),
        pytest.param(Change(GROUP, "replace", ("amiType",)), (), f"replace {GROUP_TYPE} cpu", id="replacement"),
        pytest.param(Change(GROUP, "delete", ()), (), f"delete {GROUP_TYPE} cpu", id="deletion"),
        pytest.param(Change(ROLE, "update", ("tags",)), (), "update aws:iam/role:Role node: tags", id="foreign"),
        pytest.param(Change(PLAN, "delete", ()), (), "delete quantos:capacity:Plan plan", id="the-plan-deleted"),
    ],
)  # fmt: skip
def test_only_bounds_and_raised_sizes_pass(change: Change, raised: tuple[str, ...], line: str | None) -> None:
    assert drift_in([change], pools={"cpu"}, raised=raised) == (() if line is None else (line,))


def test_a_pool_that_the_plan_does_not_know_is_drift() -> None:
    change = Change(GROUP, "update", ("scalingConfig.minSize",))
    assert drift_in([change], pools={"memory"}, raised=()) != ()

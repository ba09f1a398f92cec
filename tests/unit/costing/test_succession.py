"""Components under a new name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.costing.cost import CostLine, StackCost
from quantos.costing.succession import succession

NODES, DISKS, QUEUE = "aws:eks/nodeGroup:NodeGroup", "aws:ebs/volume:Volume", "aws:sqs/queue:Queue"


def line(component: str, usd: float, kind: str = NODES) -> CostLine:
    name = component.rpartition(" ")[2]
    return CostLine(
        urn=f"urn:pulumi:dev-capacity::quantos::{kind}::{name}",
        component=component,
        what="nodes",
        quantity=1.0,
        unit="hour",
        usd_per_month=usd,
        usd_per_month_floor=usd / 2,
        basis="declared",
    )


def cost(*lines: CostLine) -> StackCost:
    return StackCost(lines=lines, unpriced=())


def changes(before: StackCost, after: StackCost) -> dict[str, tuple[tuple[str, ...], float, float]]:
    return {
        change.component: (change.replaces, change.before.ceiling, change.after.ceiling)
        for change in succession(before, after)
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            [line("NodePool cpu", 100)],
            [line("NodePool core", 900)],
            {"NodePool core": (("NodePool cpu",), 100, 900)},
            id="another-name",
        ),
        pytest.param(
            [line("NodePool cpu", 100), line("NodePool cpu", 20, DISKS)],
            [line("Pool cpu", 900), line("Pool cpu", 20, DISKS)],
            {"Pool cpu": (("NodePool cpu",), 120, 920)},
            id="another-class",
        ),
        pytest.param(
            [line("NodePool cpu", 100)],
            [line("NodePool a", 90), line("NodePool b", 90)],
            {"NodePool a, NodePool b": (("NodePool cpu",), 100, 180)},
            id="split",
        ),
        pytest.param(
            [line("NodePool a", 50), line("NodePool b", 50)],
            [line("NodePool cpu", 100)],
            {"NodePool cpu": (("NodePool a", "NodePool b"), 100, 100)},
            id="merged",
        ),
        pytest.param(
            [line("NodePool cpu", 100)],
            [line("NodePool cpu", 100), line("NodePool more", 500)],
            {"NodePool cpu": ((), 100, 100), "NodePool more": ((), 0, 500)},
            id="new-beside-what-stays",
        ),
        pytest.param(
            [line("NodePool cpu", 100)],
            [line("NodePool cpu", 5), line("NodePool core", 190)],
            {"NodePool core": (("NodePool cpu",), 95, 190), "NodePool cpu": ((), 5, 5)},
            id="a-stub-is-left",
        ),
        pytest.param(
            [line("NodePool cpu", 100)],
            [line("NodePool cpu", 50), line("Pool core", 80)],
            {"Pool core": (("NodePool cpu",), 50, 80), "NodePool cpu": ((), 50, 50)},
            id="half-is-left-and-another-class",
        ),
        pytest.param(
            [line("NodePool cpu", 100)],
            [line("NodePool cpu", 5, DISKS), line("Pool core", 190)],
            {"Pool core": (("NodePool cpu",), 95, 190), "NodePool cpu": ((), 5, 5)},
            id="a-stub-of-other-resources",
        ),
        pytest.param(
            [line("NodePool cpu", 100)],
            [line("NodePool cpu", 51), line("NodePool core", 80)],
            {"NodePool cpu": ((), 100, 51), "NodePool core": ((), 0, 80)},
            id="more-than-half-stays",
        ),
        pytest.param(
            [line("NodePool cpu", 100), line("NodePool gpu", 300)],
            [line("NodePool cpu", 10), line("NodePool core", 400)],
            {"NodePool core": (("NodePool cpu", "NodePool gpu"), 390, 400), "NodePool cpu": ((), 10, 10)},
            id="merged-with-a-stub",
        ),
        pytest.param(
            [line("NodePool cpu", 100), line("Queue work", 50, QUEUE)],
            [line("NodePool cpu", 5), line("Queue more", 90, QUEUE), line("Queue work", 50, QUEUE)],
            {"NodePool cpu": ((), 100, 5), "Queue more": ((), 0, 90), "Queue work": ((), 50, 50)},
            id="a-stub-and-nothing-alike",
        ),
        pytest.param(
            [line("NodePool cpu", 0)],
            [line("NodePool cpu", 0), line("NodePool core", 80)],
            {"NodePool cpu": ((), 0, 0), "NodePool core": ((), 0, 80)},
            id="what-cost-nothing-lost-nothing",
        ),
        pytest.param(
            [line("NodePool cpu", 100)],
            [line("Queue work", 500, QUEUE)],
            {"NodePool cpu": ((), 100, 0), "Queue work": ((), 0, 500)},
            id="nothing-alike",
        ),
    ],
)
def test_what_stands_in_anothers_place(
    before: list[CostLine], after: list[CostLine], expected: dict[str, tuple[tuple[str, ...], float, float]]
) -> None:
    assert changes(cost(*before), cost(*after)) == expected


LINES = st.lists(
    st.builds(
        line,
        st.sampled_from(["NodePool a", "NodePool b", "Pool c", "Queue d"]),
        st.floats(0, 1000),
        st.sampled_from([NODES, DISKS, QUEUE]),
    ),
    max_size=8,
)


@given(LINES, LINES)
def test_every_dollar_is_in_one_change(before: list[CostLine], after: list[CostLine]) -> None:
    found = succession(cost(*before), cost(*after))
    assert sum(change.before.ceiling for change in found) == pytest.approx(cost(*before).usd_per_month.ceiling)
    assert sum(change.after.ceiling for change in found) == pytest.approx(cost(*after).usd_per_month.ceiling)

"""Which points a trial takes together."""

import pytest

from sandbox.kill_sweep.moments import Point, counted, single_points
from sandbox.kill_sweep.stories.sweep import spread, who_dies

POINTS = single_points(counted(["executor: commit", "executor: commit", "worker a: put", "worker b: put"]))


@pytest.mark.parametrize("most", [1, 2, 5, 100])
def test_every_point_is_in_one_group(most: int) -> None:
    groups = spread(POINTS, most, once=("worker",))
    assert sorted(point.number for group in groups for point in group) == [point.number for point in POINTS]
    assert all(len(group) <= most + 2 for group in groups)


def test_who_does_not_come_again_dies_once_in_a_trial() -> None:
    def deaths(group: tuple[Point, ...], who: str) -> int:
        return sum(who_dies(point) == who for point in group)

    groups = spread(POINTS, 100, once=("worker",))
    assert [(deaths(group, "worker a"), deaths(group, "worker b")) for group in groups] == [(1, 1)] * 3
    assert [deaths(group, "executor") for group in groups] == [2, 2, 2]
    assert len(spread(POINTS, 100)) == 1

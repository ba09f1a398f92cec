"""Node groups are described beside one another, and count by their tags."""

from threading import Barrier
from types import SimpleNamespace

from quantos.capacity.adapters.eks_node_groups import EksNodeGroups
from quantos.capacity.resize.ports import GroupSize

SIZES = {"cpu": 1, "gpu": 2, "system": 3}


class MeetingClient:
    """An EKS client whose descriptions wait until all are asked for."""

    def __init__(self) -> None:
        self._asked = Barrier(len(SIZES))

    def get_paginator(self, _operation: str) -> SimpleNamespace:
        return SimpleNamespace(paginate=lambda clusterName: [{"nodegroups": [name]} for name in SIZES])  # noqa: N803

    def describe_nodegroup(self, *, clusterName: str, nodegroupName: str) -> dict[str, object]:  # noqa: N803
        self._asked.wait(20.0)
        scaling = {"minSize": SIZES[nodegroupName], "maxSize": 9, "desiredSize": 5}
        return {"nodegroup": {"tags": {"pool": nodegroupName}, "scalingConfig": scaling}}


def test_all_groups_are_asked_for_at_once_and_only_pools_count():
    groups = EksNodeGroups(MeetingClient(), "c", frozenset({"cpu", "gpu"}))
    assert groups.sizes() == {"cpu": GroupSize(1, 9, 5), "gpu": GroupSize(2, 9, 5)}

"""Spreading rules against the labels of their own pods."""

import pytest

from quantos.charts.links.spread import vain_spreads
from tests.support.cluster_objects import LABELS, cluster, workload


def spread(selector) -> dict:
    return {"topologySpreadConstraints": [{"topologyKey": "zone", "labelSelector": selector}]}


def apart(selector, *, preferred=True) -> dict:
    term = {"topologyKey": "host", "labelSelector": selector}
    rule = (
        {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": term}]}
        if preferred
        else {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
    )
    return {"affinity": {"podAntiAffinity": rule}}


OTHER = {"matchLabels": {"app": "other"}}


@pytest.mark.parametrize(
    ("pod", "told"),
    [
        (spread({"matchLabels": LABELS}), []),
        (spread(OTHER), ["spread over zone"]),
        (spread(None), ["spread over zone"]),
        (apart({"matchLabels": LABELS}), []),
        (apart(OTHER), ["anti-affinity over host"]),
        (apart(OTHER, preferred=False), ["anti-affinity over host"]),
        (apart({"matchExpressions": [{"key": "app", "operator": "Exists"}]}), []),
        (apart({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}),
         ["anti-affinity over host"]),
        (apart({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}), ["anti-affinity over host"]),
    ],
)  # fmt: skip
def test_pods_are_spread_by_labels_that_they_carry(pod, told) -> None:
    assert [each.about for each in vain_spreads(cluster(workload(pod=pod)))] == told

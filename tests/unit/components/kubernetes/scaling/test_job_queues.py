"""Queues share out exactly what the pools hold, and give back what was borrowed."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.kubernetes.scaling.job_queues import (
    SPOT_TAINT,
    JobQueuesArgs,
    Manifest,
    Pool,
    Taint,
    Team,
    manifests,
    shares,
)
from components.kubernetes.scaling.kueue import manager_configuration

SPOT = Taint(key=SPOT_TAINT, value="true", effect="NoSchedule")
GPU = Taint(key="quantos.io/gpu", value="true", effect="NoSchedule")


def pool(name: str, *, taints: tuple[Taint, ...] = (), **capacity: int) -> Pool:
    return Pool(name=name, labels={"quantos.io/pool": name}, taints=taints, capacity=capacity or {"cpu": 12})


def arguments(*pools: Pool, borrowing_share: float = 0.5) -> JobQueuesArgs:
    teams = [Team(name=name, weight=weight, namespace=f"jobs-{name}") for name, weight in (("a", 3), ("b", 1))]
    return JobQueuesArgs(teams=teams, pools=pools, borrowing_share=borrowing_share)


def named(args: JobQueuesArgs, kind: str) -> dict[str, Manifest]:
    return {manifest.name: manifest for manifest in manifests(args) if manifest.kind == kind}


def spec(manifest: Manifest) -> Mapping[str, Any]:
    found = manifest.body["spec"]
    assert isinstance(found, dict)
    return found


@given(total=st.integers(0, 10_000), weights=st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_shares_add_up_and_are_within_one_of_proportion(total: int, weights: list[int]) -> None:
    parts = shares(total, weights)
    assert sum(parts) == total
    assert all(abs(part - total * weight / sum(weights)) < 1 for part, weight in zip(parts, weights, strict=True))


def test_a_team_has_its_weight_of_a_pool_and_borrows_a_bounded_part_of_the_rest() -> None:
    queue = spec(named(arguments(pool("cpu", cpu=16, memory=64)), "ClusterQueue")["a-cpu"])
    (group,) = queue["resourceGroups"]
    assert group["coveredResources"] == ["cpu", "memory"]
    assert group["flavors"][0]["resources"] == [
        {"name": "cpu", "nominalQuota": "12", "borrowingLimit": "2"},
        {"name": "memory", "nominalQuota": "48Gi", "borrowingLimit": "8Gi"},
    ]
    assert queue["preemption"]["reclaimWithinCohort"] == "Any"
    assert queue["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": "jobs-a"}}


def test_spot_serves_first_but_only_jobs_that_say_they_may_be_interrupted() -> None:
    args = arguments(pool("gpu", taints=(GPU,)), pool("gpu-spot", taints=(GPU, SPOT)))
    (group,) = spec(named(args, "ClusterQueue")["a-gpu"])["resourceGroups"]
    assert [flavour["name"] for flavour in group["flavors"]] == ["gpu-spot", "gpu"]
    flavour = spec(named(args, "ResourceFlavor")["gpu-spot"])
    assert {taint["key"] for taint in flavour["nodeTaints"]} == {GPU.key, SPOT_TAINT}
    assert [toleration["key"] for toleration in flavour["tolerations"]] == [GPU.key]


def test_every_team_has_a_queue_for_each_kind_of_pool_and_one_for_jobs_that_name_none() -> None:
    args = arguments(pool("cpu"), pool("cpu-spot"), pool("memory"))
    local = [manifest for manifest in manifests(args) if manifest.kind == "LocalQueue"]
    assert {(queue.namespace, queue.name, spec(queue)["clusterQueue"]) for queue in local} == {
        (f"jobs-{team}", name, f"{team}-{kind}")
        for team in ("a", "b")
        for name, kind in (("default", "cpu"), ("cpu", "cpu"), ("memory", "memory"))
    }


@pytest.mark.parametrize("kind", ["ResourceFlavor", "ClusterQueue", "Cohort", "WorkloadPriorityClass"])
def test_objects_of_the_whole_cluster_name_no_namespace(kind: str) -> None:
    assert all(manifest.namespace is None for manifest in named(arguments(pool("cpu")), kind).values())


def test_nothing_starts_unqueued_in_job_namespaces_and_elsewhere_kueue_keeps_out() -> None:
    configuration = manager_configuration(["jobs-a", "jobs-b"])
    assert configuration["manageJobsWithoutQueueName"] is True
    assert configuration["managedJobsNamespaceSelector"] == {
        "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["jobs-a", "jobs-b"]}]
    }
    assert configuration["fairSharing"]

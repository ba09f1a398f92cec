"""What a namespace may ask for holds all that the environment may have run in it."""

import math
from collections.abc import Iterator
from typing import Any

import pytest

from quantos.catalog.catalog import load_catalog
from quantos.environment.namespaces import AGENTS, SERVICES
from quantos.environment.node_agents import INSTALLED, NODE_AGENTS
from stacks.platform_services.quotas import most_gpu_nodes, most_nodes, quota
from tests.support.declarations import Layer
from tests.support.environments import committed_settings

GIB = {"Gi": 1.0, "Mi": 1 / 1024}


def given(layer: Layer, namespace: str) -> dict[str, str]:
    return layer.the("ResourceQuota", "quota", namespace=namespace).inputs["spec"]["hard"]


def gib(quantity: str) -> float:
    return float(quantity[:-2]) * GIB[quantity[-2:]]


def cores(quantity: str) -> float:
    return float(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)


def test_there_is_room_for_every_agent_on_every_node(layer: Layer) -> None:
    settings = layer.settings
    nodes = settings.limits.max_nodes + settings.cluster.system_nodes.nodes
    containers = [NODE_AGENTS[agent][name] for agent in INSTALLED for name in NODE_AGENTS[agent]]
    hard = given(layer, AGENTS)
    assert int(hard["pods"]) >= len(INSTALLED) * nodes
    assert cores(hard["requests.cpu"]) >= nodes * sum(each.millicores for each in containers) / 1000
    assert gib(hard["requests.memory"]) >= nodes * sum(each.memory_mib for each in containers) / 1024


@pytest.mark.parametrize("nodes", [90, 500])
def test_a_greater_environment_has_more_agents(nodes: int) -> None:
    settings = committed_settings()
    larger = settings.model_copy(update={"limits": settings.limits.model_copy(update={"max_nodes": nodes})})
    assert most_nodes(larger) - nodes == most_nodes(settings) - settings.limits.max_nodes
    gpus = most_gpu_nodes(larger, catalog=load_catalog())
    assert quota(larger, AGENTS, spec=SERVICES[AGENTS]).pods == len(INSTALLED) * most_nodes(larger) + gpus


def test_every_server_and_keeper_of_clickhouse_gets_its_disk(layer: Layer) -> None:
    asked = 0.0
    for kind, name, count in (
        ("ClickHouseInstallation", "analytics", "replicasCount"),
        ("ClickHouseKeeperInstallation", "keeper", "replicasCount"),
    ):
        spec = layer.the(kind, name).inputs["spec"]
        (disk,) = spec["templates"]["volumeClaimTemplates"]
        (cluster,) = spec["configuration"]["clusters"]
        asked += cluster["layout"][count] * gib(disk["spec"]["resources"]["requests"]["storage"])
    assert gib(given(layer, "clickhouse")["requests.storage"]) >= asked


def ray_requests(spec: dict[str, Any]) -> Iterator[dict[str, str]]:
    """What every container of a Ray cluster requests when it is as large as it may be."""
    yield spec["autoscalerOptions"]["resources"]["requests"]
    for group, pods in [(spec["headGroupSpec"], 1), *((g, g["maxReplicas"]) for g in spec["workerGroupSpecs"])]:
        for container in group["template"]["spec"]["containers"]:
            yield from [container["resources"]["requests"]] * int(pods)


def test_ray_clusters_may_grow_to_their_size_and_a_new_gateway_stands_beside_the_old(layer: Layer) -> None:
    sample = layer.the("RayCluster", "sample").inputs["spec"]
    served = layer.the("RayService", "inference").inputs["spec"]["rayClusterConfig"]
    for namespace, spec, clusters in (("ray", sample, 1), ("inference", served, 2)):
        requests, hard = list(ray_requests(spec)), given(layer, namespace)
        assert cores(hard["requests.cpu"]) >= clusters * sum(cores(each["cpu"]) for each in requests)
        assert gib(hard["requests.memory"]) >= clusters * sum(gib(each["memory"]) for each in requests)


def test_trino_may_be_replaced_at_its_greatest(layer: Layer) -> None:
    (values,) = (each.inputs["values"] for each in layer.declared if each.inputs.get("chart") == "trino")
    most = int(values["server"]["keda"]["maxReplicaCount"])
    pods = {"worker": most + math.ceil(most / 4), "coordinator": 2}
    asked = {part: values[part]["resources"]["requests"] for part in pods}
    hard = given(layer, "trino")
    assert cores(hard["requests.cpu"]) >= sum(count * cores(asked[part]["cpu"]) for part, count in pods.items())
    assert gib(hard["requests.memory"]) >= sum(count * gib(asked[part]["memory"]) for part, count in pods.items())


def test_every_prometheus_gets_its_disk(layer: Layer) -> None:
    platform = layer.settings.platform
    assert gib(given(layer, "monitoring")["requests.storage"]) >= platform.replicas * platform.metrics_gib

"""Engines that teams compute with: Ray, Spark and Flink."""

from dataclasses import dataclass

import pulumi

from components.kubernetes.compute.flink_operator import FlinkOperator, FlinkOperatorArgs
from components.kubernetes.compute.kuberay import KubeRay, KubeRayArgs
from components.kubernetes.compute.ray_cluster import WorkerGroup
from components.kubernetes.compute.spark_operator import SparkOperator, SparkOperatorArgs
from components.kubernetes.scaling.job_queues import SPOT_SUFFIX
from quantos.catalog.catalog import Catalog, load_catalog
from quantos.environment.namespaces import job_namespace
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.platform import WorkerSettings
from quantos.environment.settings.pools import PoolSettings, node_labels
from stacks.platform_services.context import PlatformContext
from stacks.platform_services.pools import node_taints

RAY = "ray"
INFERENCE_NAMESPACE = "inference"
SAMPLE_WORKERS = WorkerSettings(minimum=1, maximum=4, cpu=1, memory_gib=2)


@dataclass(frozen=True, kw_only=True)
class Engines:
    """Ray, which the inference gateway needs, and the others."""

    ray: KubeRay
    others: tuple[pulumi.Resource, ...]


def declare(place: PlatformContext, *, certificates: pulumi.Resource) -> Engines:
    """Declare the engines."""
    settings, names = place.settings, place.settings.names()
    jobs = [job_namespace(team) for team in settings.platform.teams]
    replicas = settings.platform.replicas
    ray = KubeRay(
        "ray",
        KubeRayArgs(
            namespace="ray",
            watched=[INFERENCE_NAMESPACE, *jobs],
            image=names.image(RAY, settings.platform.images[RAY]),
            groups=sample_groups(settings, catalog=load_catalog()),
            replicas=replicas,
        ),
        place.inside("ray", INFERENCE_NAMESPACE, *jobs),
    )
    spark = SparkOperator(
        "spark",
        SparkOperatorArgs(
            namespace="spark",
            job_namespaces=jobs,
            cluster_name=names.cluster,
            role_prefix=names.prefix,
            lake_bucket=names.bucket("lake"),
            artifacts_bucket=names.bucket("artifacts"),
            kms_key_arn=place.output("data_key_arn"),
            replicas=replicas,
            tags=settings.tags(),
        ),
        place.inside("spark", *jobs),
    )
    flink = FlinkOperator(
        "flink",
        FlinkOperatorArgs(namespace="flink", job_namespaces=jobs, replicas=replicas),
        place.inside("flink", *jobs, after=(certificates,)),
    )
    return Engines(ray=ray, others=(spark, flink))


def sample_groups(settings: EnvironmentSettings, *, catalog: Catalog) -> list[WorkerGroup]:
    """A group of workers, none at first, for each pool of batch work."""
    return [
        worker_group(
            name,
            pool,
            size=SAMPLE_WORKERS,
            least=0,
            catalog=catalog,
        )
        for name, pool in settings.pools.items()
        if pool.workload == "batch" and name.endswith(SPOT_SUFFIX)
    ]


def worker_group(name: str, pool: PoolSettings, *, size: WorkerSettings, least: int, catalog: Catalog) -> WorkerGroup:
    """Workers on the nodes of a pool, at least `least`; each has a GPU where the nodes have any."""
    return WorkerGroup(
        name=name,
        node_labels=node_labels(name, pool),
        taints=node_taints(pool),
        cpu=size.cpu,
        memory_gib=size.memory_gib,
        gpus=min(catalog.shape(pool.instance_types[0]).gpus, 1),
        minimum=least,
        maximum=size.maximum,
    )

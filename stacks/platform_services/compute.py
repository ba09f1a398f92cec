"""Engines that teams compute with: Ray, Spark and Flink."""

from dataclasses import dataclass

import pulumi

from components.kubernetes.compute.flink_operator import FlinkOperator, FlinkOperatorArgs
from components.kubernetes.compute.gpu_device_plugin import GpuDevicePlugin, GpuDevicePluginArgs
from components.kubernetes.compute.kuberay import KubeRay, KubeRayArgs
from components.kubernetes.compute.spark_operator import SparkOperator, SparkOperatorArgs
from quantos.catalog.catalog import load_catalog
from quantos.environment.namespaces import AGENTS, job_namespace
from quantos.environment.node_agents import GPU_PLUGIN
from quantos.environment.settings.pools import POOL_LABEL
from stacks.platform_services.context import PlatformContext
from stacks.platform_services.pools import gpu_pools, node_taints, sample_groups

RAY = "ray"
INFERENCE_NAMESPACE = "inference"


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
    return Engines(ray=ray, others=(spark, flink, *_gpus(place)))


def _gpus(place: PlatformContext) -> list[pulumi.Resource]:
    """What hands out GPUs, where any pool has some."""
    settings, names = place.settings, place.settings.names()
    pools = gpu_pools(settings, catalog=load_catalog())
    if not pools:
        return []
    args = GpuDevicePluginArgs(
        namespace=AGENTS,
        image=names.image(GPU_PLUGIN, settings.platform.images[GPU_PLUGIN]),
        pool_label=POOL_LABEL,
        pools=list(pools),
        taints=list(dict.fromkeys(taint for pool in pools.values() for taint in node_taints(pool))),
        labels=place.labels(),
    )
    return [GpuDevicePlugin(GPU_PLUGIN, args, place.inside(AGENTS))]

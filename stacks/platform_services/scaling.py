"""What sizes workloads in the cluster: consumers by the lag of their topics, pools by the pods that wait."""

import pulumi

from components.aws.compute.node_pool import Taint
from components.aws.compute.scale_from_zero import ScaleFromZero, ScaleFromZeroArgs
from components.aws.eks.pod_identity import PodIdentity, PodIdentityArgs
from components.kubernetes.scaling.kafka_scaler import KafkaScaler, KafkaScalerArgs, lag_statements
from components.kubernetes.scaling.keda import SERVICE_ACCOUNT, Keda, KedaArgs
from quantos.catalog.catalog import load_catalog
from quantos.environment.settings.pools import node_labels
from stacks.platform_services.context import PlatformContext


def declare(place: PlatformContext) -> Keda:
    """Declare the scalers, and return KEDA, whose kinds others need. The capacity layer must be up."""
    _tell_of_empty_pools(place)
    keda = Keda(
        "keda",
        KedaArgs(
            namespace="keda",
            cluster_name=place.settings.names().cluster,
            replicas=place.settings.platform.replicas,
        ),
        place.inside("keda"),
    )
    if place.settings.platform.consumers:
        _scale_consumers(place, keda)
    return keda


def _scale_consumers(place: PlatformContext, keda: Keda) -> None:
    """Keep each consumer of the environment's file as large as its lag asks, with KEDA's own role on the bus."""
    settings, names = place.settings, place.settings.names()
    consumers = settings.platform.consumers
    groups = {name: consumer.topics for name, consumer in consumers.items()}
    identity = PodIdentity(
        "keda",
        PodIdentityArgs(
            role_name=names.role("keda"),
            cluster_name=names.cluster,
            namespace="keda",
            service_account=SERVICE_ACCOUNT,
            statements=place.output("msk_cluster_arn").apply(lambda arn: lag_statements(arn, groups=groups)),
            tags=settings.tags(),
        ),
    )
    for name, consumer in consumers.items():
        args = KafkaScalerArgs(
            namespace=consumer.namespace,
            target=name,
            consumer_group=name,
            topics=consumer.topics,
            brokers=place.output("msk_bootstrap_brokers"),
            region=settings.region,
            lag=consumer.lag,
            minimum=consumer.minimum,
            maximum=consumer.maximum,
        )
        KafkaScaler(name, args, place.inside(consumer.namespace, after=(keda, identity)))


def _tell_of_empty_pools(place: PlatformContext) -> None:
    catalog, names = load_catalog(), place.settings.names()
    groups = pulumi.StackReference(names.qualified_stack("capacity")).require_output("scaling_groups")
    for name, pool in place.settings.pools.items():
        args = ScaleFromZeroArgs(
            scaling_group_name=groups.apply(lambda by_pool, name=name: by_pool[name]),
            labels=node_labels(name, pool),
            taints=[Taint(key=taint.key, value=taint.value, effect=taint.effect) for taint in pool.taints],
            disk_gib=pool.disk_gib,
            gpus=catalog.shape(pool.instance_types[0]).gpus,
        )
        ScaleFromZero(name, args)

"""What is measured, logged and traced, and what it costs."""

from collections.abc import Sequence

import pulumi

from components.kubernetes.cluster.ebs_csi import DEFAULT_CLASS, RETAINED_CLASS
from components.kubernetes.observability import loki, prometheus, tempo
from components.kubernetes.observability.loki import Loki, LokiArgs
from components.kubernetes.observability.opencost import OpenCost, OpenCostArgs, Prices
from components.kubernetes.observability.otel_collector import OtelCollectors, OtelCollectorsArgs
from components.kubernetes.observability.prometheus import GrafanaAdmin, PrometheusStack, PrometheusStackArgs
from components.kubernetes.observability.tempo import Tempo, TempoArgs
from quantos.catalog.catalog import CapacityType, Catalog, load_catalog
from quantos.costing.cost import HOURS_PER_MONTH
from quantos.environment.namespaces import AGENTS, MONITORING
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.pools import POOL_LABEL
from stacks.platform_services.context import PlatformContext

TRACES_PREFIX = "tempo"


def metrics_args(place: PlatformContext) -> PrometheusStackArgs:
    """What measures the environment."""
    settings, names = place.settings, place.settings.names()
    return PrometheusStackArgs(
        namespace=MONITORING,
        agents_namespace=AGENTS,
        cluster_name=names.cluster,
        region=settings.region,
        domain=settings.platform.domain,
        replicas=settings.platform.replicas,
        retention_days=settings.platform.retention_days,
        storage_gib=settings.platform.metrics_gib,
        grafana_secret=names.secret("services/grafana"),
        alarm_topic_arn=names.alarm_topic_arn,
        kms_key_arn=place.output("data_key_arn"),
        role_name=names.role("alertmanager"),
        tags=settings.tags(),
    )


def declare_metrics(place: PlatformContext) -> PrometheusStack:
    """Declare what all other services are measured by: its kinds must be there before their monitors."""
    args = metrics_args(place)
    administrator = GrafanaAdmin("grafana-admin", args, place.inside(MONITORING))
    return PrometheusStack("metrics", args, place.inside(MONITORING, AGENTS, after=(administrator,)))


def declare(place: PlatformContext) -> list[pulumi.Resource]:
    """Declare logs, traces, their collectors, and the allocation of cost."""
    return [_logs(place), _traces(place), _collectors(place), _cost_allocation(place)]


def _logs(place: PlatformContext) -> Loki:
    settings, names = place.settings, place.settings.names()
    return Loki(
        "logs",
        LokiArgs(
            namespace=MONITORING,
            cluster_name=names.cluster,
            region=settings.region,
            bucket_name=names.bucket("telemetry"),
            kms_key_arn=place.output("data_key_arn"),
            replicas=settings.platform.replicas,
            retention_days=settings.platform.retention_days,
            role_name=names.role("loki"),
            tags=settings.tags(),
        ),
        place.inside(MONITORING),
    )


def _traces(place: PlatformContext) -> Tempo:
    settings, names = place.settings, place.settings.names()
    return Tempo(
        "traces",
        TempoArgs(
            namespace=MONITORING,
            cluster_name=names.cluster,
            region=settings.region,
            bucket_name=names.bucket("telemetry"),
            prefix=TRACES_PREFIX,
            kms_key_arn=place.output("data_key_arn"),
            retention_days=settings.platform.retention_days,
            role_name=names.role("tempo"),
            tags=settings.tags(),
        ),
        place.inside(MONITORING),
    )


def _collectors(place: PlatformContext) -> OtelCollectors:
    return OtelCollectors(
        "telemetry",
        OtelCollectorsArgs(
            namespace=MONITORING,
            agents_namespace=AGENTS,
            replicas=place.settings.platform.replicas,
            logs_url=f"http://{loki.NAME}.{MONITORING}:{loki.PORT}/otlp",
            traces_endpoint=f"{tempo.NAME}.{MONITORING}:{tempo.OTLP_PORT}",
            metrics_urls=prometheus.otlp_urls(MONITORING, replicas=place.settings.platform.replicas),
        ),
        place.inside(MONITORING, AGENTS),
    )


def _cost_allocation(place: PlatformContext) -> OpenCost:
    return OpenCost(
        "cost-allocation",
        OpenCostArgs(
            namespace="cost",
            cluster_name=place.settings.names().cluster,
            prometheus_service=f"{prometheus.NAME}-prometheus",
            prometheus_namespace=MONITORING,
            prometheus_port=prometheus.PORT,
            prices=prices(place.settings, catalog=load_catalog()),
        ),
        place.inside("cost"),
    )


def prices(settings: EnvironmentSettings, *, catalog: Catalog) -> Prices:
    """What the catalog says of the environment's nodes, the dearest type of each pool, and of its disks."""

    def dearest(instance_types: Sequence[str], capacity_type: CapacityType) -> float:
        return max(
            catalog.usd_per_hour(each, capacity_type=capacity_type, region=settings.region) for each in instance_types
        )

    disk = catalog.usd_per_unit("ebs-gp3", unit="GiB-month", region=settings.region) / HOURS_PER_MONTH
    return Prices(
        pool_label=POOL_LABEL,
        node_usd={name: dearest(pool.instance_types, pool.capacity_type) for name, pool in settings.pools.items()},
        other_node_usd=dearest(settings.cluster.system_nodes.instance_types, "ON_DEMAND"),
        gib_usd=dict.fromkeys((DEFAULT_CLASS, RETAINED_CLASS), disk),
    )

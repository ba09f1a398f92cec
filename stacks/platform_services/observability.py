"""What is measured, logged and traced, and what it costs."""

from components.kubernetes.observability import loki as logs
from components.kubernetes.observability import prometheus as metrics
from components.kubernetes.observability import tempo as traces
from components.kubernetes.observability.loki import Logs, LogsArgs
from components.kubernetes.observability.opencost import CostAllocation, CostAllocationArgs
from components.kubernetes.observability.otel_collector import Telemetry, TelemetryArgs
from components.kubernetes.observability.prometheus import GrafanaAdmin, Metrics, MetricsArgs
from components.kubernetes.observability.tempo import Traces, TracesArgs
from stacks.platform_services.context import Place

MONITORING = "monitoring"
AGENTS = "node-agents"
TRACES_PREFIX = "tempo"


def metrics_args(place: Place) -> MetricsArgs:
    """What measures the environment."""
    settings, names = place.settings, place.settings.names()
    return MetricsArgs(
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


def declare_metrics(place: Place) -> Metrics:
    """Declare what all other services are measured by: its kinds must be there before their monitors."""
    args = metrics_args(place)
    administrator = GrafanaAdmin("grafana-admin", args, place.inside(MONITORING))
    return Metrics("metrics", args, place.inside(MONITORING, AGENTS, after=(administrator,)))


def declare(place: Place) -> None:
    """Declare logs, traces, their collectors, and the allocation of cost."""
    settings, names = place.settings, place.settings.names()
    Logs(
        "logs",
        LogsArgs(
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
    Traces(
        "traces",
        TracesArgs(
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
    Telemetry(
        "telemetry",
        TelemetryArgs(
            namespace=MONITORING,
            agents_namespace=AGENTS,
            replicas=settings.platform.replicas,
            logs_url=f"http://{logs.NAME}.{MONITORING}:{logs.PORT}/otlp",
            traces_endpoint=f"{traces.NAME}.{MONITORING}:{traces.OTLP_PORT}",
            metrics_url=f"http://{metrics.NAME}-prometheus.{MONITORING}:{metrics.PORT}/api/v1/otlp",
        ),
        place.inside(MONITORING, AGENTS),
    )
    CostAllocation(
        "cost-allocation",
        CostAllocationArgs(
            namespace="cost",
            cluster_name=names.cluster,
            prometheus_service=f"{metrics.NAME}-prometheus",
            prometheus_namespace=MONITORING,
            prometheus_port=metrics.PORT,
        ),
        place.inside("cost"),
    )

"""OpenTelemetry collectors: one that applications send to, and one on every node that reads the pods' logs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.kubernetes.base.charts import OPENTELEMETRY_COLLECTOR
from components.kubernetes.base.hardening import (
    CONTAINER_SECURITY_CONTEXT,
    POD_SECURITY_CONTEXT,
    agent_resources,
    resources,
)
from components.kubernetes.base.release import release
from quantos.environment.node_agents import LOG_AGENT, NODE_AGENTS

GATEWAY = "otel-gateway"
AGENT = "otel-agent"
IMAGE = "otel/opentelemetry-collector-k8s"
POD_LABELS: Mapping[str, str] = {
    "quantos.submission": "quantos.io/submission",
    "quantos.pipeline": "quantos.io/pipeline",
    "quantos.team": "quantos.io/team",
    "quantos.strategy": "quantos.io/strategy",
}
"""Resource attributes, and the pod labels that they are taken from."""


@dataclass(frozen=True, kw_only=True)
class OtelCollectorsArgs:
    """Where signals end: addresses in the cluster, Loki's, Tempo's (OTLP over gRPC) and every Prometheus' own.

    Each Prometheus keeps only what it is sent, so that all are sent everything.
    """

    namespace: str
    agents_namespace: str
    replicas: int
    logs_url: str
    traces_endpoint: str
    metrics_urls: Sequence[str]


class OtelCollectors(pulumi.ComponentResource):
    """Traces, metrics and logs by OTLP at `otel-gateway`, and every container's log by an agent on its node.

    Each signal carries the submission, pipeline, team and strategy that its pod is labelled with.

    Guarded by the chart check and, in the cluster, by Pod Security: `restricted` for the gateway; the agent reads the
    node's log files and runs in the namespace for agents.
    """

    def __init__(self, name: str, args: OtelCollectorsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/observability:OtelCollectors", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        release(
            f"{name}-gateway",
            OPENTELEMETRY_COLLECTOR,
            namespace=args.namespace,
            values=gateway_values(args),
            release_name=GATEWAY,
            opts=child,
        )
        release(
            f"{name}-agent",
            OPENTELEMETRY_COLLECTOR,
            namespace=args.agents_namespace,
            values=agent_values(args),
            release_name=AGENT,
            opts=child,
        )
        self.register_outputs({})


def gateway_values(args: OtelCollectorsArgs) -> dict[str, object]:
    """Values of the collector that applications send to."""
    metrics = {f"otlphttp/metrics-{index}": {"endpoint": url} for index, url in enumerate(args.metrics_urls)}
    exporters = {
        "otlp": {"endpoint": args.traces_endpoint, "tls": {"insecure": True}},
        "otlphttp/logs": {"endpoint": args.logs_url},
        **metrics,
    }
    return {
        **_shared(GATEWAY),
        "mode": "deployment",
        "replicaCount": args.replicas,
        "podDisruptionBudget": {"enabled": args.replicas > 1, "minAvailable": 1},
        "podSecurityContext": POD_SECURITY_CONTEXT,
        "securityContext": CONTAINER_SECURITY_CONTEXT,
        "resources": resources(cpu="200m", memory="512Mi", memory_limit="1Gi"),
        "config": {
            "processors": _processors(),
            "exporters": exporters,
            "service": {
                "pipelines": {
                    "traces": _pipeline("otlp"),
                    "logs": _pipeline("otlphttp/logs"),
                    "metrics": _pipeline(*metrics),
                }
            },
        },
    }


def agent_values(args: OtelCollectorsArgs) -> dict[str, object]:
    """Values of the collector on every node; it reads files that only root may read, and may do nothing else."""
    return {
        **_shared(AGENT),
        "mode": "daemonset",
        "presets": {
            **PRESETS,
            "logsCollection": {"enabled": True, "includeCollectorLogs": False},
        },
        "tolerations": [{"operator": "Exists"}],
        "podSecurityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "securityContext": {
            **CONTAINER_SECURITY_CONTEXT,
            "runAsNonRoot": False,
            "runAsUser": 0,
            "capabilities": {"drop": ["ALL"], "add": ["DAC_READ_SEARCH"]},
        },
        "resources": agent_resources(NODE_AGENTS[LOG_AGENT][AGENT], memory_limit="512Mi"),
        "config": {
            "processors": _processors(),
            "exporters": {"otlphttp/logs": {"endpoint": args.logs_url}},
            "service": {"pipelines": {"logs": {"exporters": ["otlphttp/logs"]}}},
        },
    }


PRESETS: Mapping[str, object] = {"kubernetesAttributes": {"enabled": True}}


def _shared(name: str) -> dict[str, object]:
    ports = ("jaeger-compact", "jaeger-thrift", "jaeger-grpc", "zipkin")
    return {
        "fullnameOverride": name,
        "image": {"repository": IMAGE},
        "presets": PRESETS,
        "ports": {**{port: {"enabled": False} for port in ports}, "metrics": {"enabled": True}},
        "serviceMonitor": {"enabled": name == GATEWAY},
        "podMonitor": {"enabled": name == AGENT},
    }


def _processors() -> dict[str, object]:
    labels = [{"tag_name": attribute, "key": label, "from": "pod"} for attribute, label in POD_LABELS.items()]
    return {"k8s_attributes": {"extract": {"labels": labels}}}


def _pipeline(*exporters: str) -> dict[str, object]:
    return {"receivers": ["otlp"], "exporters": list(exporters)}

"""Prometheus, Alertmanager and Grafana: what is measured, who is told, and where people look."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.aws.eks.pod_identity import with_role
from components.aws.iam.statements import Statement
from components.kubernetes.base.charts import KUBE_PROMETHEUS_STACK
from components.kubernetes.base.external_secret import external_secret
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, agent_resources, resources
from components.kubernetes.base.release import release
from quantos.environment.node_agents import NODE_AGENTS, NODE_EXPORTER

NAME = "metrics"
PORT = 9090
ALERTMANAGER_ACCOUNT = f"{NAME}-alertmanager"
GRAFANA_SECRET = "grafana-admin"  # noqa: S105  the secret's name
LOKI_URL = "http://loki:3100"
TEMPO_URL = "http://tempo:3200"
LATE = "30m"
"""How much older than the newest a sample may be: what waited in a collector while a Prometheus was down."""
AWS_RUNS = ("kubeControllerManager", "kubeScheduler", "kubeEtcd", "kubeProxy")
"""Parts of a control plane that EKS does not show."""


@dataclass(frozen=True, kw_only=True)
class PrometheusStackArgs:
    """`agents_namespace` is where the node exporter may read nodes. `grafana_secret` is a secret of Secrets Manager
    with the properties `user` and `password`. `alarm_topic_arn` is told of every alert.
    """

    namespace: str
    agents_namespace: str
    cluster_name: str
    region: str
    domain: str
    replicas: int
    retention_days: int
    storage_gib: int
    grafana_secret: str
    alarm_topic_arn: str
    kms_key_arn: pulumi.Input[str]
    role_name: str
    tags: Mapping[str, str]


class PrometheusStack(pulumi.ComponentResource):
    """The Prometheus operator with one Prometheus for the whole cluster, Alertmanager on the alarm topic, Grafana.

    Every ServiceMonitor, PodMonitor and PrometheusRule of any namespace is taken. Grafana keeps nothing: its data
    sources and dashboards are provisioned, from this namespace.

    Outputs: `ready`, known once the operator and its kinds stand.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`; the node exporter, which reads the
    node's own files, runs in the namespace for agents.
    """

    ready: pulumi.Output[str]

    def __init__(self, name: str, args: PrometheusStackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/observability:PrometheusStack", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        publish = pulumi.Output.from_input(args.kms_key_arn).apply(lambda key: statements(args.alarm_topic_arn, key))
        as_role = with_role(
            f"{name}-alertmanager", args, service_account=ALERTMANAGER_ACCOUNT, statements=publish, opts=child
        )
        installed = release(
            name,
            KUBE_PROMETHEUS_STACK,
            namespace=args.namespace,
            values=values(args),
            release_name=NAME,
            opts=as_role,
        )
        self.ready = installed.id
        self.register_outputs({"ready": self.ready})


class GrafanaAdmin(pulumi.ComponentResource):
    """The administrator of Grafana, whose pod waits for this secret.

    Apart from `PrometheusStack`, which comes after it: a release waits for its pods.

    Guarded by the security pack, since its object is plain.
    """

    def __init__(self, name: str, args: PrometheusStackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/observability:GrafanaAdmin", name, {}, opts)
        external_secret(
            name,
            namespace=args.namespace,
            secret_name=GRAFANA_SECRET,
            keys={"admin-user": (args.grafana_secret, "user"), "admin-password": (args.grafana_secret, "password")},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def statements(alarm_topic_arn: str, kms_key_arn: str) -> tuple[Statement, ...]:
    """What Alertmanager may do: publish on the encrypted alarm topic."""
    return (
        Statement(sid="PublishAlarms", actions=["sns:Publish"], resources=[alarm_topic_arn]),
        Statement(sid="EncryptAlarms", actions=["kms:GenerateDataKey", "kms:Decrypt"], resources=[kms_key_arn]),
    )


def otlp_urls(namespace: str, *, replicas: int) -> list[str]:
    """Where each Prometheus takes metrics by OTLP, by the names that the operator gives their pods."""
    return [
        f"http://prometheus-{NAME}-prometheus-{index}.prometheus-operated.{namespace}:{PORT}/api/v1/otlp"
        for index in range(replicas)
    ]


def values(args: PrometheusStackArgs) -> dict[str, object]:
    """Values of the chart."""
    return {
        "fullnameOverride": NAME,
        "crds": {"enabled": True, "upgradeJob": {"enabled": False}},
        **{part: {"enabled": False} for part in AWS_RUNS},
        "prometheus": _prometheus(args),
        "alertmanager": _alertmanager(args),
        "prometheusOperator": _operator(),
        "prometheus-node-exporter": {
            "namespaceOverride": args.agents_namespace,
            "resources": agent_resources(NODE_AGENTS[NODE_EXPORTER]["node-exporter"], memory_limit="128Mi"),
        },
        "kube-state-metrics": {
            "resources": resources(cpu="50m", memory="128Mi", memory_limit="512Mi"),
            "containerSecurityContext": CONTAINER_SECURITY_CONTEXT,
            "collectorsExclude": ["secrets"],
        },
        "grafana": _grafana(args),
    }


def _operator() -> dict[str, object]:
    return {
        "resources": resources(cpu="100m", memory="256Mi", memory_limit="512Mi"),
        "admissionWebhooks": {
            # The chart makes its own rules before the operator answers.
            "failurePolicy": "IgnoreOnInstallOnly",
            # The certificate is cert-manager's: patching jobs would make another at every render.
            "certManager": {"enabled": True},
        },
        "prometheusConfigReloader": {"resources": resources(cpu="10m", memory="32Mi", memory_limit="64Mi")},
    }


def _prometheus(args: PrometheusStackArgs) -> dict[str, object]:
    every = ("rule", "serviceMonitor", "podMonitor", "probe", "scrapeConfig")
    return {
        "podDisruptionBudget": {"enabled": args.replicas > 1, "minAvailable": 1},
        "prometheusSpec": {
            "replicas": args.replicas,
            "retention": f"{args.retention_days}d",
            "retentionSize": f"{args.storage_gib * 9 // 10}GiB",
            "enableOTLPReceiver": True,
            "tsdb": {"outOfOrderTimeWindow": LATE},
            "externalLabels": {"cluster": args.cluster_name},
            "podAntiAffinity": "hard" if args.replicas > 1 else "soft",
            "resources": resources(cpu="500m", memory="2Gi", memory_limit="4Gi"),
            "storageSpec": {"volumeClaimTemplate": {"spec": _claim(args.storage_gib)}},
            **{f"{kind}SelectorNilUsesHelmValues": False for kind in every},
        },
    }


def _alertmanager(args: PrometheusStackArgs) -> dict[str, object]:
    topic = {"topic_arn": args.alarm_topic_arn, "sigv4": {"region": args.region}, "send_resolved": True}
    return {
        "podDisruptionBudget": {"enabled": args.replicas > 1, "minAvailable": 1},
        "serviceAccount": {"create": True, "name": ALERTMANAGER_ACCOUNT},
        "config": {
            "route": {
                "group_by": ["namespace", "alertname"],
                "receiver": "alarms",
                "routes": [{"receiver": "null", "matchers": ['alertname = "Watchdog"']}],
            },
            "receivers": [{"name": "null"}, {"name": "alarms", "sns_configs": [topic]}],
        },
        "alertmanagerSpec": {
            "replicas": args.replicas,
            "resources": resources(cpu="50m", memory="64Mi", memory_limit="256Mi"),
            "storage": {"volumeClaimTemplate": {"spec": _claim(2)}},
        },
    }


def _grafana(args: PrometheusStackArgs) -> dict[str, object]:
    small = resources(cpu="50m", memory="64Mi", memory_limit="256Mi")
    provisioned = {"enabled": True, "resource": "configmap", "searchNamespace": args.namespace}
    return {
        # Named, so that no chart makes another password at every render.
        "admin": {"existingSecret": GRAFANA_SECRET, "userKey": "admin-user", "passwordKey": "admin-password"},
        "defaultDashboardsEditable": False,
        "rbac": {"namespaced": True},
        "grafana.ini": {
            "server": {"root_url": f"https://grafana.{args.domain}"},
            "analytics": {"reporting_enabled": False, "check_for_updates": False},
            "security": {"cookie_secure": True, "strict_transport_security": True},
            "users": {"allow_sign_up": False},
        },
        "containerSecurityContext": CONTAINER_SECURITY_CONTEXT,
        "extraEmptyDirMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108  a folder of the pod's own
        "testFramework": {"enabled": False},
        "resources": resources(cpu="100m", memory="256Mi", memory_limit="512Mi"),
        "sidecar": {
            "resources": small,
            "securityContext": CONTAINER_SECURITY_CONTEXT,
            "dashboards": provisioned,
            "datasources": provisioned,
        },
        "additionalDataSources": [
            {"name": "Loki", "type": "loki", "uid": "loki", "url": LOKI_URL, "access": "proxy"},
            {"name": "Tempo", "type": "tempo", "uid": "tempo", "url": TEMPO_URL, "access": "proxy"},
        ],
    }


def _claim(storage_gib: int) -> dict[str, object]:
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": f"{storage_gib}Gi"}}}

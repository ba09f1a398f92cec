"""The Flink operator: streaming jobs of teams, as custom resources."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.kubernetes.base.charts import FLINK_OPERATOR
from components.kubernetes.base.disruption_budget import disruption_budget
from components.kubernetes.base.generated_secret import generated_secret
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, resources, run_as
from components.kubernetes.base.layout import zone_spread
from components.kubernetes.base.release import release
from components.kubernetes.base.service_monitor import pod_monitor

IMAGE_USER = 9999
KEYSTORE = "flink-webhook-keystore"
PASSWORD_KEY = "password"  # noqa: S105  the key's name
METRICS_PORT = 9999
WRITABLE = "/opt/flink/artifacts"
"""The one folder of the operator's pod that the chart lets it write to."""


@dataclass(frozen=True, kw_only=True)
class FlinkOperatorArgs:
    """`job_namespaces` are those whose jobs the operator runs; it has no rights in others."""

    namespace: str
    job_namespaces: Sequence[str]
    replicas: int


class FlinkOperator(pulumi.ComponentResource):
    """The operator, of whose replicas one leads, and its webhook, whose certificate is cert-manager's.

    Outputs: `ready`, known once the release stands.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`.
    """

    ready: pulumi.Output[str]

    def __init__(self, name: str, args: FlinkOperatorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/compute:FlinkOperator", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        keystore = generated_secret(
            f"{name}-keystore", namespace=args.namespace, secret_name=KEYSTORE, key=PASSWORD_KEY, opts=child
        )
        installed = release(
            name,
            FLINK_OPERATOR,
            namespace=args.namespace,
            values=values(args),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[keystore])),
        )
        labels = {"app.kubernetes.io/name": FLINK_OPERATOR.name}
        disruption_budget(name, namespace=args.namespace, budget_name=FLINK_OPERATOR.name, labels=labels, opts=child)
        pod_monitor(name, namespace=args.namespace, labels=labels, port="metrics", opts=child)
        self.ready = installed.id
        self.register_outputs({"ready": self.ready})


def values(args: FlinkOperatorArgs) -> dict[str, object]:
    """Values of the chart."""
    return {
        "watchNamespaces": list(args.job_namespaces),
        "image": {"tag": FLINK_OPERATOR.version},
        "replicas": args.replicas,
        "strategy": {"type": "RollingUpdate" if args.replicas > 1 else "Recreate"},
        "rbac": {"create": True, "nodesRule": {"create": False}},
        "podSecurityContext": run_as(IMAGE_USER),
        "operatorSecurityContext": CONTAINER_SECURITY_CONTEXT,
        "webhookSecurityContext": CONTAINER_SECURITY_CONTEXT,
        "operatorPod": {
            "resources": resources(cpu="250m", memory="1Gi", memory_limit="2Gi"),
            "webhook": {"resources": resources(cpu="100m", memory="256Mi", memory_limit="512Mi")},
            "topologySpreadConstraints": zone_spread({"app.kubernetes.io/name": FLINK_OPERATOR.name}),
        },
        "jvmArgs": {"operator": f"-XX:-UsePerfData -Djava.io.tmpdir={WRITABLE}", "webhook": "-XX:-UsePerfData"},
        "webhook": {
            "create": True,
            "keystore": {
                "useDefaultPassword": False,
                "passwordSecretRef": {"name": KEYSTORE, "key": PASSWORD_KEY},
            },
        },
        "metrics": {"port": METRICS_PORT},
        "defaultConfiguration": {"create": True, "append": True, "flink-conf.yaml": configuration(args)},
    }


def configuration(args: FlinkOperatorArgs) -> str:
    """The operator's configuration: one replica leads, and jobs that fail are restarted where they stopped."""
    lines = {
        "kubernetes.operator.leader-election.enabled": str(args.replicas > 1).lower(),
        "kubernetes.operator.leader-election.lease-name": "flink-operator",
        "kubernetes.operator.reconcile.interval": "15 s",
        "kubernetes.operator.observer.progress-check.interval": "5 s",
        "kubernetes.operator.job.restart.failed": "true",
        "kubernetes.operator.metrics.reporter.prom.factory.class": (
            "org.apache.flink.metrics.prometheus.PrometheusReporterFactory"
        ),
        "kubernetes.operator.metrics.reporter.prom.port": str(METRICS_PORT),
    }
    return "".join(f"{key}: {value}\n" for key, value in lines.items())

"""The Spark operator: batch SQL and feature jobs of teams, as custom resources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.aws.eks.pod_identity import PodIdentity, PodIdentityArgs
from components.aws.iam.statements import Statement
from components.kubernetes.base.charts import SPARK_OPERATOR
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, resources, run_as
from components.kubernetes.base.layout import survives_drain, zone_spread
from components.kubernetes.base.release import release
from components.kubernetes.base.service_monitor import pod_monitor

IMAGE_USER = 185
JOB_ACCOUNT = "spark"
EVENT_LOG_PREFIX = "spark-events"
METRICS_PORT = "metrics"


@dataclass(frozen=True, kw_only=True)
class SparkOperatorArgs:
    """`job_namespaces` are those in which applications run, with the account `spark`.

    They read and write `lake_bucket`, and leave their event logs in `artifacts_bucket` under `spark-events/`.
    """

    namespace: str
    job_namespaces: Sequence[str]
    cluster_name: pulumi.Input[str]
    role_prefix: str
    lake_bucket: pulumi.Input[str]
    artifacts_bucket: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    replicas: int
    tags: Mapping[str, str]


class SparkOperator(pulumi.ComponentResource):
    """The controller and its webhook, and in each namespace of jobs an account for drivers.

    The controller has rights in namespaces of jobs alone.

    Outputs: `ready`, known once the release stands.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`; the roles of its accounts by the
    security pack.
    """

    ready: pulumi.Output[str]

    def __init__(self, name: str, args: SparkOperatorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/compute:SparkOperator", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        identities = [self._identity(f"{name}-{namespace}", args, namespace) for namespace in args.job_namespaces]
        installed = release(
            name,
            SPARK_OPERATOR,
            namespace=args.namespace,
            values=values(args),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=identities)),
        )
        # The chart renders its own only where a cluster answers that it has the kind.
        pod_monitor(
            name,
            namespace=args.namespace,
            labels={"app.kubernetes.io/instance": SPARK_OPERATOR.name},
            port=METRICS_PORT,
            opts=child,
        )
        self.ready = installed.id
        self.register_outputs({"ready": self.ready})

    def _identity(self, name: str, args: SparkOperatorArgs, namespace: str) -> PodIdentity:
        return PodIdentity(
            name,
            PodIdentityArgs(
                role_name=f"{args.role_prefix}-spark-{namespace}",
                cluster_name=args.cluster_name,
                namespace=namespace,
                service_account=JOB_ACCOUNT,
                statements=pulumi.Output.all(args.lake_bucket, args.artifacts_bucket, args.kms_key_arn).apply(
                    lambda known: job_statements(
                        lake_bucket=known[0], artifacts_bucket=known[1], kms_key_arn=known[2], namespace=namespace
                    )
                ),
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )


def event_log_prefix(namespace: str) -> str:
    """Where in the artifacts bucket the event logs of a namespace's applications are."""
    return f"{EVENT_LOG_PREFIX}/{namespace}"


def job_statements(*, lake_bucket: str, artifacts_bucket: str, kms_key_arn: str, namespace: str) -> list[Statement]:
    """What applications of a namespace may do: the lake, and event logs of their own."""
    files = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")
    prefix = event_log_prefix(namespace)
    return [
        Statement(
            sid="FindInLake",
            actions=("s3:ListBucket", "s3:GetBucketLocation"),
            resources=(f"arn:aws:s3:::{lake_bucket}",),
        ),
        Statement(sid="UseLake", actions=files, resources=(f"arn:aws:s3:::{lake_bucket}/*",)),
        Statement(
            sid="FindEventLogs",
            actions=("s3:ListBucket",),
            resources=(f"arn:aws:s3:::{artifacts_bucket}",),
            conditions={"StringLike": {"s3:prefix": [f"{prefix}/*"]}},
        ),
        Statement(sid="KeepEventLogs", actions=files, resources=(f"arn:aws:s3:::{artifacts_bucket}/{prefix}/*",)),
        Statement(sid="UseKey", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=(kms_key_arn,)),
    ]


def values(args: SparkOperatorArgs) -> dict[str, object]:
    """Values of the chart."""
    return {
        "hook": {"upgradeCrd": False},
        "controller": {
            **_replicated(args.replicas),
            "uiService": {"enable": True},
            "uiIngress": {"enable": False},
            "leaderElection": {"enable": True},
            "resources": resources(cpu="250m", memory="512Mi", memory_limit="1Gi"),
        },
        "webhook": {
            **_replicated(args.replicas),
            "enable": True,
            "port": 9443,
            "failurePolicy": "Fail",
            "resources": resources(cpu="100m", memory="256Mi", memory_limit="512Mi"),
        },
        "spark": {
            "jobNamespaces": list(args.job_namespaces),
            "serviceAccount": {"create": True, "name": JOB_ACCOUNT},
            "rbac": {"create": True},
        },
        "prometheus": {"metrics": {"enable": True, "portName": METRICS_PORT}, "podMonitor": {"create": False}},
    }


def _replicated(replicas: int) -> dict[str, object]:
    return {
        "replicas": replicas,
        "podDisruptionBudget": {"enable": survives_drain(replicas), "minAvailable": 1},
        # The chart refuses these of one replica.
        "topologySpreadConstraints": zone_spread() if replicas > 1 else [],
        "podSecurityContext": run_as(IMAGE_USER),
        "securityContext": CONTAINER_SECURITY_CONTEXT,
    }

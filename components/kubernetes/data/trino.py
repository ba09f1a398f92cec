"""Trino: SQL over the lake and the registry."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.aws.eks.pod_identity import PodIdentity, PodIdentityArgs
from components.aws.iam.statements import Statement
from components.kubernetes.base.charts import TRINO
from components.kubernetes.base.disruption_budget import disruption_budget
from components.kubernetes.base.external_secret import external_secret
from components.kubernetes.base.generated_secret import generated_secret
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, resources, run_as
from components.kubernetes.base.layout import zone_spread
from components.kubernetes.base.release import release

NAME = "trino"
IMAGE_USER = 1000
HTTPS_PORT = 8443
INTERNAL = "trino-internal"
INTERNAL_VARIABLE = "TRINO_SHARED_SECRET"
REGISTRY_LOGIN = "trino-registry"
COORDINATOR_CPU = 2
WORKERS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/component": "worker"}
SAMPLE_CATALOGS = ("tpch", "tpcds")
"""What the chart has by itself, and takes out where it is told of nothing."""
BUSY_SHARE = 0.6
DATA = "/data/trino"
SCRATCH = "/tmp"  # noqa: S108  the pod's own


@dataclass(frozen=True, kw_only=True)
class TrinoArgs:
    """Workers number from `workers` to `maximum_workers`; each has `worker_cpu` cores and `worker_memory_gib`.

    The lake is the Glue database `lake_database` over `lake_bucket`. `registry_secret`, of AWS Secrets Manager, has
    the properties `username` and `password` of a login that can only read. `prometheus_url` answers queries.
    """

    namespace: str
    cluster_name: pulumi.Input[str]
    account_id: str
    region: str
    role_name: str
    lake_bucket: pulumi.Input[str]
    lake_database: str
    kms_key_arn: pulumi.Input[str]
    registry_host: pulumi.Input[str]
    registry_port: pulumi.Input[int]
    registry_database: str
    registry_secret: str
    prometheus_url: str
    workers: int
    maximum_workers: int
    worker_cpu: int
    worker_memory_gib: int
    tags: Mapping[str, str]


class Trino(pulumi.ComponentResource):
    """A coordinator, and workers that KEDA adds while those there are busy.

    Nodes of it trust each other by a secret made in the cluster, over TLS. Who asks is not authenticated: the
    namespace lets in jobs and monitoring alone, and the rules let nobody write outside the lake.

    Outputs: `ready`, known once the release stands.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`; its role by the security pack.
    """

    ready: pulumi.Output[str]

    def __init__(self, name: str, args: TrinoArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/data:Trino", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        needed: list[pulumi.Resource] = [
            generated_secret(
                f"{name}-internal", namespace=args.namespace, secret_name=INTERNAL, key=INTERNAL_VARIABLE, opts=child
            ),
            external_secret(
                f"{name}-registry",
                namespace=args.namespace,
                secret_name=REGISTRY_LOGIN,
                keys={
                    "REGISTRY_USER": (args.registry_secret, "username"),
                    "REGISTRY_PASSWORD": (args.registry_secret, "password"),
                },
                opts=child,
            ),
            _identity(name, args, opts=child),
        ]
        installed = release(
            name,
            TRINO,
            namespace=args.namespace,
            values=values(args),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=needed)),
        )
        disruption_budget(name, namespace=args.namespace, budget_name=f"{NAME}-worker", labels=WORKERS, opts=child)
        self.ready = installed.id
        self.register_outputs({"ready": self.ready})


def _identity(name: str, args: TrinoArgs, *, opts: pulumi.ResourceOptions) -> PodIdentity:
    """The role that pods use the lake with."""
    return PodIdentity(
        name,
        PodIdentityArgs(
            role_name=args.role_name,
            cluster_name=args.cluster_name,
            namespace=args.namespace,
            service_account=NAME,
            statements=pulumi.Output.all(args.lake_bucket, args.kms_key_arn).apply(
                lambda known: lake_statements(args, bucket=known[0], kms_key_arn=known[1])
            ),
            tags=args.tags,
        ),
        opts=opts,
    )


def lake_statements(args: TrinoArgs, *, bucket: str, kms_key_arn: str) -> list[Statement]:
    """The lake's tables and files, and no other database."""
    glue = f"arn:aws:glue:{args.region}:{args.account_id}"
    database = args.lake_database
    return [
        Statement(
            sid="FindTables",
            actions=("glue:GetDatabases", "glue:GetDatabase", "glue:GetTables", "glue:GetTable", "glue:GetPartitions"),
            resources=(f"{glue}:catalog", f"{glue}:database/{database}", f"{glue}:table/{database}/*"),
        ),
        Statement(
            sid="KeepTables",
            actions=("glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable"),
            resources=(f"{glue}:catalog", f"{glue}:database/{database}", f"{glue}:table/{database}/*"),
        ),
        Statement(
            sid="FindFiles",
            actions=("s3:ListBucket", "s3:GetBucketLocation"),
            resources=(f"arn:aws:s3:::{bucket}",),
        ),
        Statement(
            sid="UseFiles",
            actions=("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"),
            resources=(f"arn:aws:s3:::{bucket}/*",),
        ),
        Statement(sid="UseKey", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=(kms_key_arn,)),
    ]


def catalogs(args: TrinoArgs) -> dict[str, pulumi.Input[str]]:
    """Properties of each catalog.

    Kafka is not among them: the image has no login by IAM, which is all that the bus takes.
    """
    lake = pulumi.Output.all(args.lake_bucket, args.kms_key_arn).apply(
        lambda known: _properties(
            {
                "connector.name": "iceberg",
                "iceberg.catalog.type": "glue",
                "iceberg.file-format": "PARQUET",
                "hive.metastore.glue.region": args.region,
                "hive.metastore.glue.default-warehouse-dir": f"s3://{known[0]}/tables/",
                "fs.native-s3.enabled": "true",
                "s3.region": args.region,
                "s3.sse.type": "KMS",
                "s3.sse.kms-key-id": known[1],
            }
        )
    )
    registry = pulumi.Output.all(args.registry_host, args.registry_port).apply(
        lambda known: _properties(
            {
                "connector.name": "postgresql",
                "connection-url": (f"jdbc:postgresql://{known[0]}:{known[1]}/{args.registry_database}?sslmode=require"),
                "connection-user": "${ENV:REGISTRY_USER}",
                "connection-password": "${ENV:REGISTRY_PASSWORD}",
            }
        )
    )
    return {"lake": lake, "registry": registry}


def access_rules() -> dict[str, object]:
    """Who may do what: everybody reads and writes the lake, reads the registry, and rules over own queries alone."""
    return {
        "catalogs": [
            {"catalog": "lake", "allow": "all"},
            {"catalog": "registry", "allow": "read-only"},
            {"catalog": "system", "allow": "read-only"},
        ],
        "queries": [{"allow": ["execute"]}],
        "system_information": [{"allow": ["read"]}],
    }


def values(args: TrinoArgs) -> dict[str, object]:
    """Values of the chart."""
    return {
        "nameOverride": NAME,
        "fullnameOverride": NAME,
        "catalogs": {**dict.fromkeys(SAMPLE_CATALOGS), **catalogs(args)},
        "server": {
            "config": {"query": {"maxMemory": f"{args.worker_memory_gib * args.workers // 2}GB"}},
            "autoscaling": {"enabled": False},
            "keda": _scaling(args),
        },
        "additionalConfigProperties": [
            f"internal-communication.shared-secret=${{ENV:{INTERNAL_VARIABLE}}}",
            "internal-communication.https.required=true",
            "http-server.https.enabled=true",
            f"http-server.https.port={HTTPS_PORT}",
            "retry-policy=QUERY",
        ],
        "accessControl": {
            "type": "configmap",
            "refreshPeriod": "60s",
            "configFile": "rules.json",
            "rules": {"rules.json": json.dumps(access_rules())},
        },
        "envFrom": [{"secretRef": {"name": INTERNAL}}, {"secretRef": {"name": REGISTRY_LOGIN}}],
        "serviceAccount": {"create": True, "name": NAME},
        "securityContext": run_as(IMAGE_USER),
        "containerSecurityContext": CONTAINER_SECURITY_CONTEXT,
        "coordinator": {
            **_node(cpu=COORDINATOR_CPU, memory_gib=args.worker_memory_gib),
            "config": {"query": {"maxMemoryPerNode": f"{max(args.worker_memory_gib // 4, 1)}GB"}},
        },
        "worker": {
            **_node(cpu=args.worker_cpu, memory_gib=args.worker_memory_gib),
            "config": {"query": {"maxMemoryPerNode": f"{max(args.worker_memory_gib // 4, 1)}GB"}},
            "topologySpreadConstraints": zone_spread(WORKERS),
        },
    }


def _node(*, cpu: int, memory_gib: int) -> dict[str, object]:
    """A node of Trino: four fifths of its memory are the heap's, and what it writes stays in the pod."""
    return {
        "jvm": {"maxHeapSize": f"{memory_gib * 4 // 5}G"},
        "resources": resources(cpu=str(cpu), memory=f"{memory_gib}Gi"),
        "additionalVolumes": [
            {"name": "data", "emptyDir": {"sizeLimit": "20Gi"}},
            {"name": "scratch", "emptyDir": {"sizeLimit": "5Gi"}},
        ],
        "additionalVolumeMounts": [
            {"name": "data", "mountPath": DATA},
            {"name": "scratch", "mountPath": SCRATCH},
        ],
    }


def _scaling(args: TrinoArgs) -> dict[str, object]:
    """More workers while the mean one uses over six tenths of its cores. A query whose worker is taken runs again."""
    used = (
        f'sum(rate(container_cpu_usage_seconds_total{{namespace="{args.namespace}", container="{NAME}-worker"}}[2m]))'
    )
    return {
        "enabled": True,
        "pollingInterval": 15,
        "cooldownPeriod": 300,
        "minReplicaCount": args.workers,
        "maxReplicaCount": args.maximum_workers,
        "fallback": {"failureThreshold": 4, "replicas": args.workers},
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 600}}}},
        "triggers": [
            {
                "type": "prometheus",
                "metricType": "AverageValue",
                "metadata": {
                    "serverAddress": args.prometheus_url,
                    "query": used,
                    "threshold": f"{BUSY_SHARE * args.worker_cpu:g}",
                },
            }
        ],
    }


def _properties(lines: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in lines.items())

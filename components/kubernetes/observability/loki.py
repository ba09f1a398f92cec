"""Loki: logs in S3, found by submission, pipeline and node."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.aws.eks.pod_identity import with_role
from components.kubernetes.base.charts import LOKI
from components.kubernetes.base.hardening import resources
from components.kubernetes.base.object_store import object_store_statements
from components.kubernetes.base.release import release

NAME = "loki"
PORT = 3100
SCHEMA_FROM = "2026-01-01"
QUORUM_OF = 3
SCALED_APART = ("read", "write", "backend")
"""Parts that the chart runs three of each, beside the one process that has them all, unless told otherwise."""
INDEXED = ("quantos.submission", "quantos.pipeline", "k8s.node.name", "k8s.namespace.name", "k8s.container.name")
"""Resource attributes that Loki indexes; all others stay with the line."""


@dataclass(frozen=True, kw_only=True)
class LokiArgs:
    """Chunks and index lie in `bucket_name`; pods keep a write-ahead log only."""

    namespace: str
    cluster_name: str
    region: str
    bucket_name: str
    kms_key_arn: pulumi.Input[str]
    replicas: int
    retention_days: int
    role_name: str
    tags: Mapping[str, str]


class Loki(pulumi.ComponentResource):
    """Loki as one process a replica.

    Outputs: `ready`, known once the release stands.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`.
    """

    ready: pulumi.Output[str]

    def __init__(self, name: str, args: LokiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/observability:Loki", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        as_role = with_role(
            name,
            args,
            service_account=NAME,
            statements=object_store_statements(args.bucket_name, prefix="", kms_key_arn=args.kms_key_arn),
            opts=child,
        )
        installed = release(
            name,
            LOKI,
            namespace=args.namespace,
            values=values(args),
            release_name=NAME,
            opts=as_role,
        )
        self.ready = installed.id
        self.register_outputs({"ready": self.ready})


def members(replicas: int) -> int:
    """How many there are: one alone, or as many as still take what is written when one of them is down.

    A line is written where more than half of its copies are, and of two that is both.
    """
    return replicas if replicas == 1 else max(replicas, QUORUM_OF)


def values(args: LokiArgs) -> dict[str, object]:
    """Values of the chart."""
    off = {"enabled": False}
    return {
        "fullnameOverride": NAME,
        "deploymentMode": "Monolithic",
        "serviceAccount": {"create": True, "name": NAME},
        "loki": _configuration(args),
        "singleBinary": {
            "replicas": members(args.replicas),
            "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
            "resources": resources(cpu="250m", memory="512Mi", memory_limit="2Gi"),
            "persistence": {"enabled": True, "size": "10Gi"},
        },
        **{target: {"replicas": 0} for target in SCALED_APART},
        "monitoring": {"serviceMonitor": {"enabled": True}},
        # Its sidecar would read rules from Secrets of the whole cluster: alerts are Prometheus'.
        "sidecar": {"rules": off},
        "rbac": {"namespaced": True},
        "gateway": off,
        "chunksCache": off,
        "resultsCache": off,
        "lokiCanary": off,
        "test": off,
    }


def _configuration(args: LokiArgs) -> dict[str, object]:
    """Loki's own: where it keeps what, for how long, and what it indexes."""
    schema = {
        "from": SCHEMA_FROM,
        "store": "tsdb",
        "object_store": "s3",
        "schema": "v13",
        "index": {"prefix": "index_", "period": "24h"},
    }
    indexed = {"attributes_config": [{"action": "index_label", "attributes": list(INDEXED)}]}
    return {
        "auth_enabled": False,
        "commonConfig": {"replication_factor": min(members(args.replicas), QUORUM_OF)},
        "schemaConfig": {"configs": [schema]},
        "storage": {
            "type": "s3",
            "bucketNames": {"chunks": args.bucket_name, "ruler": args.bucket_name},
            "s3": {"region": args.region},
        },
        "compactor": {"retention_enabled": True, "delete_request_store": "s3"},
        "limits_config": {
            "retention_period": f"{args.retention_days * 24}h",
            "allow_structured_metadata": True,
            "otlp_config": {"resource_attributes": indexed},
        },
        "analytics": {"reporting_enabled": False},
    }

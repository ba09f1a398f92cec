"""Tempo: traces in S3."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.aws.eks.pod_identity import with_role
from components.kubernetes.base.charts import TEMPO
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, resources, run_as
from components.kubernetes.base.object_store import object_store_statements
from components.kubernetes.base.release import release

NAME = "tempo"
OTLP_PORT = 4317
USER = 10001
"""Of the image."""


@dataclass(frozen=True, kw_only=True)
class TempoArgs:
    """Blocks lie in `bucket_name` under `prefix`; the pod keeps a write-ahead log only."""

    namespace: str
    cluster_name: str
    region: str
    bucket_name: str
    prefix: str
    kms_key_arn: pulumi.Input[str]
    retention_days: int
    role_name: str
    tags: Mapping[str, str]


class Tempo(pulumi.ComponentResource):
    """Tempo as one process: its chart knows no other way, and what it has not yet written waits on its volume.

    Outputs: `ready`, known once the release stands.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`.
    """

    ready: pulumi.Output[str]

    def __init__(self, name: str, args: TempoArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/observability:Tempo", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        as_role = with_role(
            name,
            args,
            service_account=NAME,
            statements=object_store_statements(
                args.bucket_name, prefix=f"{args.prefix}/", kms_key_arn=args.kms_key_arn
            ),
            opts=child,
        )
        installed = release(
            name,
            TEMPO,
            namespace=args.namespace,
            values=values(args),
            release_name=NAME,
            opts=as_role,
        )
        self.ready = installed.id
        self.register_outputs({"ready": self.ready})


def values(args: TempoArgs) -> dict[str, object]:
    """Values of the chart."""
    endpoint = f"s3.{args.region}.amazonaws.com"
    return {
        "fullnameOverride": NAME,
        "serviceAccount": {"create": True, "name": NAME},
        "securityContext": run_as(USER),
        "tempo": {
            "reportingEnabled": False,
            "retention": f"{args.retention_days * 24}h",
            "resources": resources(cpu="250m", memory="512Mi", memory_limit="2Gi"),
            "securityContext": CONTAINER_SECURITY_CONTEXT,
            "receivers": {
                "otlp": {"protocols": {"grpc": {"endpoint": f"0.0.0.0:{OTLP_PORT}"}}},
            },
            "storage": {
                "trace": {
                    "backend": "s3",
                    "s3": {
                        "bucket": args.bucket_name,
                        "prefix": args.prefix,
                        "endpoint": endpoint,
                        "region": args.region,
                    },
                }
            },
        },
        "persistence": {"enabled": True, "size": "10Gi"},
        "serviceMonitor": {"enabled": True},
    }

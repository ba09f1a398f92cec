"""The inference gateway: models served by Ray, scaled by what is asked of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
import yaml

from components.aws.eks.pod_identity import PodIdentity, PodIdentityArgs
from components.aws.iam.statements import Statement
from components.kubernetes.base.disruption_budget import disruption_budget
from components.kubernetes.compute.ray_cluster import (
    API_VERSION,
    RayClusterArgs,
    WorkerGroup,
    cluster_spec,
    pod_monitor,
)
from quantos.contracts.artifacts import MODELS

NAME = "inference"
HTTP_PORT = 8000
LATENCY_MS = 150
SCALE_OUT_SECONDS = 30
LATENCY_BUCKETS_MS = (1, 2, 5, 10, 20, 50, 75, 100, 125, LATENCY_MS, 175, 200, 300, 500, 1000, 5000)
MONITORING_API = "monitoring.coreos.com/v1"


@dataclass(frozen=True, kw_only=True)
class RayServeArgs:
    """`image` is by digest, and `application` what it serves, as `module:name`.

    Each replica takes one worker of `workers`. Models are read from `artifacts_bucket` under `models/`, encrypted with
    `kms_key_arn`.
    """

    namespace: str
    cluster_name: pulumi.Input[str]
    role_name: str
    image: pulumi.Input[str]
    application: str
    workers: WorkerGroup
    artifacts_bucket: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class RayServe(pulumi.ComponentResource):
    """A RayService, the role it reads models with, and rules that tell when it answers late or grows late.

    Answers are promised within 150 ms for 99 of 100 requests, and more replicas within 30 s of being needed.

    Outputs: `address`, `name.namespace:port` in the cluster.

    Guarded by the chart check, which holds its objects against their schemas, and in the cluster by Pod Security
    `restricted`; its role by the security pack.
    """

    address: pulumi.Output[str]

    def __init__(self, name: str, args: RayServeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/compute:RayServe", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = k8s.core.v1.ServiceAccount(
            name,
            metadata={"name": NAME, "namespace": args.namespace},
            automount_service_account_token=False,
            opts=child,
        )
        identity = _identity(name, args, opts=child)
        served = k8s.apiextensions.CustomResource(
            name,
            api_version=API_VERSION,
            kind="RayService",
            metadata={"name": NAME, "namespace": args.namespace},
            spec=service_spec(args),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[account, identity])),
        )
        disruption_budget(
            name,
            namespace=args.namespace,
            budget_name=f"{NAME}-workers",
            labels={"ray.io/originated-from-cr-name": NAME, "ray.io/node-type": "worker"},
            opts=child,
        )
        _monitoring(name, args, opts=child)
        self.address = served.id.apply(lambda _: f"{NAME}-serve-svc.{args.namespace}:{HTTP_PORT}")
        self.register_outputs({"address": self.address})


def _identity(name: str, args: RayServeArgs, *, opts: pulumi.ResourceOptions) -> PodIdentity:
    """The role that pods read models with."""
    return PodIdentity(
        name,
        PodIdentityArgs(
            role_name=args.role_name,
            cluster_name=args.cluster_name,
            namespace=args.namespace,
            service_account=NAME,
            statements=pulumi.Output.all(args.artifacts_bucket, args.kms_key_arn).apply(
                lambda known: model_statements(known[0], known[1])
            ),
            tags=args.tags,
        ),
        opts=opts,
    )


def _monitoring(name: str, args: RayServeArgs, *, opts: pulumi.ResourceOptions) -> None:
    """What is measured of the pods, and the rules that tell when a promise is not kept."""
    k8s.apiextensions.CustomResource(
        f"{name}-pods",
        api_version=MONITORING_API,
        kind="PodMonitor",
        metadata={"name": NAME, "namespace": args.namespace},
        spec=pod_monitor(),
        opts=opts,
    )
    k8s.apiextensions.CustomResource(
        f"{name}-promises",
        api_version=MONITORING_API,
        kind="PrometheusRule",
        metadata={"name": NAME, "namespace": args.namespace},
        spec=alert_rules(args.namespace),
        opts=opts,
    )


def model_statements(bucket: str, kms_key_arn: str) -> list[Statement]:
    """Reading models, and nothing else."""
    return [
        Statement(
            sid="FindModels",
            actions=("s3:ListBucket",),
            resources=(f"arn:aws:s3:::{bucket}",),
            conditions={"StringLike": {"s3:prefix": [f"{MODELS}*"]}},
        ),
        Statement(sid="ReadModels", actions=("s3:GetObject",), resources=(f"arn:aws:s3:::{bucket}/{MODELS}*",)),
        Statement(sid="UseKey", actions=("kms:Decrypt",), resources=(kms_key_arn,)),
    ]


def service_spec(args: RayServeArgs) -> dict[str, object]:
    """The specification of the RayService: a new version takes over only when it answers."""
    variables = {
        "MODELS_URL": pulumi.Output.from_input(args.artifacts_bucket).apply(lambda bucket: f"s3://{bucket}/{MODELS}"),
        "RAY_SERVE_REQUEST_LATENCY_BUCKETS_MS": ",".join(str(bound) for bound in LATENCY_BUCKETS_MS),
    }
    return {
        "upgradeStrategy": {"type": "NewCluster"},
        "serviceUnhealthySecondThreshold": 300,
        "deploymentUnhealthySecondThreshold": 120,
        "rayClusterDeletionDelaySeconds": 60,
        "excludeHeadPodFromServeSvc": True,
        "serveConfigV2": yaml.safe_dump(serve_configuration(args), sort_keys=False),
        "rayClusterConfig": cluster_spec(
            RayClusterArgs(
                image=args.image,
                account=NAME,
                groups=[args.workers],
                variables=variables,
                ports={"serve": HTTP_PORT},
            )
        ),
    }


def serve_configuration(args: RayServeArgs) -> dict[str, object]:
    """What Ray Serve runs. It looks back 10 s and waits 5 s before it grows, which leaves 15 s to start a replica."""
    workers = args.workers
    return {
        "proxy_location": "EveryNode",
        "http_options": {"host": "0.0.0.0", "port": HTTP_PORT, "request_timeout_s": 5},  # noqa: S104
        "logging_config": {"encoding": "JSON"},
        "applications": [
            {
                "name": "gateway",
                "route_prefix": "/",
                "import_path": args.application,
                "deployments": [
                    {
                        "name": "Gateway",
                        "max_ongoing_requests": 16,
                        "max_queued_requests": 200,
                        "graceful_shutdown_timeout_s": 20,
                        "autoscaling_config": {
                            "min_replicas": max(workers.minimum, 1),
                            "max_replicas": workers.maximum,
                            "target_ongoing_requests": 4,
                            "look_back_period_s": 10,
                            "upscale_delay_s": 5,
                            "downscale_delay_s": 300,
                        },
                        "ray_actor_options": {
                            "num_cpus": workers.cpu,
                            **({"num_gpus": workers.gpus} if workers.gpus else {}),
                        },
                    }
                ],
            }
        ],
    }


def alert_rules(namespace: str) -> dict[str, object]:
    """The promises as alerts: late answers at the 99th percentile, requests that wait, workers that do not come."""
    within = f'{{namespace="{namespace}"}}'
    latency = f"rate(ray_serve_http_request_latency_ms_bucket{within}[5m])"
    waiting = f"sum(ray_serve_deployment_queued_queries{within})"
    pending = f'sum(kube_pod_status_phase{{namespace="{namespace}", phase="Pending"}})'
    return {
        "groups": [
            {
                "name": "inference",
                "interval": "10s",
                "rules": [
                    _alert(
                        "InferenceAnswersLate",
                        f"histogram_quantile(0.99, sum by (le, application) ({latency})) > {LATENCY_MS}",
                        held="2m",
                        summary=f"1 in 100 requests to the inference gateway takes over {LATENCY_MS} ms",
                    ),
                    _alert(
                        "InferenceGrowsLate",
                        f"{waiting} > 0",
                        held=f"{SCALE_OUT_SECONDS}s",
                        summary=f"requests have waited for a replica for {SCALE_OUT_SECONDS} s",
                    ),
                    _alert(
                        "InferenceWorkersMissing",
                        f"{pending} > 0",
                        held=f"{SCALE_OUT_SECONDS}s",
                        summary=f"a worker has had no node, or not started, for {SCALE_OUT_SECONDS} s",
                    ),
                ],
            }
        ]
    }


def _alert(name: str, expression: str, *, held: str, summary: str) -> dict[str, object]:
    return {
        "alert": name,
        "expr": expression,
        "for": held,
        "labels": {"severity": "critical"},
        "annotations": {"summary": summary},
    }

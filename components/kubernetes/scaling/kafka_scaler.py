"""Consumers in the cluster, scaled by how far behind their topics they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.aws.iam.statements import Statement

API_VERSION = "keda.sh/v1alpha1"


@dataclass(frozen=True, kw_only=True)
class KafkaScalerArgs:
    """A Deployment, `target`, is kept between `minimum` and `maximum` replicas, one for `lag` records it is behind.

    It consumes `topics` as `consumer_group` from `brokers` (`host:port`, comma between), which take IAM identities of
    `region` over TLS. More replicas than partitions would idle, so none are made.
    """

    namespace: str
    target: str
    consumer_group: str
    topics: Sequence[str]
    brokers: pulumi.Input[str]
    region: str
    lag: int
    minimum: int
    maximum: int


class KafkaScaler(pulumi.ComponentResource):
    """A ScaledObject with a trigger for each topic; KEDA's own role asks the brokers for the lag.

    While the brokers do not answer the Deployment stays as large as it is.

    Guarded by the chart check, which holds its objects against their schemas, and by KEDA's webhook.
    """

    def __init__(self, name: str, args: KafkaScalerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/scaling:KafkaScaler", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        access = k8s.apiextensions.CustomResource(
            f"{name}-access",
            api_version=API_VERSION,
            kind="TriggerAuthentication",
            metadata={"name": args.target, "namespace": args.namespace},
            spec={"podIdentity": {"provider": "aws", "identityOwner": "keda"}},
            opts=child,
        )
        k8s.apiextensions.CustomResource(
            name,
            api_version=API_VERSION,
            kind="ScaledObject",
            metadata={"name": args.target, "namespace": args.namespace},
            spec=scaled_object(args),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[access])),
        )
        self.register_outputs({})


def scaled_object(args: KafkaScalerArgs) -> dict[str, object]:
    """The specification of the ScaledObject."""
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": args.target},
        "pollingInterval": 15,
        "cooldownPeriod": 300,
        "minReplicaCount": args.minimum,
        "maxReplicaCount": args.maximum,
        "fallback": {"failureThreshold": 4, "replicas": args.minimum, "behavior": "currentReplicasIfHigher"},
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}}}},
        "triggers": [_trigger(args, topic) for topic in args.topics],
    }


def _trigger(args: KafkaScalerArgs, topic: str) -> dict[str, object]:
    return {
        "type": "apache-kafka",
        "name": topic.replace(".", "-"),
        "metadata": {
            "bootstrapServers": args.brokers,
            "consumerGroup": args.consumer_group,
            "topic": topic,
            "lagThreshold": str(args.lag),
            "offsetResetPolicy": "earliest",
            "allowIdleConsumers": "false",
            "sasl": "aws_msk_iam",
            "tls": "enable",
            "awsRegion": args.region,
        },
        "authenticationRef": {"name": args.target},
    }


def lag_statements(cluster_arn: str, *, groups: Mapping[str, Sequence[str]]) -> list[Statement]:
    """What KEDA's role needs to tell the lag of consumer `groups` on their topics: offsets, and no record.

    `cluster_arn` is `arn:aws:kafka:<region>:<account>:cluster/<name>/<uuid>`.
    """
    topics = sorted({topic for read in groups.values() for topic in read})
    if not topics:
        return []
    return [
        Statement(sid="ConnectToBus", actions=("kafka-cluster:Connect",), resources=(cluster_arn,)),
        Statement(
            sid="TellTopics",
            actions=("kafka-cluster:DescribeTopic",),
            resources=tuple(f"{cluster_arn.replace(':cluster/', ':topic/', 1)}/{topic}" for topic in topics),
        ),
        Statement(
            sid="TellGroups",
            actions=("kafka-cluster:DescribeGroup",),
            resources=tuple(f"{cluster_arn.replace(':cluster/', ':group/', 1)}/{group}" for group in sorted(groups)),
        ),
    ]

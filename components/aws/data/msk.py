"""The Kafka cluster that every part talks over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.network.security_group import PortRule, SecurityGroup, SecurityGroupArgs

IAM_PORT = 9098
HTTPS = 443
REPLICAS = 3

SERVER_PROPERTIES = """\
auto.create.topics.enable=false
default.replication.factor=3
min.insync.replicas=2
unclean.leader.election.enable=false
log.retention.hours=168
"""


@dataclass(frozen=True, kw_only=True)
class MskClusterArgs:
    """`brokers` is a multiple of the subnets, one of which is in each zone.

    `client_group_ids` maps a short key to a security group whose members may connect; `topic_partitions` maps a topic
    to its number of partitions.
    """

    cluster_name: str
    kafka_version: str
    broker_type: str
    brokers: int
    volume_gib: int
    vpc_id: pulumi.Input[str]
    vpc_cidr: str
    subnet_ids: Sequence[pulumi.Input[str]]
    client_group_ids: Mapping[str, pulumi.Input[str]]
    topic_partitions: Mapping[str, int]
    kms_key_arn: pulumi.Input[str]
    log_retention_days: int
    tags: Mapping[str, str]


class MskCluster(pulumi.ComponentResource):
    """An MSK cluster that takes TLS with IAM identities only, and its topics, which nothing else creates.

    Outputs: `cluster_arn`; `bootstrap_brokers`, `host:port` pairs for IAM clients, comma between.

    Guarded by the security and cost packs, since its objects are plain.
    """

    cluster_arn: pulumi.Output[str]
    bootstrap_brokers: pulumi.Output[str]

    def __init__(self, name: str, args: MskClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/data:MskCluster", name, {}, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        cluster = self._cluster(self._security_group(), self._configuration(), logs=self._logs())
        for topic, partitions in args.topic_partitions.items():
            aws.msk.Topic(
                f"{name}-{topic}",
                cluster_arn=cluster.arn,
                name=topic,
                partition_count=partitions,
                replication_factor=REPLICAS,
                opts=self._child,
            )
        self.cluster_arn = cluster.arn
        self.bootstrap_brokers = cluster.bootstrap_brokers_sasl_iam
        self.register_outputs({"clusterArn": self.cluster_arn, "bootstrapBrokers": self.bootstrap_brokers})

    def _security_group(self) -> SecurityGroup:
        args = self._args
        clients = [
            PortRule(key=key, description=f"Kafka from {key}", port=IAM_PORT, group_id=group_id)
            for key, group_id in args.client_group_ids.items()
        ]
        pollers = PortRule(key="pollers", description="Kafka from Lambda's pollers", port=IAM_PORT, itself=True)
        services = PortRule(key="https", description="Pollers to endpoints", port=HTTPS, cidr=args.vpc_cidr)
        return SecurityGroup(
            self._name,
            SecurityGroupArgs(
                name=args.cluster_name,
                description="Kafka brokers, and the pollers that Lambda runs with their group",
                vpc_id=args.vpc_id,
                ingress=[*clients, pollers],
                egress=[pollers, services],
                tags=args.tags,
            ),
            opts=self._child,
        )

    def _configuration(self) -> aws.msk.Configuration:
        return aws.msk.Configuration(
            self._name,
            name=self._args.cluster_name,
            kafka_versions=[self._args.kafka_version],
            server_properties=SERVER_PROPERTIES,
            opts=self._child,
        )

    def _logs(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            self._name,
            name=f"/{self._args.cluster_name}/brokers",
            retention_in_days=self._args.log_retention_days,
            kms_key_id=self._args.kms_key_arn,
            tags=self._args.tags,
            opts=self._child,
        )

    def _cluster(
        self, group: SecurityGroup, configuration: aws.msk.Configuration, *, logs: aws.cloudwatch.LogGroup
    ) -> aws.msk.Cluster:
        args = self._args
        return aws.msk.Cluster(
            self._name,
            cluster_name=args.cluster_name,
            kafka_version=args.kafka_version,
            number_of_broker_nodes=args.brokers,
            broker_node_group_info={
                "instance_type": args.broker_type,
                "client_subnets": args.subnet_ids,
                "security_groups": [group.group_id],
                "storage_info": {"ebs_storage_info": {"volume_size": args.volume_gib}},
            },
            client_authentication={"sasl": {"iam": True}, "unauthenticated": False},
            encryption_info={
                "encryption_at_rest_kms_key_arn": args.kms_key_arn,
                "encryption_in_transit": {"client_broker": "TLS", "in_cluster": True},
            },
            configuration_info={"arn": configuration.arn, "revision": configuration.latest_revision},
            enhanced_monitoring="PER_TOPIC_PER_PARTITION",
            open_monitoring={
                "prometheus": {
                    "jmx_exporter": {"enabled_in_broker": True},
                    "node_exporter": {"enabled_in_broker": True},
                }
            },
            logging_info={"broker_logs": {"cloudwatch_logs": {"enabled": True, "log_group": logs.name}}},
            tags=args.tags,
            opts=self._child,
        )

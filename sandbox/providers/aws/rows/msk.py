"""MSK, wholly in the stand-in's store: moto has no configurations, topics, updates or broker addresses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.kept_object import KeptObject
from sandbox.providers.aws.row import Change, HandlerContext, Row
from sandbox.providers.validation import Failure
from sandbox.providers.values import Document, Json, at_path, items, mapping, text

_PORTS = {
    "bootstrapBrokers": 9092,
    "bootstrapBrokersTls": 9094,
    "bootstrapBrokersSaslScram": 9096,
    "bootstrapBrokersSaslIam": 9098,
}
"""Source: MSK developer guide, port information."""


def _digest(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()


def _uuid(*parts: str) -> str:
    digest = _digest(*parts)
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}-2"


def _cluster_arn(context: HandlerContext, inputs: Mapping[str, Json]) -> str:
    name = text(inputs["clusterName"])
    return context.account.arn("kafka", f"cluster/{name}/{_uuid('cluster', name)}")


def _open_ways(inputs: Mapping[str, Json]) -> set[str]:
    sasl = mapping(mapping(inputs.get("clientAuthentication")).get("sasl"))
    transit = text(at_path(inputs.get("encryptionInfo"), "encryptionInTransit.clientBroker")) or "TLS"
    ways: set[str] = set()
    if "PLAINTEXT" in transit:
        ways.add("bootstrapBrokers")
    if sasl.get("iam"):
        ways.add("bootstrapBrokersSaslIam")
    if sasl.get("scram"):
        ways.add("bootstrapBrokersSaslScram")
    if "TLS" in transit and (not sasl or mapping(inputs.get("clientAuthentication")).get("unauthenticated")):
        ways.add("bootstrapBrokersTls")
    return ways


def _cluster(context: HandlerContext, identity: str, inputs: Mapping[str, Json]) -> Document:
    name, ways = text(inputs["clusterName"]), _open_ways(inputs)
    domain = f"{name}.{_digest(name)[:6]}.c2.kafka.{context.account.region}.amazonaws.com"
    shown: Document = {
        output: ",".join(f"b-{number}.{domain}:{port}" for number in (1, 2, 3)) if output in ways else ""
        for output, port in _PORTS.items()
    }
    others = (
        "bootstrapBrokersIpv6",
        "bootstrapBrokersPublicSaslIam",
        "bootstrapBrokersPublicSaslScram",
        "bootstrapBrokersPublicTls",
        "bootstrapBrokersSaslIamIpv6",
        "bootstrapBrokersSaslScramIpv6",
        "bootstrapBrokersTlsIpv6",
        "bootstrapBrokersVpcConnectivitySaslIam",
        "bootstrapBrokersVpcConnectivitySaslScram",
        "bootstrapBrokersVpcConnectivityTls",
    )
    return {
        **shown,
        **dict.fromkeys(others, ""),
        "arn": identity,
        "clusterUuid": identity.rpartition("/")[2],
        "currentVersion": f"K{_digest(repr(sorted(inputs.items())))[:13].upper()}",
        "zookeeperConnectString": "",
        "zookeeperConnectStringTls": "",
        "enhancedMonitoring": inputs.get("enhancedMonitoring") or "DEFAULT",
        "storageMode": inputs.get("storageMode") or "LOCAL",
    }


def _configuration_there(context: HandlerContext, inputs: Mapping[str, Json]) -> None:
    wanted = text(at_path(inputs.get("configurationInfo"), "arn"))
    if wanted and context.account.store.get(CONFIGURATION.resource, wanted) is None:
        raise ApiError(
            service="kafka",
            operation="CreateCluster",
            reason="NotFoundException",
            message=f"The configuration {wanted} does not exist.",
        )


def _broker_count(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    subnets = items(mapping(inputs.get("brokerNodeGroupInfo")).get("clientSubnets"))
    brokers = inputs.get("numberOfBrokerNodes")
    if subnets and isinstance(brokers, int) and (brokers < 1 or brokers % len(subnets)):
        yield Failure(
            "numberOfBrokerNodes",
            f"The number of broker nodes must be a multiple of Availability Zones in the Client Subnets parameter:"
            f" {brokers} brokers, {len(subnets)} subnets",
        )


CLUSTER = Row(
    resource="aws:msk/cluster:Cluster",
    stored=True,
    name="clusterName",
    name_limit=64,
    replaces=frozenset(
        {
            "brokerNodeGroupInfo.azDistribution",
            "brokerNodeGroupInfo.clientSubnets",
            "brokerNodeGroupInfo.securityGroups",
            "clusterName",
            "encryptionInfo.encryptionAtRestKmsKeyArn",
            "encryptionInfo.encryptionInTransit.inCluster",
        }
    ),
    volatile=frozenset({"currentVersion"}),
    refusals=_broker_count,
    differs="no broker runs: bootstrap addresses have AWS's form and lead nowhere; the sandbox's event loop has a bus"
    " of its own; shrinking volumes and version paths are not checked",
    requests=(
        ApiRequest(
            service="kafka",
            operation="create_cluster",
            renames={
                "brokerNodeGroupInfo.azDistribution": "BrokerAZDistribution",
                "clientAuthentication.tls.certificateAuthorityArns": "CertificateAuthorityArnList",
                "encryptionInfo.encryptionAtRestKmsKeyArn": "EncryptionAtRest.DataVolumeKMSKeyId",
            },
        ),
    ),
    handler=KeptObject(
        service="kafka",
        id_format="",
        id_of=_cluster_arn,
        compute=_cluster,
        requires=_configuration_there,
        mutable=frozenset(
            {
                "brokerNodeGroupInfo",
                "clientAuthentication",
                "configurationInfo",
                "encryptionInfo",
                "enhancedMonitoring",
                "kafkaVersion",
                "loggingInfo",
                "numberOfBrokerNodes",
                "openMonitoring",
                "rebalancing",
                "storageMode",
            }
        ),
    ),
)


def _configuration(context: HandlerContext, identity: str, inputs: Mapping[str, Json]) -> Document:
    del context, inputs
    return {"arn": identity, "latestRevision": 1}


class _Configuration(KeptObject):
    """A configuration: a change of properties or description is a new revision."""

    def update(self, context: HandlerContext, change: Change) -> None:
        """Keep the new properties as the next revision; see `Handler`."""
        super().update(context, change)

        def revised(before: Document | None) -> Document | None:
            latest = mapping(before).get("latestRevision")
            return (
                None if before is None else {**before, "latestRevision": latest + 1 if isinstance(latest, int) else 1}
            )

        context.account.store.change(context.token, change.existing.id, make=revised)


CONFIGURATION = Row(
    resource="aws:msk/configuration:Configuration",
    stored=True,
    name="name",
    replaces=frozenset({"kafkaVersions", "name"}),
    volatile=frozenset({"latestRevision"}),
    differs="the server properties are not parsed; a configuration in use can be deleted",
    requests=(ApiRequest(service="kafka", operation="create_configuration"),),
    handler=_Configuration(
        service="kafka",
        id_format="",
        id_of=lambda context, inputs: context.account.arn(
            "kafka", f"configuration/{text(inputs['name'])}/{_uuid('configuration', text(inputs['name']))}"
        ),
        compute=_configuration,
        mutable=frozenset({"description", "serverProperties"}),
        tagged=False,
    ),
)


def _topic_arn(inputs: Mapping[str, Json]) -> str:
    return f"{text(inputs['clusterArn']).replace(':cluster/', ':topic/')}/{text(inputs['name'])}"


def _cluster_there(context: HandlerContext, inputs: Mapping[str, Json]) -> None:
    if context.account.store.get(CLUSTER.resource, text(inputs["clusterArn"])) is None:
        raise ApiError(
            service="kafka",
            operation="CreateTopic",
            reason="NotFoundException",
            message=f"The cluster {inputs['clusterArn']} does not exist.",
        )


TOPIC = Row(
    resource="aws:msk/topic:Topic",
    stored=True,
    name="name",
    name_limit=249,
    replaces=frozenset({"clusterArn", "name", "replicationFactor"}),
    local=frozenset({"timeouts"}),
    requests=(ApiRequest(service="kafka", operation="create_topic", renames={"name": "TopicName"}),),
    differs="no topic is made on any broker; fewer partitions are not refused",
    handler=KeptObject(
        service="kafka",
        id_format="{clusterArn},{name}",
        compute=lambda _, __, inputs: {"arn": _topic_arn(inputs), "configsActual": inputs.get("configs") or ""},
        requires=_cluster_there,
        mutable=frozenset({"configs", "partitionCount"}),
        tagged=False,
    ),
)

ROWS = (CLUSTER, CONFIGURATION, TOPIC)

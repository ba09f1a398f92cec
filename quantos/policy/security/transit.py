"""Data on its way is encrypted, and a connection that is not is refused."""

import re
from collections.abc import Iterator

from quantos.policy.controls import firm, fsbp
from quantos.policy.security.access.patterns import matches
from quantos.policy.security.documents import Statement, statements
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule
from quantos.policy.security.values import Values, at, each, elements, is_true, text, values

ENCRYPTED_PROTOCOLS = frozenset({"HTTPS", "TLS"})
MODERN_LISTENER = re.compile(r"ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2|FS-1-2)(-.+)?")
"""Policies of balancers by which clients speak TLS 1.2 or 1.3; without one they may speak 1.0."""
MODERN_TLS = "TLS_1_2"
ANYTHING = "\0" * 1024
"""Stands for a name that no policy names and `?` does not spell: only `*` reaches it."""
LEFT_OUT = frozenset({"NotAction", "NotPrincipal", "NotResource"})


def _refuses_plain_http(statement: Statement, bucket: str) -> bool:
    """Whether it denies everything on a bucket and its objects to everybody who comes without TLS, and to nobody less.

    Without a bucket's name, because it is not known yet, the one that the statement names is taken to be it.
    """
    if statement.allows or LEFT_OUT.intersection(statement.written):
        return False
    named = bucket or next((arn.rpartition(":")[2] for arn in statement.resources if "/" not in arn), "")
    both = (f"arn:aws:s3:::{named}", f"arn:aws:s3:::{named}/{ANYTHING}")
    return (
        any(matches(action.lower(), f"s3:{ANYTHING}") for action in statement.actions)
        and "*" in statement.principals.get("AWS", ())
        and all(any(matches(pattern, arn) for pattern in statement.resources) for arn in both)
        and _asks_for_tls_alone(values(statement.written, "Condition"))
    )


def _asks_for_tls_alone(conditions: Values) -> bool:
    asked = [
        (operator.removesuffix("IfExists"), key.lower(), at(conditions, operator, key))
        for operator in conditions
        for key in values(conditions, operator)
    ]
    if len(conditions) != 1 or len(asked) != 1:
        return False
    operator, key, value = asked[0]
    refused = elements(value) or (value,)
    return (
        operator in {"Bool", "StringEquals", "StringEqualsIgnoreCase"}
        and key == "aws:securetransport"
        and all(str(each).lower() == "false" for each in refused)
    )


def _plain_bucket(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    bucket = text(resource.properties, "bucket")
    policy = statements(at(resource.properties, "policy"))
    if not any(_refuses_plain_http(statement, bucket) for statement in policy):
        yield f"{resource.name} lets a bucket be read and written without TLS"


def _plain_brokers(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    transit = values(resource.properties, "encryptionInfo", "encryptionInTransit")
    if (between := text(transit, "clientBroker") or "TLS") != "TLS":
        yield f"{resource.name} talks {between} with its clients"
    if at(transit, "inCluster") is False:
        yield f"{resource.name} lets its brokers talk without TLS"


def _nameless_clients(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    authentication = values(resource.properties, "clientAuthentication")
    if is_true(authentication, "unauthenticated") or not authentication:
        yield f"{resource.name} takes clients that do not say who they are"
    if is_true(authentication, "sasl", "scram"):
        yield f"{resource.name} takes clients by password"


def _plain_parameters(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if not text(resource.properties, "family").startswith(("postgres", "aurora-postgresql")):
        return
    parameters = {
        text(parameter, "name"): at(parameter, "value") for parameter in each(resource.properties, "parameters")
    }
    if str(parameters.get("rds.force_ssl")) not in {"1", "1.0"}:
        yield f"{resource.name} does not set rds.force_ssl, so a client may come without TLS"


def _default_parameters(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    named = text(resource.properties, "parameterGroupName") or text(resource.properties, "dbClusterParameterGroupName")
    if not named or named.startswith("default."):
        yield f"{resource.name} runs with the parameters of its engine"


def _plain_listener(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    protocol = text(resource.properties, "protocol")
    if protocol not in ENCRYPTED_PROTOCOLS:
        yield f"{resource.name} listens for {protocol or 'a protocol that is not stated'}"


def _old_listener(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    policy = text(resource.properties, "sslPolicy")
    if text(resource.properties, "protocol") in ENCRYPTED_PROTOCOLS and MODERN_LISTENER.fullmatch(policy) is None:
        yield f"{resource.name} takes clients by {policy or 'the policy of old, which has TLS 1.0'}"


def _old_tls(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    policy = text(resource.properties, "domainNameConfiguration", "securityPolicy") or text(
        resource.properties, "securityPolicy"
    )
    if policy != MODERN_TLS:
        yield f"{resource.name} takes clients of {policy or 'any version of TLS'}"


TRANSIT_RULES: tuple[ResourceRule, ...] = (
    ResourceRule(
        name="bucket-tls-only",
        description="Buckets refuse requests without TLS.",
        remedy="deny s3:* on the bucket and its objects to everybody where aws:SecureTransport is false",
        control=fsbp("S3.5"),
        types=("aws:s3/bucketPolicy:BucketPolicy",),
        complaints=_plain_bucket,
    ),
    ResourceRule(
        name="broker-tls-only",
        description="Kafka clients and brokers talk TLS only.",
        remedy="set encryptionInTransit to clientBroker TLS and inCluster true",
        control=fsbp("MSK.1"),
        types=("aws:msk/cluster:Cluster",),
        complaints=_plain_brokers,
    ),
    ResourceRule(
        name="broker-iam-only",
        description="Kafka clients are known by IAM or by a certificate.",
        remedy="set clientAuthentication to sasl.iam and unauthenticated false",
        control=fsbp("MSK.6"),
        types=("aws:msk/cluster:Cluster",),
        complaints=_nameless_clients,
    ),
    ResourceRule(
        name="database-tls-only",
        description="Postgres refuses connections without TLS.",
        remedy="set the parameter rds.force_ssl to 1",
        control=fsbp("RDS.38"),
        types=("aws:rds/parameterGroup:ParameterGroup", "aws:rds/clusterParameterGroup:ClusterParameterGroup"),
        complaints=_plain_parameters,
    ),
    ResourceRule(
        name="database-own-parameters",
        description="Databases run with parameters of the environment's own, which hold them to TLS.",
        remedy="declare a parameter group that sets rds.force_ssl, and name it",
        control=firm("a database keeps to parameters we wrote", section="databases"),
        types=("aws:rds/instance:Instance", "aws:rds/cluster:Cluster"),
        complaints=_default_parameters,
    ),
    ResourceRule(
        name="listener-tls-only",
        description="Load balancers listen for TLS only.",
        remedy="set the protocol to HTTPS or TLS, with a certificate",
        control=fsbp("ELB.3"),
        types=("aws:lb/listener:Listener",),
        complaints=_plain_listener,
    ),
    ResourceRule(
        name="listener-modern-tls",
        description="Load balancers take TLS 1.2 at least.",
        remedy="set sslPolicy to ELBSecurityPolicy-TLS13-1-2-2021-06 or later",
        control=fsbp("ELB.17"),
        types=("aws:lb/listener:Listener",),
        complaints=_old_listener,
    ),
    ResourceRule(
        name="domain-modern-tls",
        description="Names of APIs take TLS 1.2 at least.",
        remedy="set the security policy to TLS_1_2",
        control=firm("data on its way is encrypted by today's means", section="transit"),
        types=("aws:apigatewayv2/domainName:DomainName", "aws:apigateway/domainName:DomainName"),
        complaints=_old_tls,
    ),
)

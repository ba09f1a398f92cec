"""Where data and calls are sent: to the account, by ways that the account can see."""

import json
from collections.abc import Iterator

from quantos.policy.controls import firm
from quantos.policy.security.access.arns import parsed_arn
from quantos.policy.security.access.callers import ACCOUNT
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule
from quantos.policy.security.values import at, elements, text, values, walk

SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
PROVIDER = "pulumi:providers:aws"
SENDERS = (
    SUBSCRIPTION, REPLICATION, "aws:cloudwatch/eventTarget:EventTarget", "aws:scheduler/schedule:Schedule",
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter", "aws:ec2/flowLog:FlowLog",
    "aws:s3/bucketNotification:BucketNotification", "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "aws:pipes/pipe:Pipe",
)  # fmt: skip
OPEN_PROTOCOLS = frozenset({"email", "email-json", "http", "sms"})
"""Ways out of SNS that nobody encrypts, or that end with whoever reads a mailbox or a telephone."""


def _sent_away(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    for account in _accounts(resource):
        if account not in limits.accounts:
            yield f"{resource.name} sends to account {account}, which is not {limits.account_id}"
    if resource.type == SUBSCRIPTION and (protocol := text(resource.properties, "protocol")) in OPEN_PROTOCOLS:
        yield f"{resource.name} sends what the topic says by {protocol} to {text(resource.properties, 'endpoint')}"


def _accounts(resource: Resource) -> Iterator[str]:
    """Accounts by number, once each: in ARNs, and as the owner of a copy."""
    named: dict[str, None] = {}
    for path, value in walk(resource.properties):
        if isinstance(value, str):
            arn = parsed_arn(value)
            account = value if path[-1:] == ("account",) else "" if arn is None else arn.account
            named |= {account: None} if ACCOUNT.fullmatch(account) else {}
    yield from named


def _redirected(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    for key in ("assumeRole", "assumeRoles", "assumeRoleWithWebIdentity"):
        for _, value in walk(_read(at(resource.properties, key))):
            arn = parsed_arn(value) if isinstance(value, str) else None
            if arn is not None and arn.account not in limits.accounts:
                yield f"{resource.name} acts as {value}, which is not of account {limits.account_id}"
    endpoints = _read(at(resource.properties, "endpoints"))
    if elements(endpoints) or values(endpoints):
        yield f"{resource.name} sends its calls to endpoints of its own"


def _read(value: object) -> object:
    """The engine hands nested properties of a provider on as JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


DESTINATION_RULES: tuple[ResourceRule, ...] = (
    ResourceRule(
        name="sent-within-account",
        description="Copies, events, logs and alarms are sent to the account itself, and not by mail or plain HTTP.",
        remedy="send to a resource of the account; exempt what another or a mailbox has to get, with the reason",
        control=firm("data stays where it may be", section="residency"),
        types=SENDERS,
        complaints=_sent_away,
    ),
    ResourceRule(
        name="provider-own-account",
        description="Providers act in the account, at AWS's own endpoints.",
        remedy="leave assumeRoles of other accounts and endpoints out",
        control=firm("a grant names whom it is for", section="grants"),
        types=(PROVIDER,),
        complaints=_redirected,
    ),
)

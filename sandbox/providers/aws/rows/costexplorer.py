"""Cost Explorer's anomaly detection, in the stand-in's store: moto has none of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.kept_object import KeptObject
from sandbox.providers.aws.row import HandlerContext, Row
from sandbox.providers.validation import Failure
from sandbox.providers.values import Document, Json, items, mapping, text

_OWN_SETTING = {"CUSTOM": "monitorSpecification", "DIMENSIONAL": "monitorDimension"}


def _new_arn(kind: str) -> Callable[[HandlerContext, Mapping[str, Json]], str]:
    return lambda context, _: context.account.arn("ce", f"{kind}/{uuid.uuid4()}", region="")


def _wrong_monitor(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    kind = text(inputs.get("monitorType"))
    for monitor_type, name in _OWN_SETTING.items():
        if (kind == monitor_type) != (inputs.get(name) is not None):
            yield Failure(name, f"is of a {monitor_type} monitor and needed there, this one is {kind}")


MONITOR = Row(
    resource="aws:costexplorer/anomalyMonitor:AnomalyMonitor",
    stored=True,
    name="name",
    name_limit=1024,
    replaces=frozenset({"monitorDimension", "monitorSpecification", "monitorType"}),
    refusals=_wrong_monitor,
    differs="watches no cost; the specification is not parsed",
    requests=(
        ApiRequest(
            service="ce",
            operation="create_anomaly_monitor",
            at="AnomalyMonitor",
            renames={"name": "MonitorName", "monitorSpecification": "none"},
        ),
    ),
    handler=KeptObject(
        service="ce",
        id_format="",
        id_of=_new_arn("anomalymonitor"),
        compute=lambda _, identity, __: {"arn": identity},
        mutable=frozenset({"name"}),
    ),
)


def _wrong_subscription(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    wanted = "SNS" if inputs.get("frequency") == "IMMEDIATE" else "EMAIL"
    for position, subscriber in enumerate(map(mapping, items(inputs.get("subscribers")))):
        if subscriber.get("type") not in {wanted, None}:
            yield Failure(f"subscribers[{position}].type", f"{inputs.get('frequency')} alerts go to {wanted} only")


def _monitors_there(context: HandlerContext, inputs: Mapping[str, Json]) -> None:
    for arn in map(text, items(inputs["monitorArnLists"])):
        if context.account.store.get(MONITOR.resource, arn) is None:
            raise ApiError(
                service="ce",
                operation="CreateAnomalySubscription",
                reason="UnknownMonitorException",
                message=f"there is no monitor {arn}",
            )


def _subscription(context: HandlerContext, identity: str, inputs: Mapping[str, Json]) -> Document:
    return {
        "accountId": inputs.get("accountId") or context.account.account_id,
        "arn": identity,
        "thresholdExpression": inputs.get("thresholdExpression") or {},
    }


SUBSCRIPTION = Row(
    resource="aws:costexplorer/anomalySubscription:AnomalySubscription",
    stored=True,
    name="name",
    name_limit=1024,
    replaces=frozenset({"accountId", "name"}),
    refusals=_wrong_subscription,
    differs="tells nobody; subscribers are not looked up",
    requests=(
        ApiRequest(
            service="ce",
            operation="create_anomaly_subscription",
            at="AnomalySubscription",
            renames={"name": "SubscriptionName", "monitorArnLists": "MonitorArnList"},
        ),
    ),
    handler=KeptObject(
        service="ce",
        id_format="",
        id_of=_new_arn("anomalysubscription"),
        compute=_subscription,
        requires=_monitors_there,
        mutable=frozenset({"frequency", "monitorArnLists", "subscribers", "thresholdExpression"}),
    ),
)

ROWS = (MONITOR, SUBSCRIPTION)

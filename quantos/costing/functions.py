"""Functions, what calls them, and what they call."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from quantos.costing.cost import HOURS_PER_MONTH
from quantos.costing.resource import Resource
from quantos.costing.tariff import Entry, Pricer, Tariff

FUNCTION: Final = "aws:lambda/function:Function"
MAPPING: Final = "aws:lambda/eventSourceMapping:EventSourceMapping"
DEFAULT_MEMORY_MIB: Final = 128
FREE_SCRATCH_MIB: Final = 512
POLLERS_PER_UNIT: Final = 10
SECONDS_PER_MONTH: Final = HOURS_PER_MONTH * 3600
MINUTES_PER_MONTH: Final = HOURS_PER_MONTH * 60


def _memory_gib(function: Resource) -> float:
    return function.number("memorySize", default=DEFAULT_MEMORY_MIB) / 1024


def _item(item: str, function: Resource) -> str:
    return f"{item}-arm" if list(function.sequence("architectures")) == ["arm64"] else item


def _function(function: Resource, tariff: Tariff) -> Iterator[Entry]:
    """Traced ones as if every call were traced, which is the most; what a function counts in its log is billed too."""
    duration = _item("lambda-duration", function)
    yield tariff.used("lambda-requests", "lambda_million_requests", unit="million", by=function)
    yield tariff.used(duration, "lambda_gib_seconds", unit="GiB-second", by=function)
    yield tariff.used(
        "cloudwatch-metric", "lambda_custom_metrics", unit="metric-month", by=function, what="what it counts"
    )
    scratch = function.part("ephemeralStorage").number("size", default=FREE_SCRATCH_MIB) - FREE_SCRATCH_MIB
    if scratch > 0:
        share = scratch / 1024 / _memory_gib(function)
        yield tariff.used("lambda-scratch", "lambda_gib_seconds", unit="GiB-second", by=function, times=share)
    if function.part("tracingConfig").properties.get("mode") == "Active":
        yield tariff.used("xray-traces", "lambda_million_requests", unit="million", by=function)


def _provisioned(config: Resource, tariff: Tariff) -> Iterator[Entry]:
    """Instances kept warm all month; what they run is the function's own duration."""
    function = tariff.referred(config, "functionName", FUNCTION)
    warm = config.number("provisionedConcurrentExecutions") * _memory_gib(function)
    item = _item("lambda-provisioned", function)
    yield tariff.declared(item, warm * SECONDS_PER_MONTH, unit="GiB-second", what="kept warm")


def _mapping(mapping: Resource, tariff: Tariff) -> Iterator[Entry]:
    """A mapping in provisioned mode pays units of ten pollers, its own or shared by a poller group."""
    pollers = mapping.part("provisionedPollerConfig")
    if pollers.properties:
        members = list(_group(mapping, tariff))
        share = _pollers([pollers], "maximumPollers") / _pollers(members, "maximumPollers")
        most, least = (_units(members, key) * share for key in ("maximumPollers", "minimumPollers"))
        yield tariff.hourly("lambda-poller-unit", count=most, floor=least, what="pollers of a stream")


def _group(mapping: Resource, tariff: Tariff) -> Iterator[Resource]:
    """The pollers that share units with a mapping's."""
    group = mapping.part("provisionedPollerConfig").properties.get("pollerGroupName")
    for other in tariff.resources.values():
        if other.type == MAPPING:
            config = other.part("provisionedPollerConfig")
            if other.urn == mapping.urn or (group and config.properties.get("pollerGroupName") == group):
                yield config


def _units(members: Sequence[Resource], key: str) -> int:
    return math.ceil(_pollers(members, key) / POLLERS_PER_UNIT)


def _pollers(members: Sequence[Resource], key: str) -> float:
    """How many there are together; one that states none, or 0, has one."""
    return sum(max(member.number(key, default=1), 1) for member in members)


def _schedule(_: Resource, tariff: Tariff) -> Iterator[Entry]:
    """At most once a minute, the finest that a schedule can be."""
    yield tariff.declared(
        "scheduler-invocations", MINUTES_PER_MONTH / 1e6, unit="million", floor=0, what="at most once a minute"
    )


def _queue(queue: Resource, tariff: Tariff) -> Iterator[Entry]:
    item = "sqs-fifo-requests" if queue.flag("fifoQueue") else "sqs-requests"
    yield tariff.used(item, "sqs_million_requests", unit="million", by=queue)


def _topic(topic: Resource, tariff: Tariff) -> Iterator[Entry]:
    yield tariff.used("sns-notifications", "sns_million_notifications", unit="million", by=topic)


def _http_api(api: Resource, tariff: Tariff) -> Iterator[Entry]:
    if (protocol := api.text("protocolType")) != "HTTP":
        raise api.unreadable("protocolType", protocol)
    yield tariff.used("http-api-requests", "api_million_requests", unit="million", by=api)


PRICERS: Final[Mapping[str, Pricer]] = {
    FUNCTION: _function,
    MAPPING: _mapping,
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": _provisioned,
    "aws:scheduler/schedule:Schedule": _schedule,
    "aws:sqs/queue:Queue": _queue,
    "aws:sns/topic:Topic": _topic,
    "aws:apigatewayv2/api:Api": _http_api,
}

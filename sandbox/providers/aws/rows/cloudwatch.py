"""CloudWatch: log groups, metric filters, alarms."""

from __future__ import annotations

from collections.abc import Mapping

from quantos.environment.conventions import LOG_RETENTION_DAYS
from sandbox.providers.aws.api_object import ApiObject, Update
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row, Tagging
from sandbox.providers.values import Document, Json, at_path, items, mapping, text

_GONE = frozenset({"ResourceNotFoundException", "ResourceNotFound"})


class _LogGroup(ApiObject):
    """A log group, found by its exact name among those with the prefix."""

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """The group of this very name; see `Handler`."""
        answer = context.account.call("logs", "describe_log_groups", {"logGroupNamePrefix": existing.id})
        for group in map(mapping, items(answer.get("logGroups"))):
            if group.get("logGroupName") == existing.id:
                arn = text(group.get("arn")).removesuffix(":*")
                return {**self._presented(context, existing, group), "arn": arn, "name": existing.id}
        return None


def _retention(context: HandlerContext, change: Change) -> None:
    days = change.new.get("retentionInDays")
    if days:
        request: Document = {"logGroupName": change.existing.id, "retentionInDays": days}
        context.account.call("logs", "put_retention_policy", request)
    else:
        context.account.call("logs", "delete_retention_policy", {"logGroupName": change.existing.id})


def _key(context: HandlerContext, change: Change) -> None:
    key = change.new.get("kmsKeyId")
    if key:
        context.account.call("logs", "associate_kms_key", {"logGroupName": change.existing.id, "kmsKeyId": key})
    else:
        context.account.call("logs", "disassociate_kms_key", {"logGroupName": change.existing.id})


LOG_GROUP = Row(
    resource="aws:cloudwatch/logGroup:LogGroup",
    name="name",
    name_limit=512,
    replaces=frozenset({"logGroupClass", "name", "namePrefix"}),
    kept=frozenset({"deletionProtectionEnabled", "logGroupClass", "kmsKeyId"}),
    local=frozenset({"skipDestroy"}),
    requests=(ApiRequest(service="logs", operation="associate_kms_key"),),
    limits={"retentionInDays": LOG_RETENTION_DAYS | {0}},
    handler=_LogGroup(
        service="logs",
        create_operation="create_log_group",
        read_operation="describe_log_groups",
        delete_operation="delete_log_group",
        identity={"logGroupName": "{id}"},
        id_format="{name}",
        gone=_GONE,
        renames={"name": "logGroupName"},
        tagging=Tagging(
            add="tag_resource",
            remove="untag_resource",
            identity=("resourceArn", "arn:{partition}:logs:{region}:{account}:log-group:{id}"),
            listing="list_tags_for_resource",
        ),
        updates=(
            Update(names=frozenset({"retentionInDays"}), settles=True, send=_retention),
            Update(names=frozenset({"kmsKeyId"}), send=_key),
        ),
    ),
)


def _filter_request(context: HandlerContext, inputs: Mapping[str, Json], request: Document) -> Document:
    del context
    wanted = mapping(inputs["metricTransformation"])
    transformation: Document = {
        "metricName": wanted.get("name"),
        "metricNamespace": wanted.get("namespace"),
        "metricValue": wanted.get("value"),
    }
    if wanted.get("defaultValue") is not None:
        transformation["defaultValue"] = float(text(wanted["defaultValue"]))
    for name in ("dimensions", "unit"):
        if wanted.get(name):
            transformation[name] = wanted[name]
    return {**request, "metricTransformations": [transformation]}


class _MetricFilter(ApiObject):
    """A metric filter of a log group."""

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """The filter of this name in its group; an import names it `<group>:<name>`."""
        group, _, name = existing.id.rpartition(":")
        request: Document = {"logGroupName": text(existing.state.get("logGroupName")) or group}
        name = text(existing.state.get("name")) or name
        answer = context.account.call("logs", "describe_metric_filters", {**request, "filterNamePrefix": name})
        for metric_filter in map(mapping, items(answer.get("metricFilters"))):
            if metric_filter.get("filterName") != name:
                continue
            transformation = mapping(at_path(metric_filter, "metricTransformations[0]"))
            default = transformation.get("defaultValue")
            shown: Document = {
                "name": transformation.get("metricName"),
                "namespace": transformation.get("metricNamespace"),
                "value": transformation.get("metricValue"),
                "defaultValue": None if default is None else f"{float(text(default)):g}",
                "dimensions": transformation.get("dimensions"),
                "unit": transformation.get("unit") or "None",
            }
            plain: Document = {key: value for key, value in shown.items() if value is not None}
            pattern = metric_filter.get("filterPattern") or ""
            return {**request, "name": name, "pattern": pattern, "metricTransformation": plain}
        return None

    def update(self, context: HandlerContext, change: Change) -> None:
        """Write the filter anew, as moto leaves one that is there as it is; see `Handler`."""
        self.delete(context, change.existing)
        self.create(context, change.new)

    def changeable(self, name: str) -> bool:
        """All but the names."""
        return name in {"pattern", "metricTransformation"}


METRIC_FILTER = Row(
    resource="aws:cloudwatch/logMetricFilter:LogMetricFilter",
    name="name",
    name_limit=512,
    replaces=frozenset({"logGroupName", "name"}),
    kept=frozenset({"applyOnTransformedLogs"}),
    differs="no log line is counted; the pattern is not parsed",
    requests=(
        ApiRequest(
            service="logs",
            operation="put_metric_filter",
            renames={
                "metricTransformation": "metricTransformations",
                "metricTransformation.name": "metricName",
                "metricTransformation.namespace": "metricNamespace",
                "metricTransformation.value": "metricValue",
            },
        ),
    ),
    handler=_MetricFilter(
        service="logs",
        create_operation="put_metric_filter",
        read_operation="describe_metric_filters",
        delete_operation="delete_metric_filter",
        identity={"logGroupName": "{logGroupName}", "filterName": "{name}"},
        id_format="{name}",
        gone=_GONE,
        renames={"name": "filterName", "pattern": "filterPattern"},
        handled=frozenset({"metricTransformation"}),
        prepare=_filter_request,
    ),
)


def _alarm_request(context: HandlerContext, inputs: Mapping[str, Json], request: Document) -> Document:
    del context
    if inputs.get("dimensions"):
        request["Dimensions"] = [{"Name": key, "Value": value} for key, value in mapping(inputs["dimensions"]).items()]
    return request


def _alarm(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    del context, existing
    dimensions = {text(mapping(part)["Name"]): mapping(part)["Value"] for part in items(description.get("Dimensions"))}
    return {"dimensions": {**dimensions} or None, "treatMissingData": description.get("TreatMissingData") or "missing"}


class _Alarm(ApiObject):
    """An alarm; every change writes it whole."""

    def update(self, context: HandlerContext, change: Change) -> None:
        """Write the alarm whole, tags by themselves; see `Handler`."""
        self.create(context, {name: value for name, value in change.new.items() if name != "tags"})
        self._retag(context, change)

    def changeable(self, name: str) -> bool:
        """All but the name."""
        return name != "name"


METRIC_ALARM = Row(
    resource="aws:cloudwatch/metricAlarm:MetricAlarm",
    name="name",
    replaces=frozenset({"name"}),
    differs="never goes off: moto evaluates nothing",
    handler=_Alarm(
        service="cloudwatch",
        create_operation="put_metric_alarm",
        read_operation="describe_alarms",
        delete_operation="delete_alarms",
        identity={"AlarmNames[]": "{id}"},
        id_format="{name}",
        at="MetricAlarms[0]",
        gone=_GONE,
        renames={
            "name": "AlarmName",
            "arn": "AlarmArn",
            "okActions": "OKActions",
            "metricQueries": "Metrics",
            "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
            "metricQueries.metric": "MetricStat",
        },
        handled=frozenset({"dimensions"}),
        prepare=_alarm_request,
        present=_alarm,
        tagging=Tagging(
            member="Tags",
            add="tag_resource",
            remove="untag_resource",
            keys="TagKeys",
            identity=("ResourceARN", "{arn}"),
            listing="list_tags_for_resource",
            described="Tags",
        ),
    ),
)

ROWS = (LOG_GROUP, METRIC_FILTER, METRIC_ALARM)

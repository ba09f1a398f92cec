"""Lambda: what calls functions, and how calls of them are treated."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_object import ApiObject
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.kept_object import KeptObject
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row
from sandbox.providers.validation import Failure
from sandbox.providers.values import Document, Json, at_path, items, mapping, text

_GONE = frozenset({"ResourceNotFoundException"})


def _latest_only(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    if inputs.get("qualifier") == "$LATEST":
        yield Failure("qualifier", "provisioned concurrency is of a published version or an alias, not of $LATEST")


def _concurrency_there(context: HandlerContext, inputs: Mapping[str, Json]) -> None:
    """Refuse a qualifier that is not there, and more than the function may take."""
    name, qualifier = text(inputs["functionName"]), text(inputs["qualifier"])
    context.account.call("lambda", "get_function", {"FunctionName": f"{name}:{qualifier}"})
    answer = context.account.call("lambda", "get_function", {"FunctionName": name})
    reserved = at_path(answer, "Concurrency.ReservedConcurrentExecutions")
    wanted = inputs["provisionedConcurrentExecutions"]
    if isinstance(reserved, int) and isinstance(wanted, int) and wanted > reserved:
        raise ApiError(
            service="lambda",
            operation="PutProvisionedConcurrencyConfig",
            reason="InvalidParameterValueException",
            message="Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for"
            " function",
        )


PROVISIONED_CONCURRENCY = Row(
    resource="aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
    stored=True,
    replaces=frozenset({"functionName", "qualifier"}),
    local=frozenset({"skipDestroy"}),
    refusals=_latest_only,
    differs="nothing is kept warm; a change is not held against the reserved concurrency, a creation is",
    requests=(ApiRequest(service="lambda", operation="put_provisioned_concurrency_config"),),
    handler=KeptObject(
        service="lambda",
        id_format="{functionName},{qualifier}",
        compute=lambda *_: {},
        requires=_concurrency_there,
        mutable=frozenset({"provisionedConcurrentExecutions"}),
        tagged=False,
    ),
)


def _function_there(context: HandlerContext, inputs: Mapping[str, Json]) -> None:
    context.account.call("lambda", "get_function", {"FunctionName": inputs["functionName"]})


def _mapping(context: HandlerContext, identity: str, inputs: Mapping[str, Json]) -> Document:
    called = text(inputs["functionName"])
    if not called.startswith("arn:"):
        called = context.account.arn("lambda", f"function:{called}")
    shown: Document = {
        "uuid": identity,
        "arn": context.account.arn("lambda", f"event-source-mapping:{identity}"),
        "functionArn": called,
        "lastModified": "2026-01-01T00:00:00Z",
        "lastProcessingResult": "No records processed",
        "state": "Disabled" if inputs.get("enabled") is False else "Enabled",
        "stateTransitionReason": "USER_INITIATED",
    }
    return shown


EVENT_SOURCE_MAPPING = Row(
    resource="aws:lambda/eventSourceMapping:EventSourceMapping",
    stored=True,
    replaces=frozenset(
        {
            "amazonManagedKafkaEventSourceConfig.consumerGroupId",
            "eventSourceArn",
            "queues",
            "selfManagedEventSource",
            "selfManagedKafkaEventSourceConfig.consumerGroupId",
            "startingPosition",
            "startingPositionTimestamp",
            "topics",
        }
    ),
    local=frozenset({"useResourceTimeoutForPropagation"}),
    volatile=frozenset({"lastModified"}),
    differs="polls nothing: the sandbox's event loop delivers batches of the same shape; the source and the topic are"
    " not looked up",
    requests=(ApiRequest(service="lambda", operation="create_event_source_mapping"),),
    handler=KeptObject(
        service="lambda",
        id_format="",
        id_of=lambda *_: str(uuid.uuid4()),
        compute=_mapping,
        requires=_function_there,
        mutable=frozenset(
            {
                "amazonManagedKafkaEventSourceConfig",
                "batchSize",
                "bisectBatchOnFunctionError",
                "destinationConfig",
                "enabled",
                "filterCriteria",
                "functionName",
                "functionResponseTypes",
                "kmsKeyArn",
                "maximumBatchingWindowInSeconds",
                "maximumRecordAgeInSeconds",
                "maximumRetryAttempts",
                "metricsConfig",
                "parallelizationFactor",
                "provisionedPollerConfig",
                "scalingConfig",
                "sourceAccessConfigurations",
                "tumblingWindowInSeconds",
            }
        ),
    ),
)


class _Permission(ApiObject):
    """One statement of a function's policy."""

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """The statement in the policy; an import names it `<function>/<statement>`."""
        function, _, statement_id = existing.id.rpartition("/")
        function = text(existing.state.get("function")) or function
        try:
            answer = context.account.call("lambda", "get_policy", {"FunctionName": function})
        except ApiError as error:
            if error.reason in _GONE:
                return None
            raise
        policy: Json = json.loads(text(answer.get("Policy")))
        for statement in map(mapping, items(mapping(policy).get("Statement"))):
            if statement.get("Sid") == statement_id:
                principal = statement.get("Principal")
                who = at_path(principal, "Service") or at_path(principal, "AWS") or principal
                return {
                    "function": function,
                    "statementId": statement_id,
                    "action": statement.get("Action"),
                    "principal": who,
                    "sourceArn": at_path(statement, "Condition.ArnLike.AWS:SourceArn")
                    or mapping(mapping(statement.get("Condition")).get("ArnLike")).get("AWS:SourceArn"),
                    "sourceAccount": mapping(mapping(statement.get("Condition")).get("StringEquals")).get(
                        "AWS:SourceAccount"
                    ),
                }
        return None


PERMISSION = Row(
    resource="aws:lambda/permission:Permission",
    name="statementId",
    name_limit=100,
    replaces=frozenset(
        {
            "action",
            "eventSourceToken",
            "function",
            "functionUrlAuthType",
            "principal",
            "principalOrgId",
            "qualifier",
            "sourceAccount",
            "sourceArn",
            "statementId",
            "statementIdPrefix",
        }
    ),
    kept=frozenset({"sourceAccount", "principalOrgId", "eventSourceToken", "functionUrlAuthType", "qualifier"}),
    differs="kept and not enforced; the policies of all qualifiers are one, so that statement ids must differ",
    handler=_Permission(
        service="lambda",
        create_operation="add_permission",
        read_operation="get_policy",
        delete_operation="remove_permission",
        identity={"FunctionName": "{function}", "StatementId": "{id}"},
        id_format="{statementId}",
        gone=_GONE,
        renames={"function": "FunctionName"},
        handled=frozenset({"qualifier"}),
    ),
)


class _InvokeConfig(ApiObject):
    """The setting of a function, or of one qualifier of it; moto holds one a function."""

    def create(self, context: HandlerContext, inputs: Mapping[str, Json]) -> str:
        """Write the setting; see `Handler`."""
        identity = super().create(context, inputs)
        return f"{identity}:{text(inputs['qualifier'])}" if inputs.get("qualifier") else identity

    def update(self, context: HandlerContext, change: Change) -> None:
        """Write the setting anew: moto adds a second one and goes on answering the first; see `Handler`."""
        self.delete(context, change.existing)
        self.create(context, change.new)

    def changeable(self, name: str) -> bool:
        """All but what it is the setting of."""
        return name in {"destinationConfig", "maximumEventAgeInSeconds", "maximumRetryAttempts"}


def _invoke_config(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    del context, description
    if existing.id.startswith("arn:"):
        return {"functionName": existing.id.removesuffix(f":{text(existing.state.get('qualifier'))}")}
    return {"functionName": existing.id.partition(":")[0]}


INVOKE_CONFIG = Row(
    resource="aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    replaces=frozenset({"functionName", "qualifier"}),
    kept=frozenset({"qualifier"}),
    differs="one setting a function, whatever the qualifier",
    handler=_InvokeConfig(
        service="lambda",
        create_operation="put_function_event_invoke_config",
        read_operation="get_function_event_invoke_config",
        delete_operation="delete_function_event_invoke_config",
        identity={"FunctionName": "{functionName}"},
        id_format="{functionName}",
        gone=_GONE,
        handled=frozenset({"qualifier"}),
        present=_invoke_config,
    ),
)

ROWS = (PROVISIONED_CONCURRENCY, EVENT_SOURCE_MAPPING, PERMISSION, INVOKE_CONFIG)

"""SQS: queues and their policies."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.attribute_object import AttributeObject
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row, Tagging
from sandbox.providers.aws.rows.iam import policy_text
from sandbox.providers.values import Document, Json, string_map, text

_GONE = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
        "com.amazonaws.sqs#QueueDoesNotExist",
    }
)


class _Queue(AttributeObject):
    """A queue; the default policy is none."""

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """Attributes of the queue and its URL; see `Handler`."""
        actual = super().read(context, existing)
        return None if actual is None else {**actual, "url": existing.id}


QUEUE = Row(
    resource="aws:sqs/queue:Queue",
    name="name",
    name_limit=80,
    replaces=frozenset({"fifoQueue", "name", "namePrefix"}),
    kept=frozenset({"sqsManagedSseEnabled"}),
    limits={
        "delaySeconds": range(901),
        "maxMessageSize": range(1024, 1048577),
        "messageRetentionSeconds": range(60, 1209601),
        "receiveWaitTimeSeconds": range(21),
        "visibilityTimeoutSeconds": range(43201),
        "kmsDataKeyReusePeriodSeconds": range(60, 86401),
        "deduplicationScope": frozenset({"messageGroup", "queue"}),
        "fifoThroughputLimit": frozenset({"perQueue", "perMessageGroupId"}),
    },
    handler=_Queue(
        service="sqs",
        create_operation="create_queue",
        read_operation="get_queue_attributes",
        set_operation="set_queue_attributes",
        delete_operation="delete_queue",
        identity="QueueUrl",
        id_at="QueueUrl",
        create_names={"name": "QueueName"},
        name_from_id="/",
        read_more={"AttributeNames": ["All"]},
        gone=_GONE,
        outputs={"arn": "QueueArn"},
        tagging=Tagging(
            add="tag_queue",
            remove="untag_queue",
            keys="TagKeys",
            identity=("QueueUrl", "{id}"),
            listing="list_queue_tags",
            described="Tags",
        ),
        attributes={
            "contentBasedDeduplication": "ContentBasedDeduplication",
            "deduplicationScope": "DeduplicationScope",
            "delaySeconds": "DelaySeconds",
            "fifoQueue": "FifoQueue",
            "fifoThroughputLimit": "FifoThroughputLimit",
            "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
            "kmsMasterKeyId": "KmsMasterKeyId",
            "maxMessageSize": "MaximumMessageSize",
            "messageRetentionSeconds": "MessageRetentionPeriod",
            "policy": "Policy",
            "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
            "redriveAllowPolicy": "RedriveAllowPolicy",
            "redrivePolicy": "RedrivePolicy",
            "sqsManagedSseEnabled": "SqsManagedSseEnabled",
            "visibilityTimeoutSeconds": "VisibilityTimeout",
        },
    ),
)


class _QueuePolicy:
    """The policy attribute of a queue, as a resource of its own."""

    @property
    def requests(self) -> tuple[ApiRequest, ...]:
        """None whose members are properties; see `Handler`."""
        return ()

    def unmapped(self, context: HandlerContext, inputs: Mapping[str, Json]) -> tuple[str, ...]:
        """Every property is sent."""
        del context, inputs
        return ()

    def changeable(self, name: str) -> bool:
        """The policy."""
        return name == "policy"

    def create(self, context: HandlerContext, inputs: Mapping[str, Json]) -> str:
        """Write the policy; see `Handler`."""
        self._write(context, text(inputs["queueUrl"]), policy_text(inputs["policy"]))
        return text(inputs["queueUrl"])

    def settle(self, context: HandlerContext, existing: ResourceState, inputs: Mapping[str, Json]) -> None:
        """Nothing is left to send."""

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """The queue's policy; none counts as gone."""
        try:
            request: Document = {"QueueUrl": existing.id, "AttributeNames": ["Policy"]}
            answer = context.account.call("sqs", "get_queue_attributes", request)
        except ApiError as error:
            if error.reason in _GONE:
                return None
            raise
        policy = string_map(answer.get("Attributes")).get("Policy")
        return {"queueUrl": existing.id, "policy": policy} if policy else None

    def update(self, context: HandlerContext, change: Change) -> None:
        """Write the policy; see `Handler`."""
        self._write(context, change.existing.id, policy_text(change.new["policy"]))

    def delete(self, context: HandlerContext, existing: ResourceState) -> None:
        """Write an empty policy; see `Handler`."""
        try:
            self._write(context, existing.id, "")
        except ApiError as error:
            if error.reason not in _GONE:
                raise

    def _write(self, context: HandlerContext, queue: str, policy: str) -> None:
        request: Document = {"QueueUrl": queue, "Attributes": {"Policy": policy}}
        context.account.call("sqs", "set_queue_attributes", request)


QUEUE_POLICY = Row(
    resource="aws:sqs/queuePolicy:QueuePolicy",
    replaces=frozenset({"queueUrl"}),
    differs="kept and not enforced",
    handler=_QueuePolicy(),
)

ROWS = (QUEUE, QUEUE_POLICY)

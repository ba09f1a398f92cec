"""SNS: topics, their policies, subscriptions."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.attribute_object import AttributeObject
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row, Tagging
from sandbox.providers.aws.rows.iam import policy_text
from sandbox.providers.values import Document, Json, string_map, text

_GONE = frozenset({"NotFound", "NotFoundException"})

TOPIC = Row(
    resource="aws:sns/topic:Topic",
    name="name",
    name_limit=256,
    replaces=frozenset({"fifoTopic", "name", "namePrefix"}),
    kept=frozenset({"signatureVersion", "tracingConfig"}),
    differs="delivery feedback settings are refused",
    limits={"signatureVersion": frozenset({1, 2}), "tracingConfig": frozenset({"Active", "PassThrough"})},
    handler=AttributeObject(
        service="sns",
        create_operation="create_topic",
        read_operation="get_topic_attributes",
        set_operation="set_topic_attributes",
        delete_operation="delete_topic",
        identity="TopicArn",
        id_at="TopicArn",
        create_names={"name": "Name"},
        name_from_id=":",
        setter="each",
        gone=_GONE,
        outputs={"arn": "TopicArn", "owner": "Owner"},
        tagging=Tagging(
            member="Tags",
            add="tag_resource",
            remove="untag_resource",
            keys="TagKeys",
            identity=("ResourceArn", "{id}"),
            listing="list_tags_for_resource",
            described="Tags",
        ),
        attributes={
            "contentBasedDeduplication": "ContentBasedDeduplication",
            "deliveryPolicy": "DeliveryPolicy",
            "displayName": "DisplayName",
            "fifoTopic": "FifoTopic",
            "kmsMasterKeyId": "KmsMasterKeyId",
            "policy": "Policy",
            "signatureVersion": "SignatureVersion",
            "tracingConfig": "TracingConfig",
        },
    ),
)


class _TopicPolicy:
    """The policy attribute of a topic, as a resource of its own; deleting it leaves SNS's default."""

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
        self._write(context, text(inputs["arn"]), policy_text(inputs["policy"]))
        return text(inputs["arn"])

    def settle(self, context: HandlerContext, existing: ResourceState, inputs: Mapping[str, Json]) -> None:
        """Nothing is left to send."""

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """The topic's policy; see `Handler`."""
        try:
            answer = context.account.call("sns", "get_topic_attributes", {"TopicArn": existing.id})
        except ApiError as error:
            if error.reason in _GONE:
                return None
            raise
        attributes = string_map(answer.get("Attributes"))
        return {"arn": existing.id, "policy": attributes.get("Policy"), "owner": attributes.get("Owner")}

    def update(self, context: HandlerContext, change: Change) -> None:
        """Write the policy; see `Handler`."""
        self._write(context, change.existing.id, policy_text(change.new["policy"]))

    def delete(self, context: HandlerContext, existing: ResourceState) -> None:
        """Write back the policy which lets the owner in; see `Handler`."""
        owner: Document = {"AWS": context.account.account_id}
        statement: Document = {"Effect": "Allow", "Principal": owner, "Action": "SNS:*", "Resource": existing.id}
        try:
            self._write(context, existing.id, policy_text({"Version": "2008-10-17", "Statement": [statement]}))
        except ApiError as error:
            if error.reason not in _GONE:
                raise

    def _write(self, context: HandlerContext, topic: str, policy: str) -> None:
        request: Document = {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy}
        context.account.call("sns", "set_topic_attributes", request)


TOPIC_POLICY = Row(
    resource="aws:sns/topicPolicy:TopicPolicy",
    replaces=frozenset({"arn"}),
    differs="kept and not enforced",
    handler=_TopicPolicy(),
)


class _Subscription(AttributeObject):
    """A subscription, confirmed at once."""

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """Attributes of the subscription; see `Handler`."""
        actual = super().read(context, existing)
        if actual is None:
            return None
        return {**actual, "arn": existing.id, "confirmationWasAuthenticated": True, "pendingConfirmation": False}


SUBSCRIPTION = Row(
    resource="aws:sns/topicSubscription:TopicSubscription",
    replaces=frozenset({"endpoint", "protocol", "topic"}),
    local=frozenset({"confirmationTimeoutInMinutes", "endpointAutoConfirms"}),
    differs="every subscription is confirmed at once; only queues and functions of moto receive",
    handler=_Subscription(
        service="sns",
        create_operation="subscribe",
        read_operation="get_subscription_attributes",
        set_operation="set_subscription_attributes",
        delete_operation="unsubscribe",
        identity="SubscriptionArn",
        id_at="SubscriptionArn",
        create_names={"endpoint": "Endpoint", "protocol": "Protocol", "topic": "TopicArn"},
        setter="each",
        gone=_GONE,
        outputs={"endpoint": "Endpoint", "protocol": "Protocol", "topic": "TopicArn", "ownerId": "Owner"},
        attributes={
            "deliveryPolicy": "DeliveryPolicy",
            "filterPolicy": "FilterPolicy",
            "filterPolicyScope": "FilterPolicyScope",
            "rawMessageDelivery": "RawMessageDelivery",
            "redrivePolicy": "RedrivePolicy",
            "subscriptionRoleArn": "SubscriptionRoleArn",
        },
    ),
)

ROWS = (TOPIC, TOPIC_POLICY, SUBSCRIPTION)

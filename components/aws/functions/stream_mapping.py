"""A topic that calls a function."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class StreamMappingArgs:
    """`retries` counts attempts after the first; then the batch goes to `failure_topic` and the next one is read.

    `maximum_pollers` is at most the topic's partitions. The topic is read from its start, so that a mapping which is
    made anew loses nothing. `alias_arn` is what is called. Mappings of one `poller_group` share the units of ten
    pollers that AWS bills; each pays for a unit of its own otherwise.
    """

    alias_arn: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]
    topic: str
    consumer_group: str
    batch_size: int
    batching_window_seconds: int
    retries: int
    failure_topic: str
    maximum_pollers: int
    poller_group: str
    tags: Mapping[str, str]


class StreamMapping(pulumi.ComponentResource):
    """An event source mapping from MSK in provisioned mode, which alone knows finite retries.

    Outputs: `uuid`.
    Guarded by: the security pack, as a plain object.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
    """

    uuid: pulumi.Output[str]

    def __init__(self, name: str, args: StreamMappingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/functions:StreamMapping", name, {}, opts)
        mapping = aws.lambda_.EventSourceMapping(
            name,
            function_name=args.alias_arn,
            event_source_arn=args.cluster_arn,
            topics=[args.topic],
            amazon_managed_kafka_event_source_config={"consumer_group_id": args.consumer_group},
            starting_position="TRIM_HORIZON",
            batch_size=args.batch_size,
            maximum_batching_window_in_seconds=args.batching_window_seconds,
            maximum_retry_attempts=args.retries,
            provisioned_poller_config={
                "minimum_pollers": 1,
                "maximum_pollers": args.maximum_pollers,
                "poller_group_name": args.poller_group,
            },
            destination_config={"on_failure": {"destination_arn": f"kafka://{args.failure_topic}"}},
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.uuid = mapping.uuid
        self.register_outputs({"uuid": self.uuid})

"""What each function may do, as data: one tuple of statements a duty, no duty broader than the code that needs it."""

from collections.abc import Sequence
from dataclasses import dataclass

from components.aws.iam.statements import Statement

PROJECT = "quantos"


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where the functions live, and the keys of their data. Every ARN below is made from these and from names.

    `msk_cluster_arn` is `arn:aws:kafka:<region>:<account>:cluster/<name>/<uuid>`.
    """

    account_id: str
    region: str
    data_key_arn: str
    msk_cluster_arn: str

    def arn(self, service: str, resource: str) -> str:
        """ARN of a regional resource of this account."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    def topic_arns(self, topics: Sequence[str]) -> tuple[str, ...]:
        """ARNs by which MSK's IAM authorisation knows topics."""
        return tuple(f"{self.msk_cluster_arn.replace(':cluster/', ':topic/', 1)}/{topic}" for topic in topics)

    def group_arn(self, group: str) -> str:
        """ARN by which MSK's IAM authorisation knows a consumer group, or a pattern of groups."""
        return f"{self.msk_cluster_arn.replace(':cluster/', ':group/', 1)}/{group}"


def running(account: Account, *, function_name: str) -> tuple[Statement, ...]:
    """What Lambda itself needs to run a function in a VPC: its log, its traces, its network interfaces."""
    return (
        Statement(
            sid="WriteOwnLog",
            actions=("logs:CreateLogStream", "logs:PutLogEvents"),
            resources=(account.arn("logs", f"log-group:/aws/lambda/{function_name}:*"),),
        ),
        Statement(
            sid="SendTraces",
            actions=("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
            resources=("*",),
            why_wildcard="X-Ray has no resource to name for these actions",
        ),
        Statement(
            sid="JoinVpc",
            actions=(
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
                "ec2:AssignPrivateIpAddresses",
                "ec2:UnassignPrivateIpAddresses",
            ),
            resources=("*",),
            why_wildcard="Lambda checks these before the interface exists, and describing ones name no resource",
        ),
        Statement(
            sid="UseDataKey",
            actions=("kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"),
            resources=(account.data_key_arn,),
        ),
    )


def consuming(account: Account, topics: Sequence[str], *, groups: str) -> tuple[Statement, ...]:
    """What an event source mapping needs to read topics as consumer groups that match `groups`."""
    if not topics:
        return ()
    return (
        Statement(
            sid="FindBrokers",
            actions=("kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"),
            resources=(account.msk_cluster_arn,),
        ),
        Statement(
            sid="ReadTopics",
            actions=("kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"),
            resources=account.topic_arns(topics),
        ),
        Statement(
            sid="JoinGroups",
            actions=("kafka-cluster:DescribeGroup", "kafka-cluster:AlterGroup"),
            resources=(account.group_arn(groups),),
        ),
    )


def producing(account: Account, topics: Sequence[str]) -> tuple[Statement, ...]:
    """What a function, or its mapping's failure destination, needs to write topics."""
    if not topics:
        return ()
    return (
        Statement(
            sid="ConnectToBus",
            actions=(
                "kafka-cluster:Connect",
                "kafka-cluster:DescribeClusterDynamicConfiguration",
                "kafka-cluster:WriteDataIdempotently",
            ),
            resources=(account.msk_cluster_arn,),
        ),
        Statement(
            sid="WriteTopics",
            actions=("kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"),
            resources=account.topic_arns(topics),
        ),
    )


def losing(account: Account, *, queue_name: str) -> Statement:
    """Putting calls that came to nothing into the queue of lost calls."""
    return Statement(sid="KeepLostCalls", actions=("sqs:SendMessage",), resources=(account.arn("sqs", queue_name),))


def using_table(account: Account, table_name: str, *, sid: str, actions: Sequence[str]) -> Statement:
    """The given DynamoDB operations, such as `UpdateItem`, on one table."""
    return Statement(
        sid=sid,
        actions=tuple(f"dynamodb:{action}" for action in actions),
        resources=(account.arn("dynamodb", f"table/{table_name}"),),
    )


def using_objects(bucket_name: str, keys: Sequence[str], *, sid: str, actions: Sequence[str]) -> Statement:
    """The given S3 operations, such as `GetObject`, on keys or key patterns of one bucket."""
    return Statement(
        sid=sid,
        actions=tuple(f"s3:{action}" for action in actions),
        resources=tuple(f"arn:aws:s3:::{bucket_name}/{key}" for key in keys),
    )


def listing(bucket_name: str, *, sid: str, prefixes: Sequence[str] = ()) -> Statement:
    """Listing one bucket, under prefixes where given; without it S3 answers a missing key with 403.

    Looking for a missing key carries no prefix, hence `IfExists`.
    """
    return Statement(
        sid=sid,
        actions=("s3:ListBucket",),
        resources=(f"arn:aws:s3:::{bucket_name}",),
        conditions={"StringLikeIfExists": {"s3:prefix": list(prefixes)}} if prefixes else {},
    )


def resizing(account: Account, *, cluster_name: str, system_group_name: str) -> tuple[Statement, ...]:
    """Changing the sizes of node groups, and nothing else of them: the robot can neither make nor delete a pool.

    IAM asks for the cluster where groups are listed, and for both where an update of a group is looked up.
    """
    cluster, groups = account.arn("eks", f"cluster/{cluster_name}"), account.arn("eks", f"nodegroup/{cluster_name}/*/*")
    return (
        Statement(sid="FindPools", actions=("eks:ListNodegroups",), resources=(cluster,)),
        Statement(
            sid="ResizePools",
            actions=("eks:UpdateNodegroupConfig", "eks:DescribeNodegroup"),
            resources=(groups,),
        ),
        Statement(sid="FollowUpdates", actions=("eks:DescribeUpdate",), resources=(cluster, groups)),
        Statement(
            sid="LeaveSystemNodesAlone",
            effect="Deny",
            actions=("eks:UpdateNodegroupConfig",),
            resources=(account.arn("eks", f"nodegroup/{cluster_name}/{system_group_name}/*"),),
        ),
    )


def taking_itself(account: Account, *, role_name: str) -> Statement:
    """Taking its own role once more, for credentials that end sooner; the role's trust policy allows it too."""
    return Statement(
        sid="TakeItself",
        actions=("sts:AssumeRole",),
        resources=(f"arn:aws:iam::{account.account_id}:role/{role_name}",),
    )


def operating_stack(
    account: Account, *, state_bucket: str, stack: str, referenced: str, state_key_alias: str
) -> tuple[Statement, ...]:
    """Running the engine on one stack of the state bucket; of the stack it refers to only the outputs are read."""
    own = tuple(
        f".pulumi/{folder}/{stack}{rest}"
        for folder, rest in (
            (f"stacks/{PROJECT}", ".json*"),
            (f"history/{PROJECT}", "/*"),
            (f"backups/{PROJECT}", "/*"),
            (f"locks/organization/{PROJECT}", "/*"),
        )
    )
    read = tuple(
        f".pulumi/{key}"
        for key in (
            "meta.yaml",
            f"stacks/{PROJECT}/{referenced}.json",
            f"stacks/{PROJECT}/{stack}.pulumi-tags",
        )
    )
    return (
        listing(state_bucket, sid="ListState", prefixes=(".pulumi/*",)),
        using_objects(state_bucket, read, sid="ReadState", actions=("GetObject",)),
        using_objects(state_bucket, own, sid="WriteState", actions=("GetObject", "PutObject", "DeleteObject")),
        Statement(
            sid="UseStateKey",
            actions=("kms:Decrypt", "kms:GenerateDataKey"),
            resources=(account.arn("kms", "key/*"),),
            conditions={"ForAnyValue:StringEquals": {"kms:ResourceAliases": [state_key_alias]}},
        ),
    )

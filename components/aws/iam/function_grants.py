"""Who may do what: the duties of each function put together from `function_permissions`."""

from collections.abc import Sequence
from dataclasses import dataclass

from components.aws.iam.function_permissions import (
    Account,
    consuming,
    listing,
    losing,
    operating_stack,
    producing,
    resizing,
    running,
    taking_itself,
    using_objects,
    using_table,
)
from components.aws.iam.orchestration_grants import dispatching, submitting, sweeping, witnessing
from components.aws.iam.places import Places
from components.aws.iam.statements import Statement


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """The bus as one function uses it: topics it is called for, topics it or its mapping writes, its lost calls."""

    reads: Sequence[str]
    writes: Sequence[str]
    queue: str


def function_statements(
    name: str, *, function_name: str, account: Account, places: Places, traffic: Traffic
) -> tuple[Statement, ...]:
    """Everything the function `name` may do. Raises KeyError for a function whose duties are not listed here."""
    duties = {
        "ingest": _ingest,
        "learn": _learn,
        "forecast": _forecast,
        "resize": _resize,
        "audit": _audit,
        "anchor": _anchor,
        "submit": submitting,
        "dispatch": dispatching,
        "runs": witnessing,
        "sweep": sweeping,
        "api": _api,
    }
    return (
        *running(account, function_name=function_name),
        *consuming(account, traffic.reads, groups=f"{function_name}.*"),
        *producing(account, traffic.writes),
        losing(account, queue_name=traffic.queue),
        *duties[name](account, places),
    )


def _api(account: Account, places: Places) -> tuple[Statement, ...]:
    del account
    return (
        listing(places.plans_bucket, sid="ListPlans"),
        using_objects(places.plans_bucket, ("current.json", "plans/*"), sid="ReadPlans", actions=("GetObject",)),
    )


def _ingest(account: Account, places: Places) -> tuple[Statement, ...]:
    return (using_table(account, places.demand_table, sid="AddSamples", actions=("UpdateItem",)),)


def _learn(account: Account, places: Places) -> tuple[Statement, ...]:
    return (
        using_table(account, places.demand_table, sid="ReadSamples", actions=("BatchGetItem",)),
        listing(places.plans_bucket, sid="ListFits"),
        using_objects(places.plans_bucket, ("strategies.json",), sid="ReadStrategies", actions=("GetObject",)),
        using_objects(places.plans_bucket, ("fits/*",), sid="KeepFits", actions=("GetObject", "PutObject")),
    )


def _forecast(account: Account, places: Places) -> tuple[Statement, ...]:
    return (
        using_table(account, places.demand_table, sid="ReadSamples", actions=("BatchGetItem",)),
        listing(places.plans_bucket, sid="ListPlans"),
        using_objects(
            places.plans_bucket,
            ("current.json", "strategies.json"),
            sid="ReadPlans",
            actions=("GetObject",),
        ),
        using_objects(places.plans_bucket, ("plans/*", "records/*"), sid="ArchivePlans", actions=("PutObject",)),
        using_objects(places.plans_bucket, ("fits/*", "windows/*"), sid="KeepFits", actions=("GetObject", "PutObject")),
        Statement(sid="SignPlans", actions=("kms:GenerateMac",), resources=(places.signing_key_arn,)),
    )


def _resize(account: Account, places: Places) -> tuple[Statement, ...]:
    return (
        using_table(account, places.coordination_table, sid="Coordinate", actions=("GetItem", "UpdateItem")),
        using_table(account, places.switch_table, sid="ReadSwitch", actions=("GetItem",)),
        listing(places.plans_bucket, sid="ListPlans"),
        using_objects(
            places.plans_bucket, ("current.json", "outcomes/*"), sid="MovePlan", actions=("GetObject", "PutObject")
        ),
        taking_itself(account, role_name=places.resize_role),
        Statement(sid="VerifyPlans", actions=("kms:VerifyMac",), resources=(places.signing_key_arn,)),
        *resizing(account, cluster_name=places.cluster_name, system_group_name=places.system_group_name),
        *operating_stack(
            account,
            state_bucket=places.state_bucket,
            stack=places.capacity_stack,
            referenced=places.foundation_stack,
            state_key_alias=places.state_key_alias,
        ),
    )


def _audit(account: Account, places: Places) -> tuple[Statement, ...]:
    return (
        using_table(
            account,
            places.audit_table,
            sid="IndexRecords",
            actions=("BatchGetItem", "BatchWriteItem", "GetItem", "PutItem"),
        ),
        listing(places.audit_bucket, sid="ListChain"),
        using_objects(places.audit_bucket, _chain_keys(places), sid="ExtendChain", actions=("GetObject", "PutObject")),
    )


def _anchor(account: Account, places: Places) -> tuple[Statement, ...]:
    del account
    return (
        listing(places.audit_bucket, sid="ListChain"),
        using_objects(places.audit_bucket, _chain_keys(places), sid="ReadChain", actions=("GetObject",)),
        using_objects(
            places.audit_bucket,
            (f"{places.anchors_prefix}*",),
            sid="KeepAnchors",
            actions=("GetObject", "PutObject"),
        ),
    )


def _chain_keys(places: Places) -> tuple[str, str]:
    """Links of the chain, and of its successors."""
    return f"{places.audit_chain}/*", f"{places.audit_chain}.*/*"

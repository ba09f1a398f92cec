"""What functions touch, by name: the environment says, and the grants are made from it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Places:
    """Names of the tables, buckets, stacks and keys of one environment that functions touch.

    `statement_prefixes` are where SQL of submissions may come from, `s3://bucket/folder/`. Tables of the lake are in
    the Glue database `lake_database`, what statements of runs make in `results_database`, their files in `lake_bucket`
    under `tables_prefix`.
    """

    demand_table: str
    audit_table: str
    coordination_table: str
    switch_table: str
    plans_bucket: str
    audit_bucket: str
    audit_chain: str
    anchors_prefix: str
    state_bucket: str
    state_key_alias: str
    signing_key_arn: str
    cluster_name: str
    system_group_name: str
    capacity_stack: str
    foundation_stack: str
    resize_role: str
    orchestration_table: str
    artifacts_bucket: str
    lake_bucket: str
    lake_database: str
    results_database: str
    tables_prefix: str
    statement_prefixes: Sequence[str]

"""Loki runs as one process a replica, and goes on when one of them is down."""

from dataclasses import replace
from typing import Any

import pytest

from components.kubernetes.observability.loki import LokiArgs, values

ARGS = LokiArgs(
    namespace="monitoring",
    cluster_name="quantos-dev",
    region="us-east-1",
    bucket_name="telemetry",
    kms_key_arn="key",
    replicas=2,
    retention_days=7,
    role_name="loki",
    tags={},
)


def part(*path: str, args: LokiArgs = ARGS) -> Any:
    found: Any = values(args)
    for key in path:
        found = found[key]
    return found


@pytest.mark.parametrize("target", ["read", "write", "backend"])
def test_no_part_runs_beside_the_process_that_has_them_all(target: str) -> None:
    assert part(target, "replicas") == 0
    assert part("singleBinary", "replicas") > 0


def test_nothing_of_it_reads_secrets() -> None:
    assert part("sidecar", "rules", "enabled") is False
    assert part("rbac", "namespaced") is True


@pytest.mark.parametrize(("replicas", "pods"), [(1, 1), (2, 3), (3, 3), (4, 4), (5, 5)])
def test_what_is_written_is_taken_with_one_of_them_down(replicas: int, pods: int) -> None:
    args = replace(ARGS, replicas=replicas)
    copies = part("loki", "commonConfig", "replication_factor", args=args)
    assert part("singleBinary", "replicas", args=args) == pods
    assert copies <= pods
    if pods > 1:
        assert copies - 1 >= copies // 2 + 1
    assert part("singleBinary", "podDisruptionBudget", args=args) == {"enabled": True, "maxUnavailable": 1}

"""How many members a service needs to go on: majorities of those that vote, and of copies that are written."""

import re
from collections.abc import Mapping
from typing import Final

from quantos.charts.documents import mapping, text
from quantos.charts.links.addresses import configuration, contents, texts
from quantos.charts.links.cluster import Cluster
from quantos.charts.links.workloads import Workload

_RAFT: Final[Mapping[str, str]] = {"app.kubernetes.io/name": "vault", "component": "server"}
"""Labels of Vault's servers, which vote."""

_REPLICATION = re.compile(r"^\s*replication_factor:\s*(\d+)\s*$", re.MULTILINE)
_RINGS: Final = frozenset({"loki", "tempo", "mimir"})


def members_needed(workload: Workload, cluster: Cluster) -> int:
    """The fewest pods with which it serves; 0 where any number does."""
    if workload.quorum or all(workload.labels.get(name) == value for name, value in _RAFT.items()):
        return workload.least // 2 + 1
    if text(workload.labels.get("app.kubernetes.io/name")) not in _RINGS:
        return 0
    for holder in configuration(cluster, workload):
        for source in texts(mapping({**contents(holder)})):
            factors = [int(each) for each in _REPLICATION.findall(source)]
            if factors and max(factors) > 1:
                return max(factors) // 2 + 1
    return 0

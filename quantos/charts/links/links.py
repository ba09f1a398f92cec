"""All links of a cluster, kind by kind."""

from collections.abc import Callable, Iterator
from typing import Final

from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.clashes import clashes
from quantos.charts.links.cluster import Cluster
from quantos.charts.links.disruption import broken_budgets
from quantos.charts.links.egress import public_hosts, unreachable_services
from quantos.charts.links.monitors import broken_monitors, unscraped_services
from quantos.charts.links.placement import missing_devices, unplaceable
from quantos.charts.links.quotas import exceeded_quotas
from quantos.charts.links.reach import blocked_flows, lost_addresses
from quantos.charts.links.references import broken_references
from quantos.charts.links.replicas import scattered_pushes
from quantos.charts.links.secret_readers import secret_readers
from quantos.charts.links.services import idle_services
from quantos.charts.links.spread import vain_spreads
from quantos.charts.links.tokens import default_tokens
from quantos.charts.links.webhooks import failing_webhooks, unguarded_expressions

CHECKS: Final[tuple[Callable[[Cluster], Iterator[BrokenLink]], ...]] = (
    blocked_flows, lost_addresses, unreachable_services, public_hosts, broken_monitors, unscraped_services,
    broken_references, secret_readers, broken_budgets, exceeded_quotas, failing_webhooks, unguarded_expressions,
    idle_services, default_tokens, missing_devices, unplaceable, scattered_pushes, vain_spreads, clashes,
)  # fmt: skip


def links(cluster: Cluster) -> Iterator[BrokenLink]:
    """Every link between objects that does not hold."""
    for check in CHECKS:
        yield from check(cluster)

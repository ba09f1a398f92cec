"""Rules that spread pods against the labels of the pods that they mean to spread."""

from collections.abc import Iterator

from quantos.charts.documents import Document, items, mapping
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster
from quantos.charts.links.selectors import selects
from quantos.charts.links.workloads import Workload

_WHEN = ("requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution")


def vain_spreads(cluster: Cluster) -> Iterator[BrokenLink]:
    """Spread constraints and anti-affinities that select none of the pods that carry them."""
    for each in cluster.workloads:
        for rule, selector in _rules(each):
            if not selects(selector, each.labels):
                yield BrokenLink(
                    kind="spread",
                    subject=each.name,
                    about=rule,
                    what=f"its {rule} selects other pods than its own, and so spreads nothing",
                    remedy="select by labels that its pods carry",
                )


def _rules(workload: Workload) -> Iterator[tuple[str, Document]]:
    for each in map(mapping, items(workload.pod.get("topologySpreadConstraints"))):
        yield f"spread over {each.get('topologyKey')}", mapping(each.get("labelSelector")) or {"matchLabels": {"": ""}}
    anti = mapping(mapping(workload.pod.get("affinity")).get("podAntiAffinity"))
    for when in _WHEN:
        for each in map(mapping, items(anti.get(when))):
            term = mapping(each.get("podAffinityTerm")) or each
            yield f"anti-affinity over {term.get('topologyKey')}", mapping(term.get("labelSelector"))

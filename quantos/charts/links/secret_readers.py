"""Who may read Secrets that are not its own: accounts bound to roles that get, list or watch them."""

from collections.abc import Iterable, Iterator
from typing import Final

from quantos.charts.documents import Document, items, mapping, named, text
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster
from quantos.charts.links.selectors import selects

_READS: Final = frozenset({"get", "list", "watch", "*"})
_EVERYBODY: Final = "*"


def secret_readers(cluster: Cluster) -> Iterator[BrokenLink]:
    """Accounts that read every Secret of the cluster, or those of another namespace."""
    seen: set[tuple[str, str]] = set()
    for account, where in _readers(cluster):
        if (account, where) in seen:
            continue
        seen.add((account, where))
        whose = "every Secret of the cluster" if where == _EVERYBODY else f"every Secret of the namespace {where}"
        yield BrokenLink(
            kind="secret-reader",
            subject=account,
            about=where,
            what=f"it may read {whose}",
            remedy="have the chart bind it in its own namespace, or by the names of the Secrets that it needs",
        )


def _readers(cluster: Cluster) -> Iterator[tuple[str, str]]:
    for binding in cluster.of("ClusterRoleBinding"):
        if _reads_secrets(_rules(binding, cluster)):
            for account, _ in _accounts(binding):
                yield account, _EVERYBODY
    for binding in cluster.of("RoleBinding"):
        place = named(binding, "namespace")
        if _reads_secrets(_rules(binding, cluster)):
            for account, home in _accounts(binding):
                if home != place:
                    yield account, place


def _accounts(binding: Document) -> Iterator[tuple[str, str]]:
    for each in items(binding.get("subjects")):
        whom = mapping(each)
        home = text(whom.get("namespace")) or named(binding, "namespace")
        kind, name = text(whom.get("kind")), text(whom.get("name"))
        yield (f"{kind} {home}/{name}" if kind == "ServiceAccount" else f"{kind} {name}"), home


def _rules(binding: Document, cluster: Cluster) -> list[Document]:
    role = mapping(binding.get("roleRef"))
    kind = text(role.get("kind"))
    place = named(binding, "namespace") if kind == "Role" else ""
    name = text(role.get("name"))
    if kind == "ClusterRole" and name in _BUILT_IN:
        return [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    declared = cluster.get(kind, place, name)
    return [] if declared is None else list(_all_rules(declared, cluster))


_BUILT_IN: Final = frozenset({"admin", "cluster-admin", "edit"})
"""Roles of every cluster that read Secrets; `view` does not."""


def _all_rules(role: Document, cluster: Cluster) -> Iterator[Document]:
    yield from (mapping(each) for each in items(role.get("rules")))
    for selector in items(mapping(role.get("aggregationRule")).get("clusterRoleSelectors")):
        for other in cluster.of("ClusterRole"):
            if other is not role and selects(selector, mapping(mapping(other.get("metadata")).get("labels"))):
                yield from (mapping(each) for each in items(other.get("rules")))


def _reads_secrets(rules: Iterable[Document]) -> bool:
    return any(
        {"", "*"} & set(map(text, items(each.get("apiGroups"))))
        and {"secrets", "*"} & set(map(text, items(each.get("resources"))))
        and _READS & set(map(text, items(each.get("verbs"))))
        and not items(each.get("resourceNames"))
        for each in rules
    )

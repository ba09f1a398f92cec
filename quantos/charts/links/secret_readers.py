"""Who may read Secrets that are not its own: by its rules, or by what its rules let it become, start or enter."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from quantos.charts.documents import Document, Json, items, mapping, named, text
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster
from quantos.charts.links.selectors import selects

_RBAC: Final = "rbac.authorization.k8s.io"
_READS: Final = frozenset({"get", "list", "watch"})
_CREATES: Final = frozenset({"create"})
_ENTERS: Final = frozenset({"create", "get"})
_WAYS: Final[tuple[tuple[str, str, frozenset[str], str], ...]] = (
    ("", "secrets", _READS, "read"),
    ("", "users", frozenset({"impersonate"}), "impersonate users who read"),
    ("", "groups", frozenset({"impersonate"}), "impersonate groups that read"),
    ("", "serviceaccounts", frozenset({"impersonate"}), "impersonate accounts that read"),
    ("", "serviceaccounts/token", _CREATES, "make tokens of accounts that read"),
    ("", "pods/exec", _ENTERS, "enter pods that hold"),
    ("", "pods/attach", _ENTERS, "enter pods that hold"),
    ("", "pods/ephemeralcontainers", frozenset({"update", "patch"}), "enter pods that hold"),
    (_RBAC, "roles", frozenset({"escalate"}), "give itself a role that reads"),
    (_RBAC, "clusterroles", frozenset({"escalate"}), "give itself a role that reads"),
    (_RBAC, "roles", frozenset({"bind"}), "bind itself to a role that reads"),
    (_RBAC, "clusterroles", frozenset({"bind"}), "bind itself to a role that reads"),
)
"""Group, resource and verbs of rules by which Secrets are read, and how."""

_EVERYBODY: Final = "*"
_WHOLE: Final[Document] = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
_SECRETS: Final[Document] = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}
_BUILT_IN: Final[Mapping[str, Document]] = {
    "admin": _WHOLE,
    "cluster-admin": _WHOLE,
    "edit": _WHOLE,
    "system:kube-controller-manager": _SECRETS,
    "system:controller:generic-garbage-collector": _SECRETS,
    "system:controller:namespace-controller": _SECRETS,
    "system:controller:resourcequota-controller": _SECRETS,
    "system:node": _SECRETS,
}
"""Roles of every cluster that read Secrets, and what of their rules leads there; `view` reads what others add to it."""

_GATHERED: Final[Mapping[str, str]] = {
    name: f"{_RBAC}/aggregate-to-{name}" for name in ("admin", "edit", "view")
}  # fmt: skip
_OWN: Final = frozenset({"system:masters", "system:kube-controller-manager", "system:kube-scheduler"})
"""Subjects of Kubernetes itself, which reads all Secrets of the cluster that it runs."""


def secret_readers(cluster: Cluster) -> Iterator[BrokenLink]:
    """Subjects that get at every Secret of the cluster, or at those of a namespace that is not their own."""
    seen: set[tuple[str, str]] = set()
    for subject, where, way in _readers(cluster):
        if (subject, where) in seen:
            continue
        seen.add((subject, where))
        whose = "every Secret of the cluster" if where == _EVERYBODY else f"every Secret of the namespace {where}"
        yield BrokenLink(
            kind="secret-reader",
            subject=subject,
            about=where,
            what=f"it may {way} {whose}",
            remedy="have the chart bind it in its own namespace, or by the names of the Secrets that it needs",
        )


def _readers(cluster: Cluster) -> Iterator[tuple[str, str, str]]:
    for binding in cluster.of("ClusterRoleBinding", "RoleBinding"):
        place = _EVERYBODY if binding.get("kind") == "ClusterRoleBinding" else named(binding, "namespace")
        for way in _ways(_rules(binding, cluster)):
            for subject, home in _subjects(binding):
                if home != place:
                    yield subject, place, way


def _subjects(binding: Document) -> Iterator[tuple[str, str]]:
    """Whom a binding means, and the namespace that is its own: users and groups have none."""
    for each in map(mapping, items(binding.get("subjects"))):
        kind, name = text(each.get("kind")), text(each.get("name"))
        if kind == "ServiceAccount":
            home = text(each.get("namespace")) or named(binding, "namespace")
            yield f"{kind} {home}/{name}", home
        elif name not in _OWN:
            yield f"{kind} {name}", _home(name) if kind in {"User", "Group"} else ""


def _home(name: str) -> str:
    """The namespace of an account that is spelt as a user, or of the group of all accounts of one."""
    parts = name.split(":")
    return (
        parts[2]
        if len(parts) > 2 and parts[:2] in (["system", "serviceaccount"], ["system", "serviceaccounts"])
        else ""
    )


def _rules(binding: Document, cluster: Cluster) -> list[Document]:
    role = mapping(binding.get("roleRef"))
    kind = text(role.get("kind"))
    place = named(binding, "namespace") if kind == "Role" else ""
    name = text(role.get("name"))
    declared = cluster.get(kind, place, name)
    if kind != "ClusterRole":
        return [] if declared is None else [mapping(each) for each in items(declared.get("rules"))]
    given = [_BUILT_IN[name]] if name in _BUILT_IN else []
    roles = _with_gathered(declared or _gathering(name), cluster)
    return [*given, *(mapping(each) for one_role in roles for each in items(one_role.get("rules")))]


def _gathering(name: str) -> Document:
    """What a role of every cluster gathers."""
    selectors: list[Json] = [{"matchLabels": {_GATHERED[name]: "true"}}] if name in _GATHERED else []
    return {"aggregationRule": {"clusterRoleSelectors": selectors}}


def _with_gathered(role: Document, cluster: Cluster) -> list[Document]:
    """A role and those that it gathers by label, and what these gather."""
    roles = [role]
    for each in roles:
        for selector in items(mapping(each.get("aggregationRule")).get("clusterRoleSelectors")):
            for other in cluster.of("ClusterRole"):
                labels = mapping(mapping(other.get("metadata")).get("labels"))
                if selects(selector, labels) and not any(other is one_role for one_role in roles):
                    roles.append(other)
    return roles


def _ways(rules: Iterable[Document]) -> Iterator[str]:
    for rule in rules:
        if items(rule.get("resourceNames")):
            continue
        groups, resources, verbs = (set(map(text, items(rule.get(key)))) for key in ("apiGroups", "resources", "verbs"))
        for group, resource, wanted, way in _WAYS:
            listed = {resource, "*", f"*/{resource.partition('/')[2]}"}
            if {group, "*"} & groups and listed & resources and (wanted | {"*"}) & verbs:
                yield way

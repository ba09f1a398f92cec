"""Admission webhooks that refuse while nobody answers, and conditions that fail where a request has no namespace."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from quantos.charts.documents import Document, Json, called, items, mapping, named, text
from quantos.charts.links.addresses import walk
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster
from quantos.charts.links.eks import SYSTEM
from quantos.charts.links.guards import conjuncts, reads_unguarded
from quantos.charts.links.kinds import is_built_in, is_namespaced, plural
from quantos.charts.links.selectors import selects

_CONFIGURATIONS: Final = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_POLICIES: Final = ("MutatingAdmissionPolicy", "ValidatingAdmissionPolicy")
_EXCLUDED = re.compile(r"!\(\s*(request\.[a-z.]+) in \[([^\]]*)\]\s*\)|(request\.[a-z.]+) != (\"[^\"]*\"|'[^']*')")
_CREATED: Final = ("CREATE",)
_CHANGED: Final = ("CREATE", "UPDATE")
_ALL: Final = ("CREATE", "UPDATE", "DELETE")
_ESSENTIAL: Final = (
    ("", "nodes", _ALL), ("", "nodes/status", ("UPDATE",)),
    ("authentication.k8s.io", "tokenreviews", _CREATED), ("authorization.k8s.io", "subjectaccessreviews", _CREATED),
    ("", "namespaces", _ALL), ("", "namespaces/finalize", ("UPDATE",)),
    ("coordination.k8s.io", "leases", _CHANGED),
    ("", "pods", _ALL), ("", "pods/binding", _CREATED), ("", "pods/eviction", _CREATED),
    ("", "pods/status", ("UPDATE",)),
)  # fmt: skip
"""What a cluster cannot do without for a minute, by group, resource and operations."""


def failing_webhooks(cluster: Cluster) -> Iterator[BrokenLink]:
    """Webhooks with `Fail` that judge what their server needs, what their release brings, or what a cluster needs."""
    for configuration in cluster.of(*_CONFIGURATIONS):
        for each in map(mapping, items(configuration.get("webhooks"))):
            if each.get("failurePolicy", "Fail") != "Fail":
                continue
            yield from _judging_its_server(configuration, each, cluster)
            yield from _judging_its_release(configuration, each, cluster)
            yield from _judging_essentials(configuration, each, cluster)


def unguarded_expressions(cluster: Cluster) -> Iterator[BrokenLink]:
    """CEL that reads a namespace which requests for objects of the cluster do not have: the expression then fails."""
    for each in cluster.of(*_CONFIGURATIONS):
        for hook in map(mapping, items(each.get("webhooks"))):
            if _may_be_of_cluster(items(hook.get("rules"))):
                yield from _unguarded(each, hook.get("matchConditions"))
    for each in cluster.of(*_POLICIES):
        spec = mapping(each.get("spec"))
        if _may_be_of_cluster(items(mapping(spec.get("matchConstraints")).get("resourceRules"))):
            yield from _unguarded(each, [*items(spec.get("matchConditions")), *items(spec.get("validations")),
                                         *items(spec.get("variables"))])  # fmt: skip


def _unguarded(owner: Document, conditions: object) -> Iterator[BrokenLink]:
    for each in walk(conditions if isinstance(conditions, list) else []):
        expression = text(each.get("expression"))
        if reads_unguarded(expression):
            yield BrokenLink(
                kind="webhook",
                subject=called(owner),
                about=f"expression {each.get('name') or expression[:40]}",
                what="it reads the namespace of requests, and fails for objects of the cluster, which have none",
                remedy="write has(request.namespace) && before it",
            )


def _may_be_of_cluster(rules: object) -> bool:
    for each in map(mapping, rules if isinstance(rules, list) else []):
        if each.get("scope") == "Namespaced":
            continue
        for resource in items(each.get("resources")):
            plain = text(resource).partition("/")[0]
            if plain == "*" or any(
                not is_namespaced(text(group), plain) for group in items(each.get("apiGroups")) if group != "*"
            ):
                return True
    return False


def _judging_its_server(configuration: Document, hook: Document, cluster: Cluster) -> Iterator[BrokenLink]:
    service = mapping(mapping(hook.get("clientConfig")).get("service"))
    declared = cluster.get("Service", text(service.get("namespace")), text(service.get("name")))
    for server in cluster.pods_behind(declared) if declared else ():
        if selects(hook.get("objectSelector", {}), server.labels) and _judges(
            hook, _Asked(resource="pods"), namespace=server.namespace, cluster=cluster
        ):
            yield _broken(
                configuration,
                hook,
                about=server.name,
                what=f"{hook.get('name')} refuses the pods of {server.name}, which answers it, once none is left",
            )


def _judging_its_release(configuration: Document, hook: Document, cluster: Cluster) -> Iterator[BrokenLink]:
    """Helm applies custom resources right after webhooks, before the pods that it started can answer."""
    release = cluster.origin(configuration).release
    if release is None or "helm.sh/hook" in mapping(mapping(configuration.get("metadata")).get("annotations")):
        return
    brought = [each.manifest for each in cluster.installed if each.release is release]
    refused = [each for each in brought if _judges_object(hook, each, cluster)]
    if refused:
        yield _broken(
            configuration,
            hook,
            about=release.called,
            what=f"{hook.get('name')} is registered before {len(refused)} objects of its own release"
            f" ({called(refused[0])}, ...) and refuses them, since nobody answers yet",
        )


def _judging_essentials(configuration: Document, hook: Document, cluster: Cluster) -> Iterator[BrokenLink]:
    """Nodes, namespaces, leases anywhere, the system's own pods, and who may do what."""
    system = [each.labels for each in cluster.workloads if each.namespace == SYSTEM]
    bare: list[Mapping[str, Json]] = [Document()]
    places = {"leases": (*cluster.namespaces,), "pods": (SYSTEM,)}
    carried = {"namespaces": [*cluster.namespaces.values()], "pods": system}
    for group, resource, operations in _ESSENTIAL:
        plain = resource.partition("/")[0]
        asked = _Asked(group=group, resource=resource, operations=operations)
        refused = [each for each in places.get(plain, ("",)) if _judges(hook, asked, namespace=each, cluster=cluster)]
        labels = carried.get(plain, bare)
        if refused and any(selects(hook.get("objectSelector", {}), each) for each in labels):
            where = f" in {', '.join(refused[:2])}{' and others' if len(refused) > 2 else ''}" if refused[0] else ""
            what = f"{hook.get('name')} refuses {resource}{where} while nobody answers"
            yield _broken(configuration, hook, about=resource, what=what)


def _judges_object(hook: Document, manifest: Document, cluster: Cluster) -> bool:
    group = text(manifest.get("apiVersion")).rpartition("/")[0]
    kind = text(manifest.get("kind"))
    if is_built_in(group):
        return False
    metadata = mapping(manifest.get("metadata"))
    return selects(hook.get("objectSelector", {}), mapping(metadata.get("labels"))) and _judges(
        hook, _Asked(group=group, resource=plural(kind)), namespace=named(manifest, "namespace"), cluster=cluster
    )


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A resource, with its subresource after a slash, and what is done to it."""

    group: str = ""
    resource: str
    operations: tuple[str, ...] = _CHANGED


def _judges(hook: Document, asked: _Asked, *, namespace: str, cluster: Cluster) -> bool:
    """Whether a webhook is asked about a resource in a namespace; empty for the cluster's."""
    if not any(_rule_fits(mapping(each), asked, namespace=namespace) for each in items(hook.get("rules"))):
        return False
    where = cluster.namespaces.get(namespace, {})
    if namespace and not selects(hook.get("namespaceSelector", {}), where):
        return False
    known = {
        "request.namespace": namespace,
        "request.resource.resource": asked.resource.partition("/")[0],
        "request.resource.group": asked.group,
    }
    expressions = [text(mapping(each).get("expression")) for each in items(hook.get("matchConditions"))]
    return not any(_excludes(each, known) for each in expressions)


def _excludes(expression: str, known: dict[str, str]) -> bool:
    for match in filter(None, map(_EXCLUDED.fullmatch, conjuncts(expression))):
        field, listed = (match[1], match[2]) if match[1] else (match[3], match[4])
        values = re.findall(r"[\"']([^\"']*)[\"']", listed)
        if field in known and known[field] in values:
            return True
    return False


def _rule_fits(rule: Document, asked: _Asked, *, namespace: str) -> bool:
    groups, resources = items(rule.get("apiGroups")), items(rule.get("resources"))
    scope = rule.get("scope", "*")
    if scope != "*" and (scope == "Namespaced") != bool(namespace):
        return False
    operations = {*asked.operations, "*"} & set(map(text, items(rule.get("operations"))))
    means = any(_means(text(each), asked.resource) for each in resources)
    return bool(operations and means and {"*", asked.group} & set(map(text, groups)))


def _means(listed: str, resource: str) -> bool:
    """Whether a rule's spelling means a resource: without a slash no subresource, with `/*` all and the resource."""
    plain, _, below = listed.partition("/")
    given, _, part = resource.partition("/")
    return plain in {"*", given} and below in ({part, "*"} if part else {"", "*"})


def _broken(configuration: Document, hook: Document, *, about: str, what: str) -> BrokenLink:
    return BrokenLink(
        kind="webhook",
        subject=called(configuration),
        about=f"{hook.get('name')}, {about}",
        what=what,
        remedy="narrow its rules or selectors to what it is for, or let it fail open (Ignore, IgnoreOnInstallOnly)",
    )

"""What objects refer to by name: Secrets and their keys, ConfigMaps, accounts, classes, issuers, stores, services."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from quantos.charts.documents import Document, Json, called, items, mapping, named, text
from quantos.charts.links import eks
from quantos.charts.links.addresses import walk
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import BUILT_IN_NAMESPACES, Cluster
from quantos.charts.links.workloads import CONTROLLERS, Workload

_OF_ACCOUNT: Final = "kubernetes.io/service-account-token"
_ACCOUNT_KEYS: Final = frozenset({"ca.crt", "namespace", "token"})
"""What Kubernetes puts into the Secret of an account."""

_MONITORS: Final = ("ServiceMonitor", "PodMonitor", "Prometheus", "Alertmanager")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A name that an object states, and `keys` that the other must hold; what is the cluster's has no namespace."""

    subject: str
    kind: str
    name: str
    namespace: str = ""
    keys: Sequence[str] = ()

    @property
    def target(self) -> str:
        """How messages name what is referred to."""
        return f"{self.kind} {'/'.join(part for part in (self.namespace, self.name) if part)}"


def broken_references(cluster: Cluster) -> Iterator[BrokenLink]:
    """References to what nobody makes, and to keys that it does not hold."""
    seen: set[tuple[str, str, str]] = set()
    for each in references(cluster):
        missing = _missing(each, cluster)
        key = (each.subject, each.target, missing)
        if missing and key not in seen:
            seen.add(key)
            yield BrokenLink(
                kind="reference",
                subject=each.subject,
                about=each.target if missing == "all" else f"{each.target}, key {missing}",
                what=f"it refers to {each.target}"
                + (", which nobody makes" if missing == "all" else f", which has no key {missing}"),
                remedy="declare it, or correct the name",
            )


def references(cluster: Cluster) -> Iterator[Reference]:
    """Every reference of every object."""
    for workload in cluster.workloads:
        if workload not in eks.WORKLOADS:
            yield from _of_pod(workload)
    for each in cluster.objects:
        if place := named(each, "namespace"):
            yield Reference(subject=called(each), kind="Namespace", name=place)
        yield from _of_kind(each)
        group = text(each.get("apiVersion")).rpartition("/")[0]
        if (
            "." in group
            and not group.endswith(".k8s.io")
            and text(each.get("kind")) not in {*CONTROLLERS, "ExternalSecret"}
        ):
            yield from _of_custom(each)


def _of_pod(workload: Workload) -> Iterator[Reference]:
    pod, place = workload.pod, workload.namespace
    yield Reference(subject=workload.name, kind="ServiceAccount", name=workload.account, namespace=place)
    for each in items(pod.get("imagePullSecrets")):
        yield Reference(subject=workload.name, kind="Secret", name=text(mapping(each).get("name")), namespace=place)
    for key, kind in (("priorityClassName", "PriorityClass"), ("runtimeClassName", "RuntimeClass")):
        if name := text(pod.get(key)):
            yield Reference(subject=workload.name, kind=kind, name=name)
    for claim in workload.claims:
        if name := text(claim.get("storageClassName")):
            yield Reference(subject=workload.name, kind="StorageClass", name=name)
    for each in walk(pod):
        yield from _named_in(each, workload.name, place)
    for volume in items(pod.get("volumes")):
        if name := text(mapping(mapping(volume).get("persistentVolumeClaim")).get("claimName")):
            yield Reference(subject=workload.name, kind="PersistentVolumeClaim", name=name, namespace=place)
        published = mapping(mapping(mapping(volume).get("csi")).get("nodePublishSecretRef"))
        if name := text(published.get("name")):
            yield Reference(subject=workload.name, kind="Secret", name=name, namespace=place)


def _named_in(part: Document, subject: str, place: str) -> Iterator[Reference]:
    """References to Secrets and ConfigMaps that one mapping within a pod or a custom resource makes."""
    for kind, word in (("Secret", "secret"), ("ConfigMap", "configMap")):
        for key, keyed in ((f"{word}KeyRef", True), (f"{word}Ref", False), (word, False)):
            reference = mapping(part.get(key))
            name = text(reference.get("name")) or text(reference.get("secretName"))
            if not name or reference.get("optional"):
                continue
            wanted = [text(reference.get("key"))] if keyed or "key" in reference else [
                text(mapping(each).get("key")) for each in items(reference.get("items"))
            ]  # fmt: skip
            where = text(reference.get("namespace")) or place
            keys = tuple(each for each in wanted if each)
            yield Reference(subject=subject, kind=kind, name=name, namespace=where, keys=keys)


def _of_custom(manifest: Document) -> Iterator[Reference]:
    subject, place = called(manifest), named(manifest, "namespace")
    for each in walk(manifest.get("spec")):
        yield from _named_in(each, subject, place)
        for key, kind in _BY_KEY.items():
            reference = mapping(each.get(key))
            if name := text(reference.get("name")):
                target = text(reference.get("kind")) or kind
                where = "" if target.startswith("Cluster") else text(reference.get("namespace")) or place
                yield Reference(subject=subject, kind=target, name=name, namespace=where)
        if "caProvider" in each:
            provider = mapping(each["caProvider"])
            yield Reference(
                subject=subject,
                kind=text(provider.get("type")),
                name=text(provider.get("name")),
                namespace=text(provider.get("namespace")) or place,
                keys=(text(provider.get("key")),),
            )
        for key, value in each.items():
            if "k8s_secret_" in key and isinstance(value, str):
                name, _, inner = value.partition("/")
                yield Reference(subject=subject, kind="Secret", name=name, namespace=place, keys=(inner,))
        if name := text(each.get("storageClassName")):
            yield Reference(subject=subject, kind="StorageClass", name=name)
    if manifest.get("kind") in _MONITORS:
        yield from _of_monitor(manifest)


_BY_KEY: Final[Mapping[str, str]] = {
    "authenticationRef": "TriggerAuthentication",
    "generatorRef": "",
    "issuerRef": "Issuer",
    "scaleTargetRef": "Deployment",
    "secretStoreRef": "SecretStore",
    "serviceAccountRef": "ServiceAccount",
}


def _of_monitor(manifest: Document) -> Iterator[Reference]:
    """A key of a Secret as monitors spell it: `name` and `key` under what the key is for."""
    for each in walk(manifest.get("spec")):
        for purpose in ("username", "password", "credentials", "keySecret", "bearerTokenSecret"):
            reference = mapping(each.get(purpose))
            if (name := text(reference.get("name"))) and (key := text(reference.get("key"))):
                place = named(manifest, "namespace")
                yield Reference(subject=called(manifest), kind="Secret", name=name, namespace=place, keys=(key,))


def _of_kind(manifest: Document) -> Iterator[Reference]:
    """References that kinds of Kubernetes itself, and External Secrets, make in ways of their own."""
    of_kind = _OF_KIND.get(text(manifest.get("kind")))
    if of_kind is not None:
        yield from of_kind(manifest)


def _of_external_secret(manifest: Document) -> Iterator[Reference]:
    for each in walk(manifest.get("spec")):
        for key in ("secretStoreRef", "generatorRef"):
            reference = mapping(each.get(key))
            kind = text(reference.get("kind")) or "SecretStore"
            where = "" if kind.startswith("Cluster") else named(manifest, "namespace")
            if name := text(reference.get("name")):
                yield Reference(subject=called(manifest), kind=kind, name=name, namespace=where)


def _of_ingress(manifest: Document) -> Iterator[Reference]:
    subject, place, spec = called(manifest), named(manifest, "namespace"), mapping(manifest.get("spec"))
    if name := text(spec.get("ingressClassName")):
        yield Reference(subject=subject, kind="IngressClass", name=name)
    for each in walk(spec):
        if name := text(mapping(each.get("service")).get("name")):
            yield Reference(subject=subject, kind="Service", name=name, namespace=place)
        if name := text(each.get("secretName")):
            yield Reference(subject=subject, kind="Secret", name=name, namespace=place)


def _of_ingress_class(manifest: Document) -> Iterator[Reference]:
    parameters = mapping(mapping(manifest.get("spec")).get("parameters"))
    if name := text(parameters.get("name")):
        yield Reference(subject=called(manifest), kind=text(parameters.get("kind")), name=name)


def _of_served(manifest: Document) -> Iterator[Reference]:
    """Services that the API server calls."""
    for each in walk({key: part for key, part in manifest.items() if key in {"webhooks", "spec"}}):
        service = mapping(each.get("service"))
        if name := text(service.get("name")):
            where = text(service.get("namespace"))
            yield Reference(subject=called(manifest), kind="Service", name=name, namespace=where)


def _of_stateful_set(manifest: Document) -> Iterator[Reference]:
    if name := text(mapping(manifest.get("spec")).get("serviceName")):
        place = named(manifest, "namespace")
        yield Reference(subject=called(manifest), kind="Service", name=name, namespace=place)


def _of_claim(manifest: Document) -> Iterator[Reference]:
    if name := text(mapping(manifest.get("spec")).get("storageClassName")):
        yield Reference(subject=called(manifest), kind="StorageClass", name=name)


def _of_account(manifest: Document) -> Iterator[Reference]:
    for each in [*items(manifest.get("imagePullSecrets")), *items(manifest.get("secrets"))]:
        if name := text(mapping(each).get("name")):
            yield Reference(subject=called(manifest), kind="Secret", name=name, namespace=named(manifest, "namespace"))


def _of_scaler(manifest: Document) -> Iterator[Reference]:
    target = mapping(mapping(manifest.get("spec")).get("scaleTargetRef"))
    kind, place = text(target.get("kind")), named(manifest, "namespace")
    yield Reference(subject=called(manifest), kind=kind, name=text(target.get("name")), namespace=place)


def _of_binding(manifest: Document) -> Iterator[Reference]:
    subject, place = called(manifest), named(manifest, "namespace")
    role = mapping(manifest.get("roleRef"))
    kind, name = text(role.get("kind")), text(role.get("name"))
    yield Reference(subject=subject, kind=kind, name=name, namespace=place if kind == "Role" else "")
    for each in items(manifest.get("subjects")):
        whom = mapping(each)
        if whom.get("kind") == "ServiceAccount":
            where = text(whom.get("namespace")) or place
            yield Reference(subject=subject, kind="ServiceAccount", name=text(whom.get("name")), namespace=where)


_OF_KIND: Final[Mapping[str, Callable[[Document], Iterator[Reference]]]] = {
    "APIService": _of_served,
    "ClusterRoleBinding": _of_binding,
    "ExternalSecret": _of_external_secret,
    "HorizontalPodAutoscaler": _of_scaler,
    "Ingress": _of_ingress,
    "IngressClass": _of_ingress_class,
    "MutatingWebhookConfiguration": _of_served,
    "PersistentVolumeClaim": _of_claim,
    "RoleBinding": _of_binding,
    "ServiceAccount": _of_account,
    "StatefulSet": _of_stateful_set,
    "ValidatingWebhookConfiguration": _of_served,
}


def _missing(reference: Reference, cluster: Cluster) -> str:
    """The key that is not there, "all" where the whole object is not, empty where nothing is missing."""
    if reference.kind == "Secret":
        keys = secret_keys(cluster).get((reference.namespace, reference.name))
        if keys is None:
            return "all"
        return next((key for key in reference.keys if "*" not in keys and key not in keys), "")
    if _is_built_in(reference):
        return ""
    target = cluster.get(reference.kind, reference.namespace, reference.name)
    if target is None:
        return "all"
    known = {*mapping(target.get("data")), *mapping(target.get("binaryData"))}
    return next((key for key in reference.keys if key not in known), "")


def _is_built_in(reference: Reference) -> bool:
    match reference.kind:
        case "Namespace":
            return reference.name in BUILT_IN_NAMESPACES
        case "ServiceAccount":
            return reference.name == "default" or (reference.namespace, reference.name) in eks.ACCOUNTS
        case "PriorityClass":
            return reference.name in eks.PRIORITY_CLASSES
        case "ClusterRole":
            return reference.name in eks.CLUSTER_ROLES
        case "Role":
            return (reference.namespace, reference.name) in eks.ROLES
        case "ConfigMap":
            return (reference.namespace, reference.name) in eks.CONFIG_MAPS or reference.name == "kube-root-ca.crt"
    return False


def secret_keys(cluster: Cluster) -> Mapping[tuple[str, str], frozenset[str]]:
    """Keys of every Secret that is declared or made of another object; "*" where they are known to nobody here."""
    keys: dict[tuple[str, str], frozenset[str]] = {}
    for each in cluster.of("Secret"):
        given = {*mapping(each.get("data")), *mapping(each.get("stringData"))}
        given |= _ACCOUNT_KEYS if each.get("type") == _OF_ACCOUNT else set[str]()
        keys[named(each, "namespace"), named(each, "name")] = frozenset(given)
    for each in cluster.of("Certificate"):
        name = text(mapping(each.get("spec")).get("secretName"))
        keys[named(each, "namespace"), name] = frozenset({"tls.crt", "tls.key", "ca.crt", *_keystores(each)})
    for each in cluster.of("ExternalSecret"):
        target = mapping(mapping(each.get("spec")).get("target"))
        name = text(target.get("name")) or named(each, "name")
        keys[named(each, "namespace"), name] = frozenset(_external_keys(each))
    return keys


def _keystores(certificate: Document) -> set[str]:
    stores = mapping(mapping(certificate.get("spec")).get("keystores"))
    return {f"{name}.{ending}" for name in ("keystore", "truststore") for ending in ("jks", "p12") if stores}


def _external_keys(manifest: Document) -> set[str]:
    spec = mapping(manifest.get("spec"))
    template = mapping(mapping(spec.get("target")).get("template"))
    own = {text(mapping(each).get("secretKey")) for each in items(spec.get("data"))}
    for each in items(spec.get("dataFrom")):
        generator: Json = mapping(mapping(each).get("sourceRef")).get("generatorRef")
        own |= {"password"} if mapping(generator).get("kind") == "Password" else {"*"}
    made = set(mapping(template.get("data")))
    if made and template.get("mergePolicy") != "Merge":
        return made
    return own | made

"""What every pod keeps to, as pure functions over plain manifests: the restricted Pod Security Standard, and more."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from quantos.environment.conventions import TOKEN_ANNOTATION
from quantos.policy.controls import firm, kubernetes, nsa
from quantos.policy.rule import Rule
from quantos.policy.security.values import Values, at, each, is_true, number, text, texts
from quantos.policy.security.workloads.pod_templates import Pod, pods_in

Registries: TypeAlias = Sequence[str]
"""Hosts, with or without a path, from which images may come."""
PodRule: TypeAlias = Rule[[Pod, Registries]]
BY_DIGEST = re.compile(r"[^@\s]+@sha256:[0-9a-f]{64}")
SAFE_SYSCTLS = frozenset({
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem",
})  # fmt: skip
"""Of the pod's own namespace, as the Pod Security Standards list them."""
ADDED_CAPABILITIES = frozenset({"NET_BIND_SERVICE"})
VOLUME_TYPES = frozenset({
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
})  # fmt: skip


LET_OFF: Mapping[str, frozenset[str]] = {
    "baseline": frozenset({
        "pod-capabilities", "pod-no-escalation", "pod-non-root", "pod-read-only-root", "pod-seccomp",
    }),
    "privileged": frozenset({
        "pod-capabilities", "pod-host-namespaces", "pod-host-ports", "pod-no-escalation", "pod-node-kernel",
        "pod-non-root", "pod-not-privileged", "pod-read-only-root", "pod-seccomp", "pod-volume-types",
    }),
}  # fmt: skip
"""Rules that pods of a namespace of a weaker Pod Security level, which states its reason, are let off."""


def pod_complaints(manifest: Values, *, registries: Registries) -> Iterator[tuple[PodRule, tuple[str, ...]]]:
    """What every pod rule says of each pod of any Kubernetes object, in the order of the rules.

    The manifest names its namespace, also where a release would have filled it in.
    """
    for pod in pods_in(manifest):
        for rule in POD_RULES:
            if complaints := tuple(rule.complaints(pod, registries)):
                yield rule, complaints


def _setting(pod: Pod, container: Values, key: str) -> object:
    """A security setting of a container, or of its pod where the container says nothing."""
    own = at(container, "securityContext", key)
    return at(pod.spec, "securityContext", key) if own is None else own


def _named(pod: Pod, container: Values) -> str:
    return f"{pod.where}: container {text(container, 'name') or 'without a name'}"


def _root(pod: Pod, _: Registries) -> Iterator[str]:
    for container in pod.containers:
        if _setting(pod, container, "runAsNonRoot") is not True:
            yield f"{_named(pod, container)} may run as root"
        elif _setting(pod, container, "runAsUser") == 0:
            yield f"{_named(pod, container)} runs as user 0, which is root"


def _escalation(pod: Pod, _: Registries) -> Iterator[str]:
    for container in pod.containers:
        if at(container, "securityContext", "allowPrivilegeEscalation") is not False:
            yield f"{_named(pod, container)} may gain privileges"


def _privileged(pod: Pod, _: Registries) -> Iterator[str]:
    for container in pod.containers:
        if is_true(container, "securityContext", "privileged"):
            yield f"{_named(pod, container)} is privileged"


def _kernel(pod: Pod, _: Registries) -> Iterator[str]:
    names = [text(sysctl, "name") for sysctl in each(pod.spec, "securityContext", "sysctls")]
    if unsafe := sorted(set(names) - SAFE_SYSCTLS):
        yield f"{pod.where}: sets {', '.join(unsafe)} of its node's kernel"
    for container in pod.containers:
        if (mount := at(container, "securityContext", "procMount")) not in (None, "Default"):
            yield f"{_named(pod, container)} sees all of /proc ({mount})"
        if is_true(_setting(pod, container, "windowsOptions"), "hostProcess"):
            yield f"{_named(pod, container)} is a process of its node"
        if text(_setting(pod, container, "appArmorProfile"), "type") == "Unconfined":
            yield f"{_named(pod, container)} is not confined by AppArmor"


def _capabilities(pod: Pod, _: Registries) -> Iterator[str]:
    for container in pod.containers:
        if "ALL" not in texts(container, "securityContext", "capabilities", "drop"):
            yield f"{_named(pod, container)} keeps its capabilities"
        added = set(texts(container, "securityContext", "capabilities", "add"))
        if foreign := sorted(added - ADDED_CAPABILITIES):
            yield f"{_named(pod, container)} adds {', '.join(foreign)}"


def _seccomp(pod: Pod, _: Registries) -> Iterator[str]:
    for container in pod.containers:
        profile = _setting(pod, container, "seccompProfile")
        if text(profile, "type") not in {"RuntimeDefault", "Localhost"}:
            yield f"{_named(pod, container)} has no seccomp profile"


def _writable_root(pod: Pod, _: Registries) -> Iterator[str]:
    for container in pod.containers:
        if at(container, "securityContext", "readOnlyRootFilesystem") is not True:
            yield f"{_named(pod, container)} can write to its root file system"


def _host_namespaces(pod: Pod, _: Registries) -> Iterator[str]:
    if shared := [key for key in ("hostNetwork", "hostPID", "hostIPC") if is_true(pod.spec, key)]:
        yield f"{pod.where}: shares its node's namespaces ({', '.join(shared)})"


def _host_ports(pod: Pod, _: Registries) -> Iterator[str]:
    for container in pod.containers:
        ports = [number(port, "hostPort") for port in each(container, "ports")]
        if taken := [f"{port:.0f}" for port in ports if port]:
            yield f"{_named(pod, container)} takes port {', '.join(taken)} of its node"


def _volumes(pod: Pod, _: Registries) -> Iterator[str]:
    for volume in each(pod.spec, "volumes"):
        if foreign := sorted(set(volume) - VOLUME_TYPES - {"name"}):
            yield f"{pod.where}: volume {text(volume, 'name')} is of type {', '.join(foreign)}"


def _resources(pod: Pod, _: Registries) -> Iterator[str]:
    for container in pod.containers:
        wanted = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))
        if missing := [".".join(keys) for keys in wanted if not at(container, "resources", *keys)]:
            yield f"{_named(pod, container)} states no {', '.join(missing)}"


def _moving_image(pod: Pod, _: Registries) -> Iterator[str]:
    for container in pod.containers:
        if BY_DIGEST.fullmatch(text(container, "image")) is None:
            yield f"{_named(pod, container)} runs {text(container, 'image') or 'no image'}, which a tag may move"


def _foreign_image(pod: Pod, registries: Registries) -> Iterator[str]:
    for container in pod.containers:
        image = text(container, "image")
        if not from_registries(image, registries):
            yield f"{_named(pod, container)} runs {image or 'no image'}, which is of no allowed registry"


def _token(pod: Pod, _: Registries) -> Iterator[str]:
    if at(pod.spec, "automountServiceAccountToken") is False:
        return
    account = text(pod.spec, "serviceAccountName") or "default"
    if account == "default":
        yield f"{pod.where}: is given the token of the default service account"
    elif not text(pod.annotations, TOKEN_ANNOTATION).strip():
        yield f"{pod.where}: is given the token of service account {account} and does not say what for"


def _namespace(pod: Pod, _: Registries) -> Iterator[str]:
    if pod.namespace in {"", "default"}:
        yield f"{pod.where}: stands in the default namespace"


def from_registries(image: str, registries: Registries) -> bool:
    """Whether an image is of one of these; one that names no registry is of Docker's."""
    first = image.partition("/")[0]
    named = "/" in image and ("." in first or ":" in first or first == "localhost")
    full = image if named else f"docker.io/{image}"
    if {".", "..", ""}.intersection(full.split("/")):
        return False
    return bool(image) and any(full.startswith(f"{registry.rstrip('/')}/") for registry in registries)


POD_RULES: tuple[PodRule, ...] = (
    Rule(
        name="pod-non-root",
        description="No container runs as root.",
        remedy="set securityContext.runAsNonRoot, and a runAsUser above 0 where the image states none",
        control=kubernetes("Pod Security Standards, restricted: running as non-root", page="pod-security-standards"),
        complaints=_root,
    ),
    Rule(
        name="pod-no-escalation",
        description="No process of a pod gains more privileges than its parent had.",
        remedy="set allowPrivilegeEscalation: false",
        control=kubernetes("Pod Security Standards, restricted: privilege escalation", page="pod-security-standards"),
        complaints=_escalation,
    ),
    Rule(
        name="pod-not-privileged",
        description="No container is privileged.",
        remedy="remove privileged, and grant what is needed on the node by a driver of its own",
        control=kubernetes("Pod Security Standards, baseline: privileged containers", page="pod-security-standards"),
        complaints=_privileged,
    ),
    Rule(
        name="pod-node-kernel",
        description="Containers see and set of their node's kernel no more than is safe.",
        remedy="remove procMount, hostProcess, an AppArmor profile of Unconfined and sysctls of the node",
        control=kubernetes("Pod Security Standards, baseline: /proc, sysctls, AppArmor", page="pod-security-standards"),
        complaints=_kernel,
    ),
    Rule(
        name="pod-capabilities",
        description="Containers drop every capability and add at most that of binding low ports.",
        remedy="set capabilities.drop to ALL and add nothing but NET_BIND_SERVICE",
        control=kubernetes("Pod Security Standards, restricted: capabilities", page="pod-security-standards"),
        complaints=_capabilities,
    ),
    Rule(
        name="pod-seccomp",
        description="Containers run under the runtime's seccomp profile, or one of their own.",
        remedy="set seccompProfile.type to RuntimeDefault",
        control=kubernetes("Pod Security Standards, restricted: seccomp", page="pod-security-standards"),
        complaints=_seccomp,
    ),
    Rule(
        name="pod-read-only-root",
        description="Containers cannot write to their root file system.",
        remedy="set readOnlyRootFilesystem, and mount an emptyDir where the program writes",
        control=nsa("immutable container file systems"),
        complaints=_writable_root,
    ),
    Rule(
        name="pod-host-namespaces",
        description="Pods share no network, process or IPC namespace with their node.",
        remedy="remove hostNetwork, hostPID and hostIPC",
        control=kubernetes("Pod Security Standards, baseline: host namespaces", page="pod-security-standards"),
        complaints=_host_namespaces,
    ),
    Rule(
        name="pod-host-ports",
        description="Pods take no port of their node.",
        remedy="remove hostPort, and reach the pod by a service",
        control=kubernetes("Pod Security Standards, baseline: host ports", page="pod-security-standards"),
        complaints=_host_ports,
    ),
    Rule(
        name="pod-volume-types",
        description="Pods mount no directory of their node and nothing else beside the safe types of volumes.",
        remedy="use a persistent volume claim, a projected volume or an emptyDir",
        control=kubernetes("Pod Security Standards, restricted: volume types", page="pod-security-standards"),
        complaints=_volumes,
    ),
    Rule(
        name="pod-resources",
        description="Containers say what they need of processor and memory, and how much memory they get at most.",
        remedy="set requests of cpu and memory, and a limit of memory",
        control=nsa("resource policies"),
        complaints=_resources,
    ),
    Rule(
        name="pod-image-digest",
        description="Containers run images by digest, so that what runs is what was looked at.",
        remedy="name the image by its digest: repository@sha256 and 64 hexadecimal digits",
        control=firm("what runs is what was looked at", section="images"),
        complaints=_moving_image,
    ),
    Rule(
        name="pod-image-registry",
        description="Containers run images of registries that the environment allows.",
        remedy="copy the image into the environment's own registry, or allow its registry in the environment file",
        control=firm("images come from registries the firm holds or trusts", section="images"),
        complaints=_foreign_image,
    ),
    Rule(
        name="pod-service-account-token",
        description="A pod is given a token of the Kubernetes API only where it says what for.",
        remedy=f"set automountServiceAccountToken: false, or name a service account and say why in {TOKEN_ANNOTATION}",
        control=nsa("service account tokens only where they are needed"),
        complaints=_token,
    ),
    Rule(
        name="pod-namespace",
        description="No workload stands in the default namespace.",
        remedy="put it into a namespace of its own purpose",
        control=nsa("namespaces to part workloads"),
        complaints=_namespace,
    ),
)

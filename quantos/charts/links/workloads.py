"""Pods that would run: what every controller of Kubernetes makes of its template, at its greatest size."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from quantos.charts.documents import Document, Json, called, items, mapping, named, text
from quantos.charts.links.quantities import share
from quantos.errors import ChartsError

CONTROLLERS: Final = ("DaemonSet", "Deployment", "Job", "CronJob", "Pod", "ReplicaSet", "StatefulSet")
TCP: Final = "TCP"
_SIZES: Final = {"Job": "parallelism", "CronJob": "parallelism"}
"""Where a controller states how many pods run at once, if not in `replicas`."""

_SCALERS: Final = {
    "ScaledObject": ("minReplicaCount", "maxReplicaCount"),
    "HorizontalPodAutoscaler": ("minReplicas", "maxReplicas"),
}


@dataclass(frozen=True)
class Port:
    """Where pods listen."""

    number: int
    protocol: str = TCP


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Pods of one template.

    Attributes:
        manifest: the object that declares them, also where an operator makes the pods of it.
        labels: those of its pods.
        pod: the spec of its pods.
        replicas: how many there are at most; of a daemon set, on each node.
        least: how many there are at least.
        surge: how many more there may be while it is replaced.
        claims: specs of the claims that each of its pods makes.
        per_node: whether each node has one.
        finite: whether its pods end by themselves.
        part: which pods of the object these are, where it makes several kinds.
        quorum: whether it stops when fewer than half of its members are left.
    """

    manifest: Document
    namespace: str
    labels: Mapping[str, Json]
    pod: Document
    replicas: int = 1
    least: int = 1
    surge: int = 0
    claims: Sequence[Document] = ()
    per_node: bool = False
    finite: bool = False
    part: str = ""
    quorum: bool = False

    @property
    def name(self) -> str:
        """How messages name it."""
        return called(self.manifest) + (f" ({self.part})" if self.part else "")

    @property
    def containers(self) -> list[Document]:
        """Containers that run side by side."""
        beside = [each for each in self._first if each.get("restartPolicy") == "Always"]
        return [*(mapping(each) for each in items(self.pod.get("containers"))), *beside]

    @property
    def initial(self) -> list[Document]:
        """Containers that end before the others start."""
        return [each for each in self._first if each.get("restartPolicy") != "Always"]

    @property
    def _first(self) -> list[Document]:
        return [mapping(each) for each in items(self.pod.get("initContainers"))]

    @property
    def account(self) -> str:
        """Its service account."""
        return text(self.pod.get("serviceAccountName")) or text(self.pod.get("serviceAccount")) or "default"

    @property
    def ports(self) -> dict[str, int]:
        """Ports of its containers by name."""
        return {name: port.number for name, port in self._listed}

    def port(self, name: str, protocol: str) -> int | None:
        """The number of a port by its name; None where its containers have none of that name and protocol."""
        listed = (port.number for called, port in self._listed if (called, port.protocol) == (name, protocol))
        return next(listed, None)

    @property
    def _listed(self) -> list[tuple[str, Port]]:
        return [
            (text(port.get("name")), Port(number, text(port.get("protocol")) or TCP))
            for each in self.containers
            for port in (mapping(part) for part in items(each.get("ports")))
            if isinstance(number := port.get("containerPort"), int)
        ]


def controllers(objects: Iterable[Document]) -> Iterator[Workload]:
    """The workloads of Kubernetes' own controllers."""
    for each in objects:
        kind, spec = text(each.get("kind")), mapping(each.get("spec"))
        if kind not in CONTROLLERS:
            continue
        if kind == "CronJob":
            spec = mapping(mapping(spec.get("jobTemplate")).get("spec"))
        template = each if kind == "Pod" else mapping(spec.get("template"))
        count = 1 if kind in {"DaemonSet", "Pod"} else _count(spec.get(_SIZES.get(kind, "replicas")))
        yield Workload(
            manifest=each,
            namespace=named(each, "namespace"),
            labels=mapping(mapping(template.get("metadata")).get("labels")),
            pod=mapping(template.get("spec")),
            replicas=count,
            least=count,
            surge=_surge(each, count),
            claims=tuple(mapping(mapping(claim).get("spec")) for claim in items(spec.get("volumeClaimTemplates"))),
            per_node=kind == "DaemonSet",
            finite=kind in {"Job", "CronJob"},
        )


def scaled(workloads: Iterable[Workload], objects: Sequence[Document]) -> Iterator[Workload]:
    """Workloads at the sizes that their scalers allow them."""
    ranges = dict(_ranges(objects))
    for each in workloads:
        key = each.namespace, text(each.manifest.get("kind")), named(each.manifest, "name")
        least, most = ranges.get(key, (each.least, each.replicas))
        surge = each.surge if key not in ranges else _surge(each.manifest, most)
        yield replace(each, least=least, replicas=most, surge=surge)


def _ranges(objects: Iterable[Document]) -> Iterator[tuple[tuple[str, str, str], tuple[int, int]]]:
    for each in objects:
        bounds = _SCALERS.get(text(each.get("kind")))
        if bounds is None:
            continue
        spec = mapping(each.get("spec"))
        target = mapping(spec.get("scaleTargetRef"))
        key = named(each, "namespace"), text(target.get("kind")) or "Deployment", text(target.get("name"))
        default = (0, 100) if each.get("kind") == "ScaledObject" else (1, 1)
        yield key, (_count(spec.get(bounds[0]), default[0]), _count(spec.get(bounds[1]), default[1]))


def _count(value: Json, default: int = 1) -> int:
    return value if isinstance(value, int) else default


def _surge(manifest: Document, replicas: int) -> int:
    """How many pods a Deployment adds while it rolls, a quarter where nothing is said. Raises ChartsError."""
    strategy = mapping(mapping(manifest.get("spec")).get("strategy"))
    if manifest.get("kind") != "Deployment" or strategy.get("type") == "Recreate":
        return 0
    given = mapping(strategy.get("rollingUpdate")).get("maxSurge")
    try:
        return share("25%" if given is None else given, replicas)
    except ChartsError as error:
        raise ChartsError(f"{called(manifest)}: maxSurge {error.what}", remedy=error.remedy) from error

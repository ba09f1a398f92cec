"""Values that charts hand to Kubernetes as they are, told by their name, and the shape which Kubernetes gives them.

The shapes are those of the pod templates inside the custom resource definitions at hand (Ray's, Kueue's, KEDA's): a
definition that embeds a pod spells all of it out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from quantos.charts.documents import Document, Json, items, mapping

_POD_FIELDS: Final = frozenset({"affinity", "containers", "nodeSelector", "securityContext", "tolerations", "volumes"})
_AMOUNTS: Final = frozenset({"limits", "requests"})
_RESOURCE_NAMES: Final = r"^(cpu|memory|ephemeral-storage|hugepages-.+|.+/.+)$"
WORDS: Final[Document] = {"type": "object", "additionalProperties": {}}
"""Labels and annotations: texts, and not what YAML takes for a number or for true."""

_STRINGS: Final[Document] = {"type": "object", "additionalProperties": {"type": "string"}}
_OF_POD: Final = ("affinity", "dnsConfig", "hostAliases", "tolerations", "topologySpreadConstraints", "volumes")
_OF_CONTAINER: Final = (
    "env", "envFrom", "livenessProbe", "readinessProbe", "resources", "startupProbe", "volumeMounts",
)  # fmt: skip
_SECURITY: Final = "securityContext"


@dataclass(frozen=True)
class PodShapes:
    """Schemas of values by the name of their key; without definitions that embed a pod only texts by name are known."""

    by_name: Mapping[str, tuple[Document, ...]] = field(default_factory=dict)

    def of(self, key: str) -> tuple[Document, ...]:
        """Shapes that a value of this name may have, any of them; none where the name says nothing."""
        if key in {"annotations", "labels"} or key.endswith(("Annotations", "Labels")):
            return (WORDS,)
        if key == "nodeSelector" or key.endswith("NodeSelector"):
            return (_STRINGS,)
        return self.by_name.get(key) or next((self.by_name[name] for name in self.by_name if _of(key, name)), ())

    @property
    def lists(self) -> tuple[Document, ...]:
        """Shapes of lists, which charts also take under names of their own."""
        return tuple(shape for shapes in self.by_name.values() for shape in shapes if shape.get("type") == "array")


def pod_shapes(crds: Iterable[Document]) -> PodShapes:
    """Shapes from the fullest pod that any definition embeds."""
    pods = [pod for crd in crds for pod in _embedded_pods(crd)]
    if not pods:
        return PodShapes()
    pod = max(pods, key=lambda each: len(mapping(each.get("properties"))))
    of_pod = mapping(pod.get("properties"))
    of_container = mapping(mapping(mapping(of_pod.get("containers")).get("items")).get("properties"))
    shapes = {name: (mapping(of_pod[name]),) for name in _OF_POD if name in of_pod}
    shapes |= {name: (mapping(of_container[name]),) for name in _OF_CONTAINER if name in of_container}
    if "resources" in shapes:
        shapes["resources"] = (_named_resources(shapes["resources"][0]),)
    of_both = (mapping(of_container.get(_SECURITY)), mapping(of_pod.get(_SECURITY)))
    named = {"containerSecurityContext": of_both[:1], "podSecurityContext": of_both[1:], _SECURITY: of_both}
    return PodShapes({**shapes, **named})


def _of(key: str, name: str) -> bool:
    """Whether a key is a name with a word before it, as `additionalVolumes` is."""
    return key.endswith(name[0].upper() + name[1:])


def _named_resources(shape: Document) -> Document:
    """The shape with names as the server takes them: those of Kubernetes, and of others with their domain."""
    amounts = dict(mapping(shape.get("properties")))
    names: Document = {"pattern": _RESOURCE_NAMES}
    for name in _AMOUNTS & amounts.keys():
        amounts[name] = {**mapping(amounts[name]), "propertyNames": names}
    return {**shape, "properties": amounts}


def _embedded_pods(crd: Document) -> Iterator[Document]:
    for version in items(mapping(crd.get("spec")).get("versions")):
        schema = mapping(mapping(mapping(version).get("schema")).get("openAPIV3Schema"))
        yield from _pods_in(schema, ())


def _pods_in(schema: Document, path: Sequence[str]) -> Iterator[Document]:
    properties = mapping(schema.get("properties"))
    if tuple(path[-2:]) == ("template", "spec") and properties.keys() >= _POD_FIELDS:
        yield schema
        return
    for name, part in properties.items():
        yield from _pods_in(mapping(part), (*path, name))
    inner: Json = schema.get("items") or schema.get("additionalProperties")
    if isinstance(inner, dict):
        yield from _pods_in(inner, path)

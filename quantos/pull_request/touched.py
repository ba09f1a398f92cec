"""Which layers of an environment a change can touch, by digests of everything their resources follow from."""

from dataclasses import dataclass, replace

from quantos.environment.names import LAYERS
from quantos.pull_request.sources import SourceTree


@dataclass(frozen=True, kw_only=True)
class LayerTouch:
    """Whether the change can touch a layer, and why, in words.

    `program` is where the head's program begins; `stands_on` are the layers below that it needs, directly or not.
    """

    layer: str
    program: str
    in_base: bool
    touched: bool
    reason: str
    stands_on: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Touch:
    """What the change can touch of one environment.

    `packs_changed` says that the base's packs may judge otherwise than the head's, so that both have to.
    """

    environment: str
    in_base: bool
    judges_changed: bool
    packs_changed: bool
    layers: tuple[LayerTouch, ...]

    @property
    def any(self) -> bool:
        """Whether there is anything to check."""
        return any(layer.touched for layer in self.layers)


def touch_of(environment: str, *, head: SourceTree, base: SourceTree) -> Touch:
    """What differs between two trees for one environment of the head."""
    judges_changed = head.judges_digest != base.judges_digest
    in_base = environment in base.environments
    layers = tuple(_layer(layer, environment, (head, base), judges_changed=judges_changed) for layer in LAYERS)
    below = _stands_on(head, base)
    layers = tuple(replace(layer, stands_on=below[layer.layer]) for layer in layers)
    return Touch(
        environment=environment,
        in_base=in_base,
        judges_changed=judges_changed,
        packs_changed=head.packs_digest != base.packs_digest,
        layers=layers,
    )


def _layer(layer: str, environment: str, trees: tuple[SourceTree, SourceTree], *, judges_changed: bool) -> LayerTouch:
    head, base = trees
    before = base.layer_digest(layer, environment) if environment in base.environments else ""
    touched = True
    if not before:
        reason = f"new: the base does not have this {'layer' if environment in base.environments else 'environment'}"
    elif before != head.layer_digest(layer, environment):
        reason = "a file changed from which its resources follow"
    elif judges_changed:
        reason = "what judges it changed: packs, prices, locked versions or the sandbox"
    else:
        reason, touched = "no file changed from which its resources or their verdict follow", False
    return LayerTouch(layer=layer, program=head.program(layer), in_base=bool(before), touched=touched, reason=reason)


def removed(head: SourceTree, base: SourceTree) -> tuple[str, ...]:
    """What the base declares and the head does not any more, told with what then has to be done."""
    environments = [name for name in base.environments if name not in head.environments]
    layers = [name for name in base.layers if name not in head.layers]
    return (
        *(
            f"Environment {name} is gone: nothing takes down what stands of it; destroy it first."
            for name in environments
        ),
        *(f"Layer {name} is gone: nothing takes down what stands of it; destroy it first." for name in layers),
    )


def _stands_on(head: SourceTree, base: SourceTree) -> dict[str, frozenset[str]]:
    """By layer, those below that its program reads at either revision, and those that these read."""
    stands_on: dict[str, frozenset[str]] = {}
    for number, layer in enumerate(LAYERS):
        below = frozenset(LAYERS[:number])
        read = [below if known is None else known & below for known in (head.reads(layer), base.reads(layer))]
        direct = frozenset[str]().union(*read)
        stands_on[layer] = direct.union(*(stands_on[lower] for lower in direct))
    return stands_on

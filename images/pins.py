"""Digests of images in the text of an environment file: written, or blanked, with every other character left alone."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import yaml

from images.errors import ImageError
from quantos.environment.conventions import FUNCTIONS_IMAGE

BLANK: Final = f"sha256:{'0' * 64}"
"""What stands for a digest in a file that is itself in an image: no image can hold its own digest."""
_DIGEST: Final = re.compile(r"(?P<quote>[\"']?)sha256:[0-9a-f]{64}(?P=quote)")
_REMEDY: Final = "state functions.image_digest and platform.images a line each, without anchors"


@dataclass(frozen=True)
class Pinned:
    """A text with digests written, and the images that it names no place for."""

    text: str
    without_place: tuple[str, ...]


def pinned(text: str, digests: Mapping[str, str]) -> Pinned:
    """The text with the digests of these images, by name.

    Raises:
        ImageError: it is laid out so that they cannot be written in place.
    """
    places = {name: (start, end) for name, start, end in _places(text)}
    plain = all(_DIGEST.fullmatch(text[start:end]) for start, end in places.values())
    if not plain or len({*places.values()}) < len(places):
        raise ImageError("the environment file is laid out so that digests cannot be written", remedy=_REMEDY)
    changed = text
    for name in sorted(digests.keys() & places.keys(), key=lambda name: places[name], reverse=True):
        start, end = places[name]
        changed = changed[:start] + digests[name] + changed[end:]
    return Pinned(changed, tuple(sorted(digests.keys() - places.keys())))


def blanked(text: str) -> str:
    """The text with all its digests of images blank. Raises ImageError as `pinned` does."""
    return pinned(text, dict.fromkeys((name for name, _, _ in _places(text)), BLANK)).text


def _places(text: str) -> Iterator[tuple[str, int, int]]:
    """Names of images, and where the digest of each begins and ends."""
    root = _composed(text)
    functions = _child(_child(root, "functions"), "image_digest")
    if isinstance(functions, yaml.ScalarNode):
        yield FUNCTIONS_IMAGE, functions.start_mark.index, functions.end_mark.index
    images = _child(_child(root, "platform"), "images")
    for key, value in images.value if isinstance(images, yaml.MappingNode) else ():
        if isinstance(value, yaml.ScalarNode):
            yield str(key.value), value.start_mark.index, value.end_mark.index


def _composed(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as exc:
        raise ImageError(f"the environment file is no YAML: {exc}", remedy="correct the file") from exc


def _child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key:
                return value
    return None

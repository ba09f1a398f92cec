"""What kinds share that run a program of an image."""

from collections.abc import Iterator

from quantos.contracts.dag.graph import PathFault
from quantos.contracts.dag.spec import Node


def image_faults(node: Node) -> Iterator[PathFault]:
    """A program needs an image to be in."""
    if node.image is None:
        yield ("image",), f"is missing: a {node.kind} runs a program of an image, such as ghcr.io/team/name:1.2.3"

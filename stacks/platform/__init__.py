"""The platform layer: namespaces and every service in the cluster, by concern."""

import pulumi

from quantos.environment.settings import EnvironmentSettings
from stacks.platform import scaling
from stacks.platform.place import open_place


def program(settings: EnvironmentSettings) -> None:
    """Declare the layer. The foundation layer must be up, and its cluster's API reachable from here."""
    place = open_place(settings)
    scaling.declare(place)
    pulumi.export("namespaces", sorted(place.namespaces))

"""The platform layer: namespaces and every service in the cluster, by concern."""

from dataclasses import replace

import pulumi

from quantos.environment.settings import EnvironmentSettings
from stacks.platform import nodes, observability, queues, scaling
from stacks.platform.place import open_place


def program(settings: EnvironmentSettings) -> None:
    """Declare the layer. The foundation layer must be up, and its cluster's API reachable from here."""
    bare = open_place(settings)
    first = replace(bare, after=(nodes.declare_disks(bare),))
    measured = observability.metrics_args(first)
    place = replace(first, after=(*first.after, observability.declare_metrics(first, measured)))
    nodes.declare_autoscaler(place)
    nodes.declare_ingress(place, nodes.declare_certificates(place))
    scaling.declare(place)
    observability.declare(place, measured)
    queues.declare(place)
    pulumi.export("namespaces", sorted(place.namespaces))

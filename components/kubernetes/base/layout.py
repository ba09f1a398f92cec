"""Where the replicas of a service run: apart, so that a zone or a node that fails takes one of them."""

from collections.abc import Mapping
from typing import Final

ZONE: Final = "topology.kubernetes.io/zone"
HOST: Final = "kubernetes.io/hostname"


def zone_spread(labels: Mapping[str, str] | None = None) -> list[dict[str, object]]:
    """Topology spread of the pods that carry `labels`: over zones, then over nodes. None where the chart says whose.

    It is asked for and not insisted on: a pod that cannot be apart runs rather than waits.
    """
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            **({"labelSelector": {"matchLabels": dict(labels)}} if labels else {}),
        }
        for key in (ZONE, HOST)
    ]


def survives_drain(replicas: int) -> bool:
    """Whether a disruption budget makes sense: with one replica it would only hold up every drain of its node."""
    return replicas > 1

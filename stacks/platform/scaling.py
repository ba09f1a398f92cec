"""What sizes workloads in the cluster: consumers by the lag of their topics."""

from components.services.keda import Keda, KedaArgs
from stacks.platform.place import Place


def declare(place: Place) -> None:
    """Declare the scalers."""
    Keda(
        "keda",
        KedaArgs(
            namespace="keda",
            cluster_name=place.settings.names().cluster,
            replicas=place.settings.platform.replicas,
        ),
        place.inside("keda"),
    )

"""What sizes workloads in the cluster: consumers by the lag of their topics, pools by the pods that wait."""

import pulumi

from components.node_pool import Taint
from components.scale_from_zero import ScaleFromZero, ScaleFromZeroArgs
from components.services.keda import Keda, KedaArgs
from quantos.catalog.catalog import load_catalog
from stacks.platform.place import Place


def declare(place: Place) -> None:
    """Declare the scalers. The capacity layer must be up."""
    _tell_of_empty_pools(place)
    Keda(
        "keda",
        KedaArgs(
            namespace="keda",
            cluster_name=place.settings.names().cluster,
            replicas=place.settings.platform.replicas,
        ),
        place.inside("keda"),
    )


def _tell_of_empty_pools(place: Place) -> None:
    catalog, names = load_catalog(), place.settings.names()
    groups = pulumi.StackReference(names.qualified_stack("capacity")).require_output("scaling_groups")
    for name, pool in place.settings.pools.items():
        args = ScaleFromZeroArgs(
            scaling_group_name=groups.apply(lambda by_pool, name=name: by_pool[name]),
            labels=pool.labels,
            taints=[Taint(key=taint.key, value=taint.value, effect=taint.effect) for taint in pool.taints],
            disk_gib=pool.disk_gib,
            gpus=catalog.shape(pool.instance_types[0]).gpus,
        )
        ScaleFromZero(name, args)

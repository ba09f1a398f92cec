"""What a share of a demand takes on a node of a pool, what it costs there, and how much of it may be there at all."""

from quantos.allocation.choice import ChoiceDemand, ChoicePool


def fits(demand: ChoiceDemand, pool: ChoicePool) -> bool:
    """Whether the pool holds, and its zones allow, any share of the demand."""
    return in_place(demand, pool) and holds(demand, pool)


def in_place(demand: ChoiceDemand, pool: ChoicePool) -> bool:
    """Whether all zones of the pool are allowed."""
    return not demand.zones or set(pool.zones) <= set(demand.zones)


def holds(demand: ChoiceDemand, pool: ChoicePool) -> bool:
    """Whether a node has some of everything that is needed."""
    return all(held > 0 for need, held in zip(demand.need.amounts(), pool.node.amounts(), strict=True) if need > 0)


def nodes_by_resource(demand: ChoiceDemand, pool: ChoicePool) -> tuple[float, ...]:
    """Nodes that the whole demand would fill, resource by resource; 0 for what it does not need."""
    packing = demand.packing.get(pool.name, 1.0)
    return tuple(
        packing * need / held if need > 0 else 0.0
        for need, held in zip(demand.need.amounts(), pool.node.amounts(), strict=True)
    )


def share_cap(demand: ChoiceDemand, pool: ChoicePool) -> float:
    """The greatest share of the demand that this pool alone may hold."""
    cap = demand.max_pool_share
    return min(cap, demand.interruptible_share, demand.max_spot_share) if pool.spot else cap


def zone_part(pool: ChoicePool, zone: str) -> float:
    """The part of a pool that stands in a zone."""
    return 1 / len(pool.zones) if zone in pool.zones else 0.0


def nodes_filled(demand: ChoiceDemand, pool: ChoicePool) -> float:
    """Nodes that the whole demand fills, by its scarcest resource, spares for interruption included."""
    return max(nodes_by_resource(demand, pool)) / pool.availability


def filled_usd_per_hour(demand: ChoiceDemand, pool: ChoicePool) -> float:
    """Cost of the nodes that the whole demand fills.

    Fractions of nodes count as such: what rounding to whole nodes adds is the pool's, and no demand's.
    """
    return nodes_filled(demand, pool) * pool.usd_per_node_hour


def remote_usd_per_hour(demand: ChoiceDemand, pool: ChoicePool) -> float:
    """Cost of distance if the whole demand were in this pool."""
    if not demand.preferred_zones:
        return 0.0
    outside = sum(zone_part(pool, zone) for zone in pool.zones if zone not in demand.preferred_zones)
    return outside * demand.need.vcpu * demand.remote_usd_per_vcpu_hour

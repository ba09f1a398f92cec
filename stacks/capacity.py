"""The capacity layer: elastic node pools and nothing else, a pure function of pool shapes and a plan document."""

from collections.abc import Collection, Mapping

import pulumi

from components.node_pool import NodePool, NodePoolArgs, Taint
from components.plan import Plan
from quantos.contracts.plan import PlanDocument, PoolSize
from quantos.environment.settings import EnvironmentSettings, PoolSettings
from quantos.errors import SettingsError


def program(settings: EnvironmentSettings, document: PlanDocument, *, raised: Collection[str] = ()) -> None:
    """Declare the pools of `settings` at the sizes of `document`; pools in `raised` are sent a desired size."""
    foundation = pulumi.StackReference(settings.names().qualified_stack("foundation"))
    subnets = foundation.require_output("private_subnet_ids")
    templates = foundation.require_output("launch_templates")
    Plan("plan", document=document.model_dump(mode="json"))
    groups = {
        name: NodePool(
            name,
            NodePoolArgs(
                cluster_name=foundation.require_output("cluster_name"),
                node_role_arn=foundation.require_output("node_role_arn"),
                subnet_ids=subnets.apply(lambda by_zone, pool=pool: _subnets(by_zone, pool)),
                instance_types=pool.instance_types,
                capacity_type=pool.capacity_type,
                ami_type=pool.ami_type,
                template_id=templates.apply(lambda known, name=name: _template(known, name)["id"]),
                template_version=templates.apply(lambda known, name=name: _template(known, name)["version"]),
                labels=pool.labels,
                taints=[Taint(key=taint.key, value=taint.value, effect=taint.effect) for taint in pool.taints],
                minimum=size.floor,
                maximum=size.ceiling,
                raised=name in raised,
                tags=settings.pool_tags(name),
            ),
        )
        for name, pool, size in _pools(settings, document)
    }
    pulumi.export("node_groups", {name: group.node_group_name for name, group in groups.items()})
    pulumi.export("scaling_groups", {name: group.scaling_group_name for name, group in groups.items()})
    pulumi.export("plan_id", document.plan_id)
    pulumi.export("sequence", document.sequence)


def _pools(settings: EnvironmentSettings, document: PlanDocument) -> list[tuple[str, PoolSettings, PoolSize]]:
    """Every declared pool with its size; a pool that the document does not know yet stands at its own floor."""
    return [
        (name, pool, document.sizes.get(name, PoolSize(floor=pool.floor_nodes, ceiling=pool.ceiling_nodes)))
        for name, pool in settings.pools.items()
    ]


def _subnets(by_zone: Mapping[str, str], pool: PoolSettings) -> list[str]:
    return [subnet for zone, subnet in sorted(by_zone.items()) if not pool.zones or zone in pool.zones]


def _template(by_pool: Mapping[str, Mapping[str, str]], pool: str) -> Mapping[str, str]:
    if pool not in by_pool:
        raise SettingsError(
            f"the foundation layer holds no launch template of pool {pool}",
            remedy="bring the foundation layer up first",
        )
    return by_pool[pool]

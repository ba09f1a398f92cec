"""The capacity layer: elastic node pools and nothing else, a pure function of pool shapes and a plan document."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import pulumi

from components.aws.compute.node_pool import NodePool, NodePoolArgs, Taint
from components.aws.compute.plan import Plan
from quantos.capacity.adapters.composition import STEP_TIMEOUT_SECONDS
from quantos.capacity.adapters.pulumi_engine import CapacityProgram
from quantos.capacity.adapters.stores import compose_groups, compose_plan_ledger
from quantos.capacity.resize.safe_sizes import safe_sizes
from quantos.contracts.plan import PlanDocument, PoolSize
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.pools import PoolSettings, node_labels
from quantos.errors import SettingsError

RESHAPE_SECONDS: Final = 6 * 3600
"""How long a person's change of a pool's shape may take: EKS replaces its nodes a quarter at a time, waits up to 15
minutes for the pods of each to go, and starts the new ones before.

Source: https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html
"""


def program(
    settings: EnvironmentSettings,
    document: PlanDocument,
    *,
    raised: Collection[str] = (),
    update_seconds: int = RESHAPE_SECONDS,
) -> None:
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
                labels=node_labels(name, pool),
                taints=[Taint(key=taint.key, value=taint.value, effect=taint.effect) for taint in pool.taints],
                minimum=size.floor,
                maximum=size.ceiling,
                raised=name in raised,
                update_seconds=update_seconds,
                tags=settings.pool_tags(name),
            ),
        )
        for name, pool in settings.pools.items()
        for size in (pool_size(settings, document, name),)
    }
    pulumi.export("node_groups", {name: group.node_group_name for name, group in groups.items()})
    pulumi.export("scaling_groups", {name: group.scaling_group_name for name, group in groups.items()})
    pulumi.export("plan_id", document.plan_id)
    pulumi.export("sequence", document.sequence)


def resizing(settings: EnvironmentSettings) -> CapacityProgram:
    """The program as the robot runs it: sizes alone change, which takes minutes."""

    def resized(document: PlanDocument, raised: Sequence[str]) -> None:
        program(settings, document, raised=raised, update_seconds=STEP_TIMEOUT_SECONDS)

    return resized


def standing(settings: EnvironmentSettings) -> None:
    """The program as people run it: at the sizes of the applied plan document, as far as EKS takes them now.

    So it changes nothing that the robot has set, and a floor or ceiling that a person has changed comes through though
    the autoscaler's size lies outside. Raises CapacityError when document or node groups cannot be read.
    """
    document = compose_plan_ledger(settings).current().document
    wanted = {name: pool_size(settings, document, name) for name in settings.pools}
    safe = safe_sizes(wanted, actual=compose_groups(settings).single_sizes())
    held = {name: size for name, size in safe.sizes.items() if size != wanted[name]}
    for name, size in held.items():
        pulumi.warn(
            f"pool {name} has {size.ceiling} nodes: its maximum stays there, and goes down to {wanted[name].ceiling} by"
            " another `up` when the autoscaler has drained it"
        )
    program(settings, document.model_copy(update={"sizes": {**document.sizes, **held}}), raised=safe.raised)


def pool_size(settings: EnvironmentSettings, document: PlanDocument, pool: str) -> PoolSize:
    """The size of a declared pool; one that the document does not know yet stands at its own floor."""
    return document.sizes.get(pool, settings.pools[pool].declared_size)


def _subnets(by_zone: Mapping[str, str], pool: PoolSettings) -> list[str]:
    return [subnet for zone, subnet in sorted(by_zone.items()) if not pool.zones or zone in pool.zones]


def _template(by_pool: Mapping[str, Mapping[str, str]], pool: str) -> Mapping[str, str]:
    if pool not in by_pool:
        raise SettingsError(
            f"the foundation layer holds no launch template of pool {pool}",
            remedy="bring the foundation layer up first",
        )
    return by_pool[pool]

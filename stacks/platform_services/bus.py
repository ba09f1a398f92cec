"""The bus in the cluster, where the environment has Redpanda in place of MSK, and what follows it."""

import pulumi

from components.kubernetes.cluster.ebs_csi import DEFAULT_CLASS
from components.kubernetes.data.materialize import Materialize, MaterializeArgs
from components.kubernetes.events.redpanda import BROKER_CORES, BROKER_GIB, NAME, Redpanda, RedpandaArgs
from quantos.environment.functions import topic_partitions
from stacks.platform_services.context import PlatformContext

RETENTION_HOURS = 168


def declare(place: PlatformContext) -> list[pulumi.Resource]:
    """Declare what the environment asks for, which may be nothing."""
    settings, names = place.settings, place.settings.names()
    declared: list[pulumi.Resource] = []
    if settings.bus.kind == NAME:
        redpanda = Redpanda(
            "redpanda",
            RedpandaArgs(
                namespace="bus",
                users_secret=names.secret("services/redpanda"),
                brokers=settings.bus.brokers,
                cores=BROKER_CORES,
                memory_gib=BROKER_GIB,
                storage_class=DEFAULT_CLASS,
                volume_gib=settings.bus.volume_gib,
                topic_partitions=topic_partitions(),
                retention_hours=RETENTION_HOURS,
                client_image=names.image(NAME, settings.platform.images[NAME]),
                labels=place.labels(),
            ),
            place.inside("bus"),
        )
        declared.append(redpanda)
    if settings.platform.materialize is not None:
        materialize = Materialize(
            "materialize",
            MaterializeArgs(
                namespace="materialize",
                account_id=settings.account_id,
                region=settings.region,
                license_secret=settings.platform.materialize.license_secret,
            ),
            place.inside("materialize"),
        )
        declared.append(materialize)
    return declared

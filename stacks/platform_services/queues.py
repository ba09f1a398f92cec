"""Who may use which part of the elastic pools."""

from components.kubernetes.scaling.job_queues import Team
from components.kubernetes.scaling.kueue import Kueue, KueueArgs
from quantos.catalog.catalog import load_catalog
from quantos.environment.namespaces import job_namespace
from stacks.platform_services.context import PlatformContext
from stacks.platform_services.pools import queue_pools


def declare(place: PlatformContext) -> Kueue:
    """Declare the queues of every team over every pool."""
    settings = place.settings
    teams = [
        Team(name=name, weight=team.weight, namespace=job_namespace(name))
        for name, team in settings.platform.teams.items()
    ]
    return Kueue(
        "kueue",
        KueueArgs(
            namespace="kueue-system",
            teams=teams,
            pools=queue_pools(settings, catalog=load_catalog()),
            borrowing_share=settings.platform.borrowing_share,
            replicas=settings.platform.replicas,
        ),
        place.inside("kueue-system", *(team.namespace for team in teams)),
    )

"""The platform layer: namespaces and every service in the cluster, by concern."""

from dataclasses import replace

import pulumi

from quantos.environment.settings.environment import EnvironmentSettings
from stacks.platform_services import (
    admission,
    bus,
    compute,
    images,
    inference,
    nodes,
    observability,
    queries,
    queues,
    records,
    scaling,
    secrets,
    workflows,
)
from stacks.platform_services.context import open_context


def program(settings: EnvironmentSettings) -> None:
    """Declare the layer. The foundation layer must be up, and its cluster's API reachable from here.

    Disks, certificates and secrets come first, then what measures; everything else comes after these.
    """
    bare = open_context(settings)
    certificates = nodes.declare_certificates(bare)
    first = replace(bare, after=(nodes.declare_disks(bare), certificates, secrets.declare_stores(bare)))
    place = replace(first, after=(*first.after, observability.declare_metrics(first)))
    nodes.declare_certificates_monitor(place)
    secrets.declare_monitor(place)
    secrets.declare_vault(place)
    nodes.declare_autoscaler(place)
    users = records.declare_users(place)
    images.declare(place, nodes.declare_ingress(place, certificates), users=users)
    admission.declare(place)
    scaler = scaling.declare(place)
    bus.declare(place)
    observability.declare(place)
    records.declare(place, users)
    queues.declare(place)
    workflows.declare(place, users)
    queries.declare(place, scaler)
    inference.declare(place, ray=compute.declare(place, certificates=certificates))
    pulumi.export("namespaces", sorted(place.namespaces))

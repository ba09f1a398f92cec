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

    Disks, certificates and secrets come first, then what measures; everything else comes after these, and what judges
    all of it last.
    """
    bare = open_context(settings)
    certificates = nodes.declare_certificates(bare)
    first = replace(bare, after=(nodes.declare_disks(bare), certificates, secrets.declare_stores(bare)))
    place = replace(first, after=(*first.after, observability.declare_metrics(first)))
    users = records.declare_users(place)
    scaler = scaling.declare(place)
    engines = compute.declare(place, certificates=certificates)
    ingress = nodes.declare_ingress(place, certificates)
    secrets.declare_monitor(place)
    services = (
        nodes.declare_certificates_monitor(place),
        nodes.declare_disks_monitor(place),
        *secrets.declare_vault(place),
        nodes.declare_autoscaler(place),
        users,
        ingress,
        images.declare(place, ingress, users=users),
        scaler,
        *bus.declare(place),
        *observability.declare(place),
        *records.declare(place, users),
        queues.declare(place),
        *workflows.declare(place, users),
        queries.declare(place, scaler),
        engines.ray,
        *engines.others,
        inference.declare(place, ray=engines.ray),
    )
    admission.declare(place, last=services)
    pulumi.export("namespaces", sorted(place.namespaces))

"""What AWS and Kubernetes refuse, or take and ignore, of an environment file that is otherwise right.

Held when a file is read and not by the settings themselves: versions go and come, and what an earlier release has
recorded is still read (ADR 0044).
"""

import re
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network
from itertools import combinations
from typing import Final

from quantos.catalog.catalog import InstanceShape
from quantos.environment.addresses import is_public
from quantos.environment.conventions import FUNCTIONS_IMAGE, POOL_LABEL, SERVICE_SCOPE, SYSTEM_POOL
from quantos.environment.functions import function_table
from quantos.environment.namespaces import job_namespace, namespaces
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.pools import PoolSettings
from quantos.errors import SettingsError
from quantos.faults import FaultPath

AMI_TYPES: Final = (
    "AL2023_x86_64_STANDARD",
    "AL2023_ARM_64_STANDARD",
    "AL2023_x86_64_NVIDIA",
    "AL2023_ARM_64_NVIDIA",
    "AL2023_x86_64_NEURON",
)
"""EKS's images of Amazon Linux 2023, the only family that nodes are made of here."""

KAFKA_VERSIONS: Final = (
    "3.6.0", "3.7.x", "3.7.x.kraft", "3.8.x", "3.8.x.kraft", "3.9.x", "3.9.x.kraft", "4.0.x.kraft", "4.1.x.kraft",
)  # fmt: skip
"""Source: https://docs.aws.amazon.com/msk/latest/developerguide/supported-kafka-versions.html"""

POSTGRES_VERSIONS: Final = ("13", "14", "15", "16", "17", "18")
"""Source: https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html"""

IMAGES: Final = (
    "registry-api", "flight-gateway", "ray", "inference", "postgres-client", "clickhouse-server", "clickhouse-keeper",
    "vault-client",
)  # fmt: skip
"""Images of the project's own that every environment runs."""

LONGEST_ROLE_NAME: Final = 64

Faults = Iterator[tuple[FaultPath, str]]


def provider_faults(settings: EnvironmentSettings) -> Iterator[Faults]:
    """Checks of settings that may be only partly there, each by itself."""
    yield _unreachable_endpoint(settings)
    yield _repeated_admins(settings)
    yield _unknown_versions(settings)
    yield _wrong_zones(settings)
    yield _wrong_blocks(settings)
    yield _foreign_certificates(settings)
    yield _wrong_consumers(settings)
    yield _wrong_teams(settings)
    yield _wrong_images(settings)
    yield _idle_functions(settings)
    for name, pool in getattr(settings, "pools", {}).items():
        yield _wrong_pool(name, pool)


def _unreachable_endpoint(settings: EnvironmentSettings) -> Faults:
    cluster, field = settings.cluster, ("cluster", "public_access_cidrs")
    if cluster.public_access_cidrs and not cluster.answers_publicly:
        yield field, "are ignored by EKS while cluster.public_endpoint is false"
    for number, block in enumerate(cluster.public_access_cidrs):
        if not is_public(block):
            yield (*field, number), f"{block} is private or reserved: nobody comes from it, and EKS refuses it"
    yield from _overlaps(field, cluster.public_access_cidrs)


def _overlaps(field: FaultPath, blocks: Sequence[IPv4Network]) -> Faults:
    for first, second in combinations(blocks, 2):
        if first.overlaps(second):
            yield field, f"{first} and {second} overlap"


def _repeated_admins(settings: EnvironmentSettings) -> Faults:
    yield from _not_distinct(("cluster", "admins"), settings.cluster.admins)


def _not_distinct(field: FaultPath, stated: Sequence[str]) -> Faults:
    for again in sorted({item for item in stated if stated.count(item) > 1}):
        yield field, f"{again} is stated more than once"


def _unknown_versions(settings: EnvironmentSettings) -> Faults:
    versions = (
        (("bus", "kafka_version"), settings.bus.kafka_version, KAFKA_VERSIONS, "MSK"),
        (("database", "engine_version"), settings.database.engine_version, POSTGRES_VERSIONS, "RDS"),
    )
    for field, stated, known, service in versions:
        if stated not in known:
            yield field, f"{stated} is no version that {service} makes: it makes {', '.join(known)}"


def _wrong_zones(settings: EnvironmentSettings) -> Faults:
    names = [zone.name for zone in settings.network.zones]
    yield from _not_distinct(("network", "zones"), names)
    for number, name in enumerate(names):
        if name.startswith(settings.region) and not re.fullmatch(r"[a-z]", name.removeprefix(settings.region)):
            yield ("network", "zones", number, "name"), f"{name} is no zone: a region and a letter, {settings.region}a"


def _wrong_blocks(settings: EnvironmentSettings) -> Faults:
    network = settings.network
    if network.cidr.is_loopback or network.cidr.is_link_local or network.cidr.is_multicast or network.cidr.is_reserved:
        yield ("network", "cidr"), f"{network.cidr} holds no addresses of hosts"
    blocks: list[tuple[FaultPath, IPv4Network]] = [(("network", "cidr"), network.cidr)]
    for number, zone in enumerate(network.zones):
        blocks.append((("network", "zones", number, "public_cidr"), zone.public_cidr))
        blocks.append((("network", "zones", number, "private_cidr"), zone.private_cidr))
    for field, block in blocks:
        if not 16 <= block.prefixlen <= 28:
            yield field, f"{block} is of no size that a VPC or a subnet takes: /16 to /28"


def _foreign_certificates(settings: EnvironmentSettings) -> Faults:
    here = f"arn:aws:acm:{settings.region}:{settings.account_id}:"
    stated: list[tuple[FaultPath, str]] = [(("platform", "certificate_arn"), settings.platform.certificate_arn)]
    if settings.api.domain is not None:
        stated.append((("api", "domain", "certificate_arn"), settings.api.domain.certificate_arn))
    for field, certificate in stated:
        if not certificate.startswith(here):
            yield field, f"is of another account or region, which cannot be shown here: it begins with {here}"


def _wrong_consumers(settings: EnvironmentSettings) -> Faults:
    known = namespaces(tuple(settings.platform.teams))
    for name, consumer in settings.platform.consumers.items():
        field = ("platform", "consumers", name)
        yield from _not_distinct((*field, "topics"), consumer.topics)
        if consumer.namespace not in known:
            yield (*field, "namespace"), f"{consumer.namespace} is not there: jobs-TEAM, or a service's"


def _wrong_teams(settings: EnvironmentSettings) -> Faults:
    """Teams after which AWS's things are called: the longest is the role of their Spark jobs."""
    for team in settings.platform.teams:
        if team == SERVICE_SCOPE:
            yield ("platform", "teams", team), "is what the secrets of services are called by: call the team otherwise"
        role = settings.names().role(f"spark-{job_namespace(team)}")
        if (over := len(role) - LONGEST_ROLE_NAME) > 0:
            yield ("platform", "teams", team), f"makes the role {role}, {over} characters longer than IAM takes"


def _wrong_images(settings: EnvironmentSettings) -> Faults:
    images = settings.platform.images
    if FUNCTIONS_IMAGE in images:
        yield ("platform", "images", FUNCTIONS_IMAGE), "is the repository of the functions' own image"
    if lacking := [name for name in IMAGES if name not in images]:
        yield ("platform", "images"), f"must name the image of {', '.join(lacking)}, which every environment runs"


def _idle_functions(settings: EnvironmentSettings) -> Faults:
    try:
        function_table(settings)
    except SettingsError as exc:
        yield ("functions", "warm"), exc.what.removeprefix("functions.warm: ")


def _wrong_pool(name: str, pool: PoolSettings) -> Faults:
    field = ("pools", name)
    if name == SYSTEM_POOL:
        yield field, "is what the fixed nodes of the cluster are called: call the pool otherwise"
    if pool.labels.get(POOL_LABEL, name) != name:
        yield (*field, "labels", POOL_LABEL), f"is {name} for every node of this pool"
    yield from _not_distinct((*field, "instance_types"), pool.instance_types)
    yield from _not_distinct((*field, "zones"), pool.zones)
    for place, fault in _not_distinct((*field, "taints"), [taint.key for taint in pool.taints]):
        yield place, f"{fault}, and the Cluster Autoscaler learns of one taint by key"


def image_faults(field: FaultPath, ami_type: str, *, shape: InstanceShape) -> Faults:
    """An image of another architecture does not start; one without the driver shows no accelerator to Kubernetes."""
    wanted = "arm64" if "ARM_64" in ami_type else "x86_64"
    if ami_type not in AMI_TYPES:
        yield field, f"{ami_type} is no image that nodes are made of here: {', '.join(AMI_TYPES)}"
    elif shape.architecture != wanted:
        yield field, f"{ami_type} is for {wanted}, {shape.instance_type} is {shape.architecture}"
    elif not ami_type.endswith(kind := _image_kind(shape)):
        yield field, f"{ami_type} has not the drivers of {shape.instance_type}, which an image of kind {kind} has"


def _image_kind(shape: InstanceShape) -> str:
    """The last word of the image type that has the drivers of an instance, and no others."""
    if shape.gpus:
        return "NVIDIA"
    return "NEURON" if shape.family.startswith(("inf", "trn")) else "STANDARD"

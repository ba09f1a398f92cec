"""What an environment file says in the right shape and nobody can have meant: exemptions, names, services, numbers."""

import math
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from pydantic import BaseModel

from quantos.catalog.catalog import Catalog
from quantos.catalog.support_ends import support_ends
from quantos.environment.settings.base import Region
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.faults import FaultPath

ENDPOINT_SERVICES: Final = frozenset({
    "acm-pca", "airflow.api", "airflow.env", "airflow.ops", "appconfig", "appconfigdata", "application-autoscaling",
    "athena", "autoscaling", "backup", "batch", "bedrock", "bedrock-runtime", "cassandra", "cloudformation",
    "cloudtrail", "codeartifact.api", "codeartifact.repositories", "codebuild", "codecommit", "codepipeline", "config",
    "datasync", "dms", "ebs", "ec2", "ec2messages", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "eks",
    "eks-auth", "elasticache", "elasticfilesystem", "elasticloadbalancing", "elasticmapreduce", "emr-containers",
    "emr-serverless", "events", "execute-api", "fis", "fsx", "git-codecommit", "glue", "guardduty", "guardduty-data",
    "imagebuilder", "inspector2", "kinesis-firehose", "kinesis-streams", "kms", "lakeformation", "lambda", "logs",
    "macie2", "memory-db", "monitoring", "organizations", "pipes", "polly", "private-networks", "ram", "rds",
    "rds-data", "redshift", "redshift-data", "rolesanywhere", "s3", "sagemaker.api", "sagemaker.runtime", "scheduler",
    "secretsmanager", "securityhub", "servicecatalog", "sns", "sqs", "ssm", "ssm-contacts", "ssm-incidents",
    "ssmmessages", "states", "storagegateway", "sts", "sync-states", "synthetics", "textract", "transfer", "xray",
})  # fmt: skip
"""Source: https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html

DynamoDB is not among them: its gateway costs nothing, and is there already."""
ZONES: Final[dict[Region, str]] = {
    "us-east-1": "abcdef", "us-east-2": "abc", "us-west-2": "abcd", "ca-central-1": "abd", "eu-west-1": "abc",
    "eu-west-2": "abc", "eu-central-1": "abc", "eu-central-2": "abc", "ap-northeast-1": "abcd",
    "ap-southeast-1": "abc", "ap-southeast-2": "abc", "ap-east-1": "abc",
}  # fmt: skip
"""Letters of availability zones. Source: https://docs.aws.amazon.com/global-infrastructure/latest/regions/"""
LONGEST_EXEMPTION: Final = timedelta(days=2 * 366)
SMALLEST: Final = 1e-6
LARGEST: Final = 1e8
LARGEST_USE: Final = 1e12
_REGISTRY: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*")
_ISSUER: Final = re.compile(
    r"https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~%!$&*+,;=:/-]*)?"
)

Faults = Iterator[tuple[FaultPath, str]]


def plausibility_faults(settings: EnvironmentSettings, catalog: Catalog, *, today: date) -> Iterator[Faults]:
    """Checks of settings that may be only partly there, each by itself.

    Days go by, so an exemption that was too long comes to be right, and never the other way.
    """
    yield _loose_exemptions(settings, today)
    yield _unknown_services(settings)
    yield _unknown_zones(settings)
    yield _unknown_kubernetes(settings)
    yield _unpriced_classes(settings, catalog)
    yield _unreadable_registries(settings)
    yield _blank_words(settings)
    yield _unreadable_issuers(settings)
    yield _absurd_numbers(settings)


def _loose_exemptions(settings: EnvironmentSettings, today: date) -> Faults:
    for number, exemption in enumerate(settings.exemptions):
        field = ("exemptions", number)
        if not re.search(r"[A-Za-z0-9]", exemption.resource):
            yield (*field, "resource"), f"{exemption.resource} is every resource: begin or end with what it is called"
        if not exemption.owner.strip():
            yield (*field, "owner"), "is blank: name who answers for it"
        if len(exemption.reason.split()) < 3:
            yield (*field, "reason"), "says nothing: give the reason in words"
        if exemption.expires > today + LONGEST_EXEMPTION:
            yield (*field, "expires"), f"{exemption.expires} is more than two years ahead: look at it again before"


def _unknown_services(settings: EnvironmentSettings) -> Faults:
    for number, service in enumerate(settings.network.endpoint_services):
        if service not in ENDPOINT_SERVICES:
            yield ("network", "endpoint_services", number), f"{service} is no service with an interface endpoint"


def _unknown_zones(settings: EnvironmentSettings) -> Faults:
    for number, zone in enumerate(settings.network.zones):
        letter = zone.name.removeprefix(settings.region)
        if len(letter) == 1 and letter.isalpha() and letter not in ZONES[settings.region]:
            known = ", ".join(f"{settings.region}{each}" for each in ZONES[settings.region])
            yield ("network", "zones", number, "name"), f"{zone.name} is not there: the region has {known}"


def _unknown_kubernetes(settings: EnvironmentSettings) -> Faults:
    known = [version for product, version in support_ends() if product == "eks"]
    if (stated := settings.cluster.kubernetes_version) not in known:
        yield ("cluster", "kubernetes_version"), f"{stated} is no version that EKS makes: it makes {', '.join(known)}"


def _unpriced_classes(settings: EnvironmentSettings, catalog: Catalog) -> Faults:
    """Where services of the region have prices at all."""
    priced = catalog.services.get(settings.region, {})
    stated = (
        (("bus", "broker_type"), "msk", settings.bus.broker_type),
        (("database", "instance_class"), "rds-postgres", settings.database.instance_class),
    )
    for field, service, stated_class in stated:
        if priced and f"{service}-{stated_class}" not in priced:
            yield field, f"{stated_class} has no price in {settings.region}: is there such a one?"


def _unreadable_registries(settings: EnvironmentSettings) -> Faults:
    for number, registry in enumerate(settings.security.registries):
        if _REGISTRY.fullmatch(registry) is None:
            yield ("security", "registries", number), f"{registry!r} is no host, with or without a path"


def _blank_words(settings: EnvironmentSettings) -> Faults:
    stated: list[tuple[FaultPath, str]] = [
        (("owner",), settings.owner),
        (("cost_centre",), settings.cost_centre),
        *((("api", "audiences", number), each) for number, each in enumerate(settings.api.audiences)),
        *((("limits", "required_tags", number), each) for number, each in enumerate(settings.limits.required_tags)),
        *(
            (("limits", "instance_families", number), each)
            for number, each in enumerate(settings.limits.instance_families)
        ),
    ]
    for field, word in stated:
        if not word.isprintable() or word != word.strip() or not re.search(r"\w", word):
            yield field, f"{word!r} is blank, or has blanks at its ends or characters that nobody sees"


def _unreadable_issuers(settings: EnvironmentSettings) -> Faults:
    stated: list[tuple[FaultPath, str]] = [(("api", "issuer"), settings.api.issuer)]
    if settings.platform.sign_on is not None:
        stated.append((("platform", "sign_on", "issuer"), settings.platform.sign_on.issuer))
    for field, issuer in stated:
        if _ISSUER.fullmatch(issuer) is None:
            yield field, f"{issuer!r} is no issuer: https, a host and a path, without a user, a query or a fragment"


def _absurd_numbers(settings: EnvironmentSettings) -> Faults:
    for path, value in _numbers(settings, ()):
        largest = LARGEST_USE if path[:1] == ("usage",) else LARGEST
        if value > largest or 0 < value < SMALLEST:
            yield path, f"{value:g} cannot be meant: from {SMALLEST:g} to {largest:g}"


def _numbers(value: object, path: FaultPath) -> Iterator[tuple[FaultPath, float]]:
    if isinstance(value, bool) or value in (math.inf, -math.inf):
        return
    if isinstance(value, int | float):
        yield path, float(value) if abs(value) < LARGEST_USE * 10 else LARGEST_USE * 10
    elif isinstance(value, BaseModel):
        for name in sorted(value.model_fields_set):
            yield from _numbers(getattr(value, name), (*path, name))
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _numbers(part, (*path, str(name)))
    elif isinstance(value, tuple):
        for number, part in enumerate(value):
            yield from _numbers(part, (*path, number))

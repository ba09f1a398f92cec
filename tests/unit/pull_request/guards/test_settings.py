"""What an environment file lets pass more than before."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast, get_args

import pytest
from pydantic import BaseModel

from quantos.documents.yaml_document import read_yaml
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.pull_request.guards.settings import GUARDED_SETTINGS, UNGUARDED_SETTINGS, loosened

ROOT = Path(__file__).resolve().parents[4]
DEV = read_yaml((ROOT / "stacks/environments/dev.yaml").read_text(encoding="utf-8")).value
ABSENT = object()
EXEMPTION = {
    "rule": "bucket-has-policy",
    "layer": "control",
    "resource": "logs",
    "owner": "platform",
    "reason": "the forwarder of another firm",
    "expires": "2027-01-01",
}


def changed(path: str, value: object) -> dict[str, Any]:
    document = cast("dict[str, Any]", copy.deepcopy(DEV))
    *above, last = path.split("/")
    place = document
    for key in above:
        place = place.setdefault(key, {})
    if value is ABSENT:
        del place[last]
    else:
        place[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("limits/max_nodes", 91),
        ("limits/ceiling_usd_per_hour", 40.01),
        ("limits/max_increase", 0.5),  # not written in the base: 0.25 by default
        ("limits/usd_per_month/control", 1501),
        ("limits/usd_per_month/new", 1),
        ("limits/min_batch_spot_share", 0.4),
        ("limits/instance_families", ["c6i", "p5"]),
        ("limits/required_tags", ["environment"]),
        ("limits/max_step_up_nodes", "many"),
        ("pools/cpu/ceiling_nodes", 41),
        ("pools/new", {"ceiling_nodes": 400}),
        ("cluster/admins", ["arn:aws:iam::999988887777:role/x"]),
        ("cluster/public_access_cidrs", ["0.0.0.0/0"]),
        ("security/registries", ["docker.io"]),
        ("allowed_regions", ["us-east-1", "eu-west-1"]),
        ("key_deletion_window_days", 6),
        ("cluster/log_retention_days", 29),
        ("audit/retention_days", 2),
        ("bus/kind", "redpanda"),
        ("database/max_storage_gib", 51),
        ("platform/images/ray", "sha256:1"),
        ("platform/images/new", "sha256:1"),
        ("platform/quota_share/cpu", 3),
        ("platform/retention_days", 6),
        ("api/team_claim", "group"),
        ("platform/teams/research/statements", ["s3://queries/", "s3://others/"]),
        ("platform/teams/research/urgent_subjects", ["mallory"]),
        ("platform/teams/risk/budget", {"cpu_hours": 1e6}),
        ("platform/certificate_arn", "arn:aws:acm:us-east-1:123456789012:certificate/x"),
        ("pools/cpu-spot/workload", "service"),
        ("pools/cpu-spot/workload", ABSENT),
        ("actuator/min_interval_seconds", 0),
        ("actuator/hold_seconds", 0),
        ("mode", "advise"),
        ("usage/api_million_requests", 0.5),
        ("usage/dynamodb_gib/demand", 4),
        ("exemptions", [EXEMPTION]),
    ],
)
def test_what_lets_more_pass_is_named(path: str, value: object) -> None:
    (first, *_) = list(loosened(DEV, changed(path, value)))
    assert ".".join(map(str, first[0])).startswith(path.replace("/", "."))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("limits/max_nodes", 89),
        ("limits/max_increase", 0.2),
        ("limits/max_increase", 0.25),
        ("limits/min_batch_spot_share", 0.6),
        ("limits/instance_families", ["c6i"]),
        ("limits/required_tags", ["environment", "pool", "owner", "cost-centre", "more"]),
        ("limits/usd_per_month/control", 1400),
        ("pools/cpu/ceiling_nodes", 39),
        ("pools/cpu/disk_gib", 500),
        ("cluster/admins", []),
        ("deletion_protection", True),
        ("usage/api_million_requests", 3),
        ("security/registries", []),
        ("database/max_storage_gib", 49),
        ("platform/retention_days", 8),
        ("platform/teams/research/statements", []),
        ("platform/borrowing_share", 0.5),
        ("actuator/min_interval_seconds", 10801),
        ("exemptions", []),
        ("owner", "somebody"),
    ],
)
def test_what_lets_less_pass_or_nothing_more_is_not(path: str, value: object) -> None:
    assert list(loosened(DEV, changed(path, value))) == []


def test_protection_that_is_switched_off_is_named() -> None:
    base = changed("deletion_protection", True)
    assert [field for field, _ in loosened(base, DEV)] == [("deletion_protection",)]


def test_an_exemption_that_lasts_longer_is_named_and_one_that_goes_is_not() -> None:
    base = changed("exemptions", [EXEMPTION])
    longer = changed("exemptions", [{**EXEMPTION, "expires": "2028-01-01"}])
    assert [field for field, _ in loosened(base, longer)] == [("exemptions", 0)]
    assert list(loosened(base, changed("exemptions", []))) == []
    ((_, said),) = loosened(DEV, base)
    assert "bucket-has-policy" in said
    assert "another firm" in said


def fields(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Every field, `*` for the keys of mappings."""
    for name, field in model.model_fields.items():
        path = f"{above}{name}"
        inner = [field.annotation, *get_args(field.annotation)]
        models = [each for each in inner if isinstance(each, type) and issubclass(each, BaseModel)]
        star = "*." if getattr(field.annotation, "__origin__", None) is dict else ""
        for below in models:
            yield from fields(below, f"{path}.{star}")
        if not models:
            yield path


def test_every_field_of_an_environment_is_called_a_guard_or_not() -> None:
    known = (*GUARDED_SETTINGS, *UNGUARDED_SETTINGS, "exemptions")
    unknown = [
        path for path in fields(EnvironmentSettings) if not any(f"{path}.".startswith(f"{each}.") for each in known)
    ]
    assert unknown == []


def test_every_guard_is_a_field() -> None:
    paths = list(fields(EnvironmentSettings))
    named = (*GUARDED_SETTINGS, *UNGUARDED_SETTINGS)
    assert [each for each in named if not any(f"{path}.".startswith(f"{each}.") for path in paths)] == []

"""Environment files of the right shape that nobody can have meant, one thing changed at a time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import botocore.session
import pytest
import yaml

from quantos.catalog.catalog import load_catalog
from quantos.environment.load import load_environment
from quantos.environment.plausibility import ZONES
from quantos.environment.settings.base import Region
from quantos.errors import SettingsError
from tests.support.changed import changed
from tests.support.environments import ENVIRONMENTS

DEV = yaml.safe_load((ENVIRONMENTS / "dev.yaml").read_text(encoding="utf-8"))
DEV["security"] = {"registries": ["quay.io"]}
DEV["limits"]["required_tags"] = ["environment", "pool", "owner", "cost-centre"]
SERVICES = DEV["network"]["endpoint_services"]
NOW = datetime(2026, 11, 30, tzinfo=UTC)
TODAY = NOW.date()


def faults(path: str, value: object, folder: Path) -> list[str]:
    (folder / "dev.yaml").write_text(yaml.safe_dump(changed(DEV, path, value), allow_unicode=True), encoding="utf-8")
    try:
        load_environment("dev", root=folder, catalog=load_catalog(), clock=lambda: NOW)
    except SettingsError as refused:
        return [fault.field for fault in refused.faults]
    return []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("exemptions.0.resource", "harbor-*"),
        ("exemptions.0.expires", (TODAY + timedelta(days=700)).isoformat()),
        ("network.zones.2.name", "us-east-1f"),
        ("network.endpoint_services", [*SERVICES, "athena"]),
        ("cluster.kubernetes_version", "1.34"),
        ("bus.broker_type", "kafka.m5.large"),
        ("database.instance_class", "db.t4g.medium"),
        ("security.registries", ["quay.io", "registry.example:5000/team/images"]),
        ("api.audiences", ["quantos", "desk tools"]),
        ("api.issuer", "https://login.example.com/realms/desk"),
        ("usage.s3_gib", {"lake": 1e9, "otherwise": 0}),
    ],
)
def test_what_can_be_meant_is_taken(path: str, value: object, tmp_path: Path) -> None:
    assert faults(path, value, tmp_path) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *(("exemptions.0.resource", pattern) for pattern in ("*", "**", "?*", "* *", "*/*")),
        ("exemptions.0.owner", "   "),
        *(("exemptions.0.reason", reason) for reason in (" " * 30, "x" * 40, "because ................")),
        *(("exemptions.0.expires", day) for day in ("9999-12-31", (TODAY + timedelta(days=800)).isoformat())),
        *(("network.zones.2.name", zone) for zone in ("us-east-1g", "us-east-1z")),
        ("cluster.kubernetes_version", "1.99"),
        ("cluster.kubernetes_version", "1.10"),
        *(("bus.broker_type", kind) for kind in ("kafka.q9.huge", "express.m7g.large", "m7g.large")),
        *(("database.instance_class", kind) for kind in ("db.z9.huge", "db.m1.small", "t4g.small")),
        *(
            ("security.registries.0", host)
            for host in ("*", "", " ", "https://quay.io", "quay.io/*", "quay.io/", "QUAY.io", "quay.io@x", "quay io")
        ),
        *(("api.audiences.0", word) for word in ("", " ", "a ", "a\x1b[2J", "a\u2028b", "a\u202eb")),
        ("owner", " "),
        ("owner", "desk\u2028"),
        ("cost_centre", "..."),
        ("limits.required_tags.0", " "),
        ("limits.instance_families.0", "*"),
        *(
            ("api.issuer", issuer)
            for issuer in ("https://u:p@x.example/", "https://x.example/#?", "https://x.example?a")
        ),
        *(("platform.sign_on", {"issuer": issuer}) for issuer in ("https://", "https://a\nb: c", "https://a b")),
        ("api.requests_per_second", 1e12),
        ("api.requests_per_second", 1e-300),
        ("limits.max_increase", 1e300),
        ("platform.quota_share.cpu", 10**30),
        ("usage.nat_gib", 1e308),
        ("pools.cpu.ceiling_usd_per_hour", 1e-9),
    ],
)
def test_what_nobody_can_mean_is_refused_where_it_stands(path: str, value: object, tmp_path: Path) -> None:
    refused = faults(path, value, tmp_path)
    assert any(field.startswith(path) for field in refused)


@pytest.mark.parametrize("service", ["foo", "ecr.apii", "com.amazonaws.us-east-1.sqs", "-", "..", "dynamodb"])
def test_an_endpoint_is_of_a_service_that_has_one(service: str, tmp_path: Path) -> None:
    field = f"network.endpoint_services.{len(SERVICES)}"
    assert faults("network.endpoint_services", [*SERVICES, service], tmp_path) == [field]


def test_zones_are_told_of_every_region() -> None:
    assert set(ZONES) == set(get_args(Region)) <= set(botocore.session.get_session().get_available_regions("ec2"))

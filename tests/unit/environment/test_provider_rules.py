"""Environment files that hold together and that AWS or Kubernetes refuse, or take and ignore."""

from pathlib import Path

import botocore.session
import pytest
import yaml

from quantos.catalog.catalog import load_catalog
from quantos.documents.cross_field import part_of
from quantos.environment.load import load_environment
from quantos.environment.provider_rules import AMI_TYPES, provider_faults
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import SettingsError
from tests.support.changed import ABSENT, changed
from tests.support.environments import ENVIRONMENTS

DEV = yaml.safe_load((ENVIRONMENTS / "dev.yaml").read_text(encoding="utf-8"))
ROLE = "arn:aws:iam::123456789012:role/"
TAINT = {"key": "quantos.io/spot", "value": "true", "effect": "NO_SCHEDULE"}
TEAM = {"weight": 1, "cost_centre": "cc-1"}
DIGEST = f"sha256:{'0' * 64}"
CERTIFICATE = "certificate/00000000-0000-0000-0000-000000000000"


def consumer(**fields: object) -> dict[str, dict[str, object]]:
    bars = {"namespace": "jobs-research", "topics": ["telemetry.market"], "lag": 1, "minimum": 0, "maximum": 2}
    return {"bars": {**bars, **fields}}


def faults(document: dict[str, object], folder: Path) -> list[str]:
    (folder / "dev.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    try:
        load_environment("dev", root=folder, catalog=load_catalog())
    except SettingsError as refused:
        return [f"{fault.field}: {fault.message}" for fault in refused.faults]
    return []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("cluster.public_access_cidrs", ["8.8.8.0/24", "1.1.1.1/32"]),
        ("cluster.public_access_cidrs", ["0.0.0.0/0"]),
        ("cluster.admins", [f"{ROLE}admin", "arn:aws:iam::999988887777:role/admin", f"{ROLE}team/admin"]),
        ("cluster.log_retention_days", 3653),
        ("pools.cpu.labels", {"quantos.io/pool": "cpu", "quantos.io/burst": "true"}),
        ("pools.cpu.taints", [TAINT, {**TAINT, "key": "quantos.io/cpu", "value": ""}]),
        ("pools.gpu.instance_types", ["g5.2xlarge"]),
        ("platform.consumers", consumer(minimum=2)),
        ("platform.consumers", consumer(namespace="clickhouse")),
        ("bus.kafka_version", "3.9.x"),
        ("pools.cpu.owner", "Équipe d'exécution".replace("'", " ")),
        ("network.zones.0.name", "us-east-1f"),
        (f"platform.teams.{'t' * 40}", TEAM),
        ("platform.images.redpanda", DIGEST),
    ],
)
def test_what_aws_takes_is_taken(path: str, value: object, tmp_path: Path) -> None:
    assert faults(changed(DEV, path, value), tmp_path) == []


@pytest.mark.parametrize(
    ("path", "value", "field", "fault"),
    [
        ("cluster.public_access_cidrs", ["10.0.0.0/8"], "cluster.public_access_cidrs.0", "private or reserved"),
        ("cluster.public_access_cidrs", ["8.8.8.0/24", "203.0.113.0/24"], "cluster.public_access_cidrs.1", "reserved"),
        ("cluster.public_access_cidrs", ["100.64.0.0/10"], "cluster.public_access_cidrs.0", "private or reserved"),
        ("cluster.public_access_cidrs", ["169.254.0.0/16"], "cluster.public_access_cidrs.0", "private or reserved"),
        ("cluster.public_access_cidrs", ["224.0.0.0/4"], "cluster.public_access_cidrs.0", "private or reserved"),
        ("cluster.public_access_cidrs", ["240.0.0.0/4"], "cluster.public_access_cidrs.0", "private or reserved"),
        ("cluster.public_access_cidrs", ["8.8.8.0/24", "8.8.8.0/25"], "cluster.public_access_cidrs", "overlap"),
        ("cluster.public_access_cidrs", ["8.8.8.1/24"], "cluster.public_access_cidrs.0", "host bits"),
        ("cluster.public_access_cidrs", ["::ffff:808:800/120"], "cluster.public_access_cidrs.0", ""),
        ("cluster.public_endpoint", True, "cluster.public_access_cidrs", "must say who"),
        ("cluster.admins", [f"{ROLE}admin", f"{ROLE}admin"], "cluster.admins", "more than once"),
        ("cluster.admins", [], "cluster.admins", "at least 1"),
        ("cluster.admins", [f"{ROLE}{'a' * 65}"], "cluster.admins.0", "pattern"),
        ("cluster.admins", ["arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/admin"], "cluster.admins.0", "pattern"),
        ("account_id", "١٢٣٤٥٦٧٨٩٠١٢", "account_id", "pattern"),
        ("cluster.log_retention_days", 31, "cluster.log_retention_days", "such as 30"),
        ("cluster.log_retention_days", True, "cluster.log_retention_days", "valid integer"),
        ("functions.log_retention_days", 36500, "functions.log_retention_days", "such as 3653"),
        ("cluster.system_nodes.nodes", 451, "cluster.system_nodes.nodes", "less than or equal to 450"),
        ("cluster.system_nodes.instance_types", ["m7g.xlarge"], "cluster.system_nodes.instance_types", "is for x86_64"),
        ("cluster.system_nodes.instance_types", ["g5.xlarge"], "cluster.system_nodes.instance_types", "drivers"),
        ("owner", "", "owner", "at least 1"),
        ("owner", "a<b", "owner", "pattern"),
        ("pools.cpu.owner", "x" * 257, "pools.cpu.owner", "at most 256"),
        ("pools.cpu.cost_centre", "AWS:mine", "pools.cpu.cost_centre", "aws:"),
        ("network.cidr", "10.0.0.0/8", "network.cidr", "of no size"),
        ("network.zones.0.public_cidr", "10.20.0.0/29", "network.zones.0.public_cidr", "of no size"),
        ("network.zones.1.name", "us-east-1a", "network.zones", "more than once"),
        ("network.zones.1.name", "us-east-10b", "network.zones.1.name", "is no zone"),
        ("bus.kafka_version", "9.9.9", "bus.kafka_version", "is no version that MSK makes"),
        ("bus.broker_type", "m7g.large", "bus.broker_type", "pattern"),
        ("bus.brokers", 18, "bus.brokers", "less than or equal to 15"),
        ("database.engine_version", "99", "database.engine_version", "is no version that RDS makes"),
        ("pools.cpu.ami_type", "AL2023_x86_64", "pools.cpu.ami_type", "is no image"),
        ("pools.cpu.ami_type", "BOTTLEROCKET_x86_64", "pools.cpu.ami_type", "is no image"),
        ("pools.cpu.ami_type", "AL2023_x86_64_NVIDIA", "pools.cpu.ami_type", "of kind STANDARD"),
        ("pools.gpu.ami_type", "AL2023_x86_64_STANDARD", "pools.gpu.ami_type", "of kind NVIDIA"),
        ("pools.gpu.ami_type", "AL2023_ARM_64_NVIDIA", "pools.gpu.ami_type", "is for arm64"),
        ("pools.cpu.labels", {"quantos.io/pool": "memory"}, 'pools.cpu.labels."quantos.io/pool"', "is cpu"),
        ("pools.cpu.labels", {"quantos.io/burst": True}, 'pools.cpu.labels."quantos.io/burst"', "valid string"),
        ("pools.cpu.labels", {"karpenter.sh/nodepool": "cpu"}, 'pools.cpu.labels."karpenter.sh/nodepool"', "reserved"),
        ("pools.cpu.taints", [TAINT, {**TAINT, "effect": "NO_EXECUTE"}], "pools.cpu.taints", "one taint by key"),
        ("pools.cpu.taints", [{**TAINT, "key": "a b"}], "pools.cpu.taints.0", "is called"),
        ("pools.cpu.taints", [{**TAINT, "effect": "NoSchedule"}], "pools.cpu.taints.0.effect", "NO_SCHEDULE"),
        ("pools.cpu.instance_types", ["c7i.2xlarge"] * 2, "pools.cpu.instance_types", "more than once"),
        ("pools.cpu.instance_types", [], "pools.cpu.instance_types", "at least 1"),
        ("pools.cpu.zones", ["us-east-1a"] * 2, "pools.cpu.zones", "more than once"),
        ("pools.system", DEV["pools"]["cpu"], "pools.system", "fixed nodes"),
        ("pools.cpu-", DEV["pools"]["cpu"], "pools.cpu-", "pattern"),
        (f"pools.{'p' * 41}", DEV["pools"]["cpu"], f"pools.{'p' * 41}", "pattern"),
        ("platform.domain", "-a.internal", "platform.domain", "pattern"),
        (
            "platform.certificate_arn",
            f"arn:aws:acm:eu-west-1:123456789012:{CERTIFICATE}",
            "platform.certificate_arn",
            "another account or region",
        ),
        (
            "api.domain",
            {
                "name": "api.example.com",
                "certificate_arn": f"arn:aws:acm:us-east-1:999988887777:{CERTIFICATE}",
                "trust_store_uri": "s3://quantos-dev/clients.pem",
            },
            "api.domain.certificate_arn",
            "another account or region",
        ),
        ("platform.consumers", consumer(namespace="jobs-nobody"), "platform.consumers.bars.namespace", "not there"),
        ("functions.warm", {"api": 9}, "functions.warm", "at most 5 ever run"),
        ("platform.teams.services", TEAM, "platform.teams.services", "secrets of services"),
        ("platform.teams.a-", TEAM, "platform.teams.a-", "pattern"),
        ("platform.images.functions", DIGEST, "platform.images.functions", "the functions' own"),
        ("platform.images.a--b", DIGEST, "platform.images.a--b", "pattern"),
        ("platform.images.ray", ABSENT, "platform.images", "must name the image of ray"),
        ("platform.consumers", consumer(topics=["a", "a"]), "platform.consumers.bars.topics", "more than once"),
        ("platform.consumers", consumer(topics=["a b"]), "platform.consumers.bars.topics.0", "pattern"),
        ("platform.consumers", consumer(minimum=3), "platform.consumers.bars", "minimum 3 is above maximum 2"),
        ("platform.trino.minimum", 9, "platform.trino", "minimum 9 is above maximum"),
        ("platform.inference.workers.minimum", 9, "platform.inference.workers", "minimum 9 is above maximum"),
    ],
)
def test_what_aws_refuses_or_ignores_is_refused(
    path: str, value: object, field: str, fault: str, tmp_path: Path
) -> None:
    (line,) = faults(changed(DEV, path, value), tmp_path)
    assert line.startswith(f"{field}: ")
    assert fault in line


@pytest.mark.parametrize(("letters", "refused"), [(37, False), (38, True)])
def test_a_team_gives_no_role_a_name_that_is_too_long(letters: int, refused: bool) -> None:
    """`quantos-staging-spark-jobs-` is 27 of IAM's 64 characters."""
    staging = yaml.safe_load((ENVIRONMENTS / "staging.yaml").read_text(encoding="utf-8"))
    settings = EnvironmentSettings.model_validate(changed(staging, f"platform.teams.{'t' * letters}", TEAM))
    messages = [message for check in provider_faults(settings) for _, message in check]
    assert [("longer than IAM takes" in message) for message in messages] == [True] * refused


def test_blocks_are_not_stated_beside_an_endpoint_that_is_switched_off(tmp_path: Path) -> None:
    stated = changed(DEV, "cluster.public_access_cidrs", ["8.8.8.0/24"])
    assert faults(stated, tmp_path) == []
    assert faults(changed(stated, "cluster.public_endpoint", True), tmp_path) == []
    (line,) = faults(changed(stated, "cluster.public_endpoint", False), tmp_path)
    assert "are ignored by EKS" in line


@pytest.mark.parametrize(("blocks", "stated", "public"), [([], None, False), (["8.8.8.0/24"], None, True)])
def test_an_endpoint_is_public_where_blocks_are_stated(blocks: list[str], stated: bool | None, public: bool) -> None:
    document = changed(DEV, "cluster.public_access_cidrs", blocks)
    settings = EnvironmentSettings.model_validate(changed(document, "cluster.public_endpoint", stated))
    assert settings.cluster.answers_publicly is public


def test_images_are_ones_that_eks_has() -> None:
    shape = botocore.session.get_session().get_service_model("eks").shape_for("AMITypes")
    assert set(AMI_TYPES) <= set(shape.metadata["enum"])


def test_checks_of_a_file_that_is_partly_there_end_where_they_need_the_rest() -> None:
    for check in provider_faults(part_of(EnvironmentSettings, {})):
        with pytest.raises(AttributeError):
            list(check)

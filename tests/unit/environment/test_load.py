"""Reading environment files: each mistake is named once, with its file and field, and what to do."""

import copy
import math
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import cast, get_args

import pytest
import yaml
from pydantic import BaseModel

from quantos.catalog.catalog import load_catalog
from quantos.environment.load import load_environment
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.network import FUNCTION_SERVICES, POD_SERVICES
from quantos.environment.settings.pools import node_labels
from quantos.errors import SettingsError

ENVIRONMENTS = Path(__file__).resolve().parents[3] / "stacks" / "environments"
DEV = yaml.safe_load((ENVIRONMENTS / "dev.yaml").read_text(encoding="utf-8"))


def changed(field: str, value: object) -> dict:
    """The committed `dev` with one field, `pools.cpu.floor_nodes`, set."""
    document = copy.deepcopy(DEV)
    *parents, last = field.split(".")
    part = document
    for parent in parents:
        part = part[int(parent)] if isinstance(part, list) else part[parent]
    part[last] = value
    return document


def without(field: str) -> dict:
    document = copy.deepcopy(DEV)
    del document[field]
    return document


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[[dict | str], str]:
    def read(document: dict | str, name: str = "dev") -> str:
        root = tmp_path / "stacks" / "environments"
        root.mkdir(parents=True)
        text = document if isinstance(document, str) else yaml.safe_dump(document)
        (root / f"{name}.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(SettingsError) as caught:
            load_environment(name, root=root, catalog=load_catalog())
        assert caught.value.remedy
        return str(caught.value)

    return read


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_committed_environments_are_right(name: str) -> None:
    settings = load_environment(name, root=ENVIRONMENTS, catalog=load_catalog())
    assert isinstance(settings, EnvironmentSettings)
    assert settings.name == name


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(
            changed("region", "us-east-9"), "region: input should be 'us-east-1', 'us-east-2'", id="unknown-region"
        ),
        pytest.param(
            changed("limits.ceiling_usd_per_hour", math.inf),
            "limits.ceiling_usd_per_hour: input should be a finite number",
            id="no-limit-at-all",
        ),
        pytest.param(
            changed("decisions.plan_valid_seconds", 10**12),
            "decisions.plan_valid_seconds: input should be less than or equal to 86400",
            id="plans-for-ever",
        ),
        pytest.param(
            changed("actuator.hold_seconds", 10**30),
            "actuator.hold_seconds: input should be less than or equal to 604800",
            id="held-for-ever",
        ),
        pytest.param(
            changed("network.zones.0.name", "us-west-2a"),
            "network.zones: us-west-2a is not in region us-east-1",
            id="other-region",
        ),
        pytest.param(
            changed("platform.inference.pool", "tpu"), "platform.inference.pool: tpu is not one of pools", id="no-pool"
        ),
        pytest.param(
            changed("bus.kind", "redpanda"), "platform.images must name the image of redpanda", id="redpanda-imageless"
        ),
        pytest.param(
            changed("network.zones.1.public_cidr", "10.20.64.0/20"),
            "network: subnets 10.20.64.0/18 and 10.20.64.0/20 overlap",
            id="overlapping-subnets",
        ),
        pytest.param(
            changed("network.zones.1.public_cidr", "10.21.0.0/22"),
            "network: subnet 10.21.0.0/22 is not inside the VPC's 10.20.0.0/16",
            id="subnet-outside",
        ),
        pytest.param(
            changed("decisions.lead_seconds", 21_601),
            "decisions.lead_seconds: input should be less than or equal to 21600",
            id="lead-time-of-hours",
        ),
        pytest.param(
            changed("decisions.ahead_seconds", 43_201),
            "decisions.ahead_seconds: input should be less than or equal to 43200",
            id="a-day-ahead",
        ),
        pytest.param(
            changed("pools.cpu.floor_nodes", 41),
            "pools.cpu: floor_nodes 41 is above ceiling_nodes 40",
            id="floor-above-ceiling",
        ),
        pytest.param(
            changed("pools.cpu.instance_types", ["c7i.2xlarge", "c6i.4xlarge"]),
            "pools.cpu.instance_types: c6i.4xlarge (16 vCPU, 32 GiB, 0 GPU, x86_64) is unlike c7i.2xlarge "
            "(8 vCPU, 16 GiB, 0 GPU, x86_64); types of one pool must be equal",
            id="unequal-vcpu",
        ),
        pytest.param(
            changed("pools.cpu.instance_types", ["c7i.2xlarge", "m7i.2xlarge"]),
            "m7i.2xlarge (8 vCPU, 32 GiB, 0 GPU, x86_64) is unlike",
            id="unequal-memory",
        ),
        pytest.param(
            changed("pools.cpu.instance_types", ["m6i.4xlarge", "g5.4xlarge"]),
            "g5.4xlarge (16 vCPU, 64 GiB, 1 GPU, x86_64) is unlike",
            id="unequal-gpu",
        ),
        pytest.param(
            changed("pools.cpu.instance_types", ["c7i.3xlarge"]),
            "pools.cpu.instance_types: instance type c7i.3xlarge is not in the catalog",
            id="unknown-type",
        ),
        pytest.param(
            changed("cluster.system_nodes.instance_types", ["m9z.large"]),
            "cluster.system_nodes.instance_types: instance type m9z.large is not in the catalog",
            id="unknown-system-type",
        ),
        pytest.param(
            changed("pools.cpu.ami_type", "AL2023_ARM_64_STANDARD"),
            "pools.cpu.ami_type: AL2023_ARM_64_STANDARD is for arm64, c7i.2xlarge is x86_64",
            id="image-of-another-architecture",
        ),
        pytest.param(changed("pools.cpu.ceiling", 3), "pools.cpu.ceiling: is not a known key", id="unknown-key"),
        pytest.param(without("owner"), "owner: is missing", id="missing-key"),
        pytest.param(changed("account_id", 123456789012), "account_id: input should be a valid string", id="number"),
        pytest.param(
            changed("pools.cpu.zones", ["us-east-1f"]), "pools.cpu.zones: us-east-1f not in network.zones", id="zone"
        ),
        pytest.param(
            changed("allowed_regions", ["us-west-2"]),
            "allowed_regions: us-east-1, where the environment stands, is not among them",
            id="a-home-that-is-not-allowed",
        ),
        pytest.param(
            changed("cluster.kubernetes_version", "1.31"),
            "cluster.addons.kube-proxy: v1.34.0-eksbuild.4 is not of Kubernetes 1.31",
            id="kube-proxy-of-another-version",
        ),
        pytest.param(
            changed("audit.retention_days", 255_700),
            "audit.retention_days: input should be less than or equal to 36500",
            id="a-lock-for-centuries",
        ),
        pytest.param(
            changed("pools.cpu.labels", {"quantos.io/pool": "cpu", "node-role.kubernetes.io/worker": "true"}),
            'pools.cpu.labels."node-role.kubernetes.io/worker": is reserved',
            id="reserved-label",
        ),
        pytest.param(
            changed(
                "platform.consumers",
                {"bars": {"namespace": "jobs-research", "topics": ["x"], "lag": 9, "minimum": 50, "maximum": 10}},
            ),
            "platform.consumers.bars: minimum 50 is above maximum 10",
            id="consumers-the-wrong-way-round",
        ),
        pytest.param(changed("name", "prod"), "name: is 'prod', but the file is called dev.yaml", id="wrong-name"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_field(document: dict, expected: str, refusal: Callable) -> None:
    message = refusal(document)
    assert "\n" not in message
    assert message.startswith("stacks/environments/dev.yaml: ")
    assert expected in message


def test_a_region_without_prices_is_refused_and_says_how_to_get_them(refusal: Callable) -> None:
    document = changed("region", "eu-west-2")
    for zone, letter in zip(document["network"]["zones"], "abc", strict=True):
        zone["name"] = f"eu-west-2{letter}"
    message = refusal(document)
    assert "pools.memory.instance_types: no price is known for r7i.2xlarge in eu-west-2" in message
    assert "scripts/refresh_prices.py eu-west-2" in message


def test_several_mistakes_are_listed_one_a_line(refusal: Callable) -> None:
    document = changed("pools.cpu.floor_nodes", 41)
    document["modes"] = "act"
    del document["limits"]["max_nodes"]
    told = dict(line.split(": ", 2)[1:] for line in refusal(document).splitlines())
    assert sorted(told.values()) == [
        "limits.max_nodes: is missing: a whole number above 0",
        "modes: is not a known key; did you mean mode?",
        "pools.cpu: floor_nodes 41 is above ceiling_nodes 40",
    ]
    assert all(re.fullmatch(r"line \d+, column \d+", place) for place in told)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("name: dev\npools: [\n", "dev.yaml: line 3, column 1: is not YAML: ", id="broken"),
        pytest.param("name: dev\nname: dev\n", "line 2, column 1: name: key 'name' stands twice", id="twice"),
        pytest.param("- name: dev\n", "dev.yaml: holds no fields, but a list", id="a-list"),
        pytest.param("", "dev.yaml: holds no fields, but nothing", id="empty"),
        pytest.param("!!python/object/apply:os.system [ls]", "a tag (tag:yaml.org,2002:python", id="code"),
        pytest.param("name: dev\nmode: on\n", "line 2, column 7: mode: on is true or false to some", id="on"),
        pytest.param("account_id: 012345678901\n", "line 1, column 13: account_id: 012345678901 is read", id="octal"),
    ],
)
def test_what_is_not_an_environment_is_refused(text: str, expected: str, refusal: Callable) -> None:
    assert expected in refusal(text)


def test_faults_of_fields_that_belong_together_are_told_together(refusal: Callable) -> None:
    document = changed("platform.inference.pool", "tpu")
    document["pools"]["cpu"]["zones"] = ["us-east-1f"]
    document["audit"]["replica_region"] = "us-east-1"
    told = [line.split(": ", 2)[2] for line in refusal(document).splitlines()]
    assert sorted(told) == [
        "audit.replica_region: us-east-1 must be another one of allowed_regions",
        "platform.inference.pool: tpu is not one of pools",
        "pools.cpu.zones: us-east-1f not in network.zones",
    ]


def test_faults_between_fields_are_told_beside_those_of_single_ones(refusal: Callable) -> None:
    """What rests on a field that is wrong itself is not judged: neither the zones of cpu nor its floor are."""
    document = changed("platform.inference.pool", "tpu")
    document["audit"]["replica_region"] = "us-east-1"
    document["audit"]["retention_days"] = "long"
    document["pools"]["cpu"] |= {"zones": "all", "floor_nodes": 41, "ceiling_nodes": 501}
    document["pools"]["memory"] |= {"floor_nodes": 31, "ceiling_nodes": 30, "disk_gib": 1}
    document["pools"]["gpu"]["instance_types"] = ["g99.xlarge"]
    document["allowed_regions"] = ["us-west-2", "us-east-2"]
    told = [line.split(": ", 2)[2] for line in refusal(document).splitlines()]
    assert any("g99.xlarge" in line for line in told)
    assert sorted(line for line in told if "g99.xlarge" not in line) == [
        "allowed_regions: us-east-1, where the environment stands, is not among them",
        "audit.replica_region: us-east-1 must be another one of allowed_regions",
        "audit.retention_days: input should be a valid integer, not 'long'",
        "platform.inference.pool: tpu is not one of pools",
        "pools.cpu.ceiling_nodes: input should be less than or equal to 500, not 501",
        "pools.cpu.zones: input should be a valid array, not 'all'",
        "pools.memory.disk_gib: input should be greater than or equal to 20, not 1",
        "pools.memory: floor_nodes 31 is above ceiling_nodes 30",
    ]


def test_a_fault_names_the_line_of_the_committed_file_it_stands_in(refusal: Callable) -> None:
    text = (ENVIRONMENTS / "dev.yaml").read_text(encoding="utf-8")
    lines = text.splitlines()
    number = next(index for index, line in enumerate(lines) if "disk_gib: 80" in line)
    lines[number] = lines[number].replace("80", "2001")
    assert refusal("\n".join(lines)) == (
        f"stacks/environments/dev.yaml: line {number + 1}, column 5: pools.cpu.disk_gib: "
        "input should be less than or equal to 2000, not 2001"
    )


def test_a_missing_file_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(SettingsError, match=r"stacks/environments/qa\.yaml: there is no such file") as caught:
        load_environment("qa", root=ENVIRONMENTS, catalog=load_catalog())
    assert "dev, prod, staging" in caught.value.remedy


def test_environments_share_no_account_and_no_address() -> None:
    loaded = [load_environment(name, root=ENVIRONMENTS, catalog=load_catalog()) for name in ("dev", "staging", "prod")]
    assert len({settings.account_id for settings in loaded}) == 3
    networks = [settings.network.cidr for settings in loaded]
    assert not any(one.overlaps(other) for n, one in enumerate(networks) for other in networks[n + 1 :])


def test_no_environment_file_states_what_all_have_by_default() -> None:
    documents = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(ENVIRONMENTS.glob("*.yaml"))]

    def parts(value: object) -> Iterable[object]:
        return value.values() if isinstance(value, dict) else cast("Iterable[object]", value)

    def stated(model: type[BaseModel], sections: list[object]) -> Iterator[str]:
        for name, field in model.model_fields.items():
            values = [section[name] for section in sections if isinstance(section, dict) and name in section]
            if len(values) == len(documents) and values == [field.default] * len(documents):
                yield f"{model.__name__}.{name}"
            kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type)]
            for kind in kinds:
                if issubclass(kind, BaseModel):
                    inner = values if kind is field.annotation else [part for value in values for part in parts(value)]
                    yield from stated(kind, inner)

    assert list(stated(EnvironmentSettings, documents)) == []


def test_nodes_of_every_pool_carry_its_name() -> None:
    settings = EnvironmentSettings.model_validate(changed("pools.cpu.labels", {"desk": "options"}))
    assert node_labels("cpu", settings.pools["cpu"]) == {"quantos.io/pool": "cpu", "desk": "options"}
    assert node_labels("memory", settings.pools["memory"]) == {"quantos.io/pool": "memory"}


@pytest.mark.parametrize("service", sorted(POD_SERVICES - FUNCTION_SERVICES))
def test_an_environment_without_an_endpoint_that_pods_need_is_refused(service: str, refusal: Callable) -> None:
    endpoints = [each for each in DEV["network"]["endpoint_services"] if each != service]
    said = refusal(changed("network.endpoint_services", endpoints))
    assert f"network.endpoint_services: lacks {service}, which pods reach in no other way" in said


def test_an_environment_with_gpus_and_nothing_to_offer_them_is_refused(refusal: Callable) -> None:
    images = {name: digest for name, digest in DEV["platform"]["images"].items() if name != "gpu-device-plugin"}
    said = refusal(changed("platform.images", images))
    assert "lacks gpu-device-plugin, without which no pod gets a GPU of gpu, gpu-spot" in said

"""What a program declares, recorded without an engine, and written as files."""

import pytest
import yaml

from quantos.charts.adapters.manifests import write_manifests
from quantos.charts.adapters.recorder import NOT_RECORDED, ProgramTarget, plausible_output, recorded
from quantos.charts.documents import Grant, Recorded
from quantos.errors import ChartsError
from tests.support import recorded_program

PLACE = ProgramTarget(
    project="quantos", stack="dev-platform", account_id="123456789012", region="us-east-1", domain="dev.example"
)


@pytest.fixture(scope="module")
def found() -> Recorded:
    below = {"organization/quantos/dev-foundation": recorded_program.below}
    return recorded(recorded_program.platform, PLACE, below=below)


def test_releases_have_values_of_the_layers_below_and_no_secrets(found) -> None:
    broker, node = found.releases
    assert (broker.chart, broker.version, broker.repository) == ("broker", "1.2.3", "https://charts.example.dev")
    assert (broker.namespace, broker.name) == ("one", "broker")
    assert broker.values == {
        "replicas": 2,
        "roleArn": "arn:aws:iam::123456789012:role/reader",
        "group": "dev-foundation-cpu-scaling-groups",
        "auth": {"user": "quantos", "password": NOT_RECORDED},
        "samples": None,
    }
    assert (node.chart, node.repository) == ("node", "oci://registry.example.dev/charts")
    assert node.name.startswith("node-")


def test_objects_are_whole_and_secrets_are_not_in_them(found) -> None:
    namespace, token, widget = found.objects
    assert (namespace["kind"], namespace["apiVersion"]) == ("Namespace", "v1")
    assert widget["metadata"] == {"name": "one", "namespace": "one"}
    assert widget["spec"] == {"size": 3}
    assert token["stringData"] == {"t": NOT_RECORDED}


def test_what_a_role_allows_is_granted_to_the_account_that_takes_it(found) -> None:
    assert found.grants == (
        Grant(namespace="one", account="broker", actions=frozenset({"s3:GetObject", "sns:Publish"})),
    )


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ("cluster_endpoint", "https://cluster-endpoint.dev.example"),
        ("database_endpoint", "database-endpoint.dev.example"),
        ("cache_endpoint", "cache-endpoint.dev.example"),
        ("database_port", 5432),
    ],
)
def test_an_endpoint_is_a_host_but_for_the_clusters_own(output, value) -> None:
    assert plausible_output(output, PLACE) == value


def test_the_files_say_all_and_an_index_names_them(found, tmp_path) -> None:
    write_manifests(found, tmp_path / "out", stack="dev-platform")
    index = yaml.safe_load((tmp_path / "out" / "index.yaml").read_text())
    assert index["releases"][0]["path"] == "releases/one/broker/release.yaml"
    release = yaml.safe_load((tmp_path / "out" / "releases/one/broker/release.yaml").read_text())
    assert list(release) == ["chart", "version", "repository", "name", "namespace", "values"]
    assert [each["path"] for each in index["objects"]] == [
        "objects/cluster/namespace-one.yaml",
        "objects/one/secret-token.yaml",
        "objects/one/widget.example.dev-one.yaml",
    ]
    written = "".join(path.read_text() for path in (tmp_path / "out").rglob("*.yaml"))
    assert "hunter2" not in written
    assert "s3cret" not in written
    with pytest.raises(ChartsError, match="not empty"):
        write_manifests(found, tmp_path / "out", stack="dev-platform")


@pytest.mark.parametrize(
    ("program", "why"),
    [(recorded_program.asking, "getAvailabilityZones"), (recorded_program.rendering, "only its provider knows")],
)
def test_what_cannot_be_known_offline_is_an_error_that_names_it(program, why) -> None:
    with pytest.raises(ChartsError, match=rf"dev-platform cannot be recorded: .*{why}"):
        recorded(program, PLACE, below={})

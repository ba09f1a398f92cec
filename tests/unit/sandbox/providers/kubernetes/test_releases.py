"""Helm releases of the Kubernetes stand-in: what they must say, how they are kept, what their outputs are."""

import json

import pytest

from sandbox.errors import SandboxError
from sandbox.providers.kubernetes.check import Naming
from sandbox.providers.kubernetes.kinds import RELEASE, KubernetesSchemas
from sandbox.providers.kubernetes.manifest_folder import ManifestFolder
from sandbox.providers.kubernetes.objects import ExistingObjectError, ObjectState, Wanted
from sandbox.providers.kubernetes.releases import Releases, checked_release, imported_release, release_identity
from sandbox.providers.kubernetes.replacement import replaces, replacing_paths
from sandbox.providers.values import UNKNOWN

NAMING = Naming(resource_name="keda", seed=b"seed")
KEDA = {
    "chart": "keda",
    "version": "2.20.2",
    "namespace": "scaling",
    "name": "keda",
    "repositoryOpts": {"repo": "https://charts.example.dev"},
    "values": {"operator": {"replicaCount": 2}},
    "compat": "true",
}


@pytest.fixture(scope="module")
def schemas() -> KubernetesSchemas:
    return KubernetesSchemas()


def wanted(schemas, inputs, **more) -> Wanted:
    return Wanted(kind=schemas.kind_of(RELEASE), manifest=inputs, urn="urn:one", **more)


def held(schemas, state) -> ObjectState:
    return ObjectState(kind=schemas.kind_of(RELEASE), identifier=release_identity(state), urn="urn:one", state=state)


def check(schemas, inputs, olds=None):
    return checked_release(schemas, schemas.kind_of(RELEASE), news=inputs, olds=olds or {}, naming=NAMING)


def without(name: str) -> dict:
    return {key: value for key, value in KEDA.items() if key != name}


def test_a_whole_release_is_taken_with_the_usual_timeout(schemas) -> None:
    inputs, failed = check(schemas, KEDA)
    assert failed == []
    assert inputs == {**KEDA, "timeout": 300}
    waiting_for_nothing, _ = check(schemas, {**KEDA, "skipAwait": True})
    assert "timeout" not in waiting_for_nothing


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        pytest.param(without("version"), "version", id="not-pinned"),
        pytest.param({**KEDA, "name": "k" * 54}, "name", id="name-too-long"),
        pytest.param({**KEDA, "namespace": "a.b"}, "namespace", id="no-namespace-has-a-dot"),
        pytest.param(without("namespace"), "namespace", id="no-namespace"),
        pytest.param(without("chart"), "chart", id="no-chart"),
        pytest.param(without("repositoryOpts"), "repositoryOpts.repo", id="no-repository"),
        pytest.param({**KEDA, "vales": {}}, "vales", id="unknown"),
        pytest.param({**KEDA, "repositoryOpts": {"repo": "https://a", "rep": "x"}}, "repositoryOpts.rep", id="nested"),
        pytest.param({**KEDA, "timeout": "5m"}, "timeout", id="kind"),
        pytest.param({**KEDA, "createNamespace": True}, "createNamespace", id="not-honoured"),
    ],
)
def test_a_wrong_release_is_refused_at_its_path(schemas, inputs, path) -> None:
    _, failed = check(schemas, inputs)
    assert path in {failure.path for failure in failed}


def test_a_chart_of_a_registry_needs_no_repository(schemas) -> None:
    _, failed = check(schemas, {**without("repositoryOpts"), "chart": "oci://registry.example.dev/charts/karpenter"})
    assert failed == []


def test_a_release_without_a_name_gets_one_and_keeps_it(schemas) -> None:
    first, _ = check(schemas, without("name"))
    assert first["name"].startswith("keda-")
    again, _ = checked_release(
        schemas,
        schemas.kind_of(RELEASE),
        news=without("name"),
        olds=first,
        naming=Naming(resource_name="keda", seed=b"other"),
    )
    assert again["name"] == first["name"]


@pytest.mark.parametrize(
    ("path", "replacing"),
    [("name", True), ("namespace", True), ("version", False), ("values.operator.replicaCount", False)],
)
def test_which_changes_of_a_release_replace_it(schemas, path, replacing) -> None:
    paths = replacing_paths(schemas.kind_of(RELEASE), mutable=frozenset())
    assert replaces(path, paths=paths) is replacing


def test_a_release_is_kept_changed_read_and_removed(schemas, tmp_path) -> None:
    releases = Releases(ManifestFolder(tmp_path))
    preview = releases.create(wanted(schemas, KEDA, preview=True))
    assert (preview["status"], preview["resourceNames"], preview["version"]) == (UNKNOWN, UNKNOWN, "2.20.2")
    assert not list(tmp_path.rglob("*.json"))

    state = releases.create(wanted(schemas, KEDA))
    kept = json.loads((tmp_path / "scaling" / "release-keda.json").read_text())
    assert kept["spec"] == KEDA
    assert state["status"] == {
        "status": "deployed",
        "name": "keda",
        "namespace": "scaling",
        "revision": 1,
        "chart": "keda",
        "version": "2.20.2",
    }
    assert state["resourceNames"] == {}
    assert releases.read(held(schemas, state)) == state
    assert imported_release(state) == KEDA
    with pytest.raises(ExistingObjectError, match="scaling/keda already exists"):
        releases.create(wanted(schemas, KEDA))

    changed = releases.update(wanted(schemas, {**KEDA, "version": "2.21.0"}, held=state))
    assert (changed["status"]["revision"], changed["status"]["version"]) == (2, "2.21.0")
    releases.delete(held(schemas, changed))
    assert releases.read(held(schemas, changed)) is None


def test_a_cluster_gets_no_release(schemas) -> None:
    class Cluster:
        default_namespace = "default"

    with pytest.raises(SandboxError, match="renders no charts"):
        Releases(Cluster()).create(wanted(schemas, KEDA))

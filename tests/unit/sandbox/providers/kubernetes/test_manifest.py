"""Manifests between program, state and server; what replaces; what is ready; what a provider may be told."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import SandboxError
from sandbox.providers.kubernetes import manifest as form
from sandbox.providers.kubernetes.check import Naming, checked
from sandbox.providers.kubernetes.configuration import (
    provider_failures,
    provider_settings,
    read_kubeconfig,
    replacing_settings,
)
from sandbox.providers.kubernetes.kinds import KubernetesSchemas
from sandbox.providers.kubernetes.manifest_folder import ManifestFolder
from sandbox.providers.kubernetes.marks import bare, holds_secret, marked_like, secret, shielded
from sandbox.providers.kubernetes.readiness import NotReadyError, readiness, wait_until_gone, wait_until_ready
from sandbox.providers.kubernetes.replacement import replaces, replacing_paths
from sandbox.providers.kubernetes.yaml_components import CONFIG_FILE, CONFIG_GROUP, manifests
from sandbox.providers.kubernetes.yaml_documents import decoded
from sandbox.providers.schema import UnknownTypeError
from sandbox.providers.values import UNKNOWN

NAMING = Naming(resource_name="Level", seed=b"seed")
DOCUMENTS = st.recursive(
    st.text(max_size=3) | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def schemas() -> KubernetesSchemas:
    return KubernetesSchemas()


@pytest.mark.parametrize(
    ("token", "api_version", "kind", "patch", "custom"),
    [
        ("kubernetes:core/v1:Namespace", "v1", "Namespace", False, False),
        ("kubernetes:rbac.authorization.k8s.io/v1:Role", "rbac.authorization.k8s.io/v1", "Role", False, False),
        ("kubernetes:apps/v1:DeploymentPatch", "apps/v1", "Deployment", True, False),
        ("kubernetes:batch.volcano.sh/v1:Job", "batch.volcano.sh/v1", "Job", False, True),
        ("kubernetes:example.dev/v1:WidgetList", "example.dev/v1", "WidgetList", False, True),
    ],
)
def test_a_token_names_a_kind(schemas, token, api_version, kind, patch, custom) -> None:
    found = schemas.kind_of(token)
    assert (found.api_version, found.kind, found.patch, found.custom) == (api_version, kind, patch, custom)


@pytest.mark.parametrize(
    ("token", "remedy"),
    [
        ("kubernetes:core/v1:ConfigMapList", "one by one"),
        ("kubernetes:yaml:ConfigFile", "type's name"),
    ],
)
def test_what_is_no_object_is_refused_by_name_with_a_remedy(schemas, token, remedy) -> None:
    with pytest.raises(UnknownTypeError) as caught:
        schemas.kind_of(token)
    assert token in caught.value.what
    assert remedy in caught.value.remedy


def test_an_object_gets_a_name_and_the_namespace_and_keeps_them(schemas, tmp_path) -> None:
    kind = schemas.kind_of("kubernetes:core/v1:ConfigMap")
    folder = ManifestFolder(tmp_path, "apps")
    news = {"apiVersion": "v1", "kind": "ConfigMap", "data": {}}
    first, failed = checked(schemas, kind, news=news, olds={}, naming=NAMING, objects=folder)
    assert failed == []
    assert form.identity(first).startswith("apps/level-")
    again, _ = checked(
        schemas, kind, news=news, olds=first, naming=Naming(resource_name="Level", seed=b"other"), objects=folder
    )
    assert again == first


@pytest.mark.parametrize(
    ("token", "manifest", "path"),
    [
        ("core/v1:ConfigMap", {"apiVersion": "v1", "kind": "ConfigMap", "dta": {}}, "dta"),
        ("core/v1:ConfigMap", {"kind": "ConfigMap"}, "apiVersion"),
        ("core/v1:ConfigMap", {"apiVersion": "v1", "kind": "Secret"}, "kind"),
        ("core/v1:ConfigMapPatch", {"apiVersion": "v1", "kind": "ConfigMap"}, "metadata.name"),
        (
            "example.dev/v1:Widget",
            {"apiVersion": "example.dev/v1", "kind": "Widget", "metadata": {"x": 1}},
            "metadata.x",
        ),
        (
            "core/v1:ConfigMap",
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"annotations": {"pulumi.com/waitFor": "x"}}},
            "metadata.annotations.pulumi.com/waitFor",
        ),
    ],
)
def test_a_wrong_manifest_is_refused_at_its_path(schemas, tmp_path, token, manifest, path) -> None:
    kind = schemas.kind_of(f"kubernetes:{token}")
    _, failed = checked(schemas, kind, news=manifest, olds={}, naming=NAMING, objects=ManifestFolder(tmp_path))
    assert [failure.path for failure in failed] == [path]


@pytest.mark.parametrize(
    ("token", "path", "replacing"),
    [
        ("core/v1:Namespace", "metadata.name", True),
        ("core/v1:Namespace", "metadata.labels.team", False),
        ("core/v1:ConfigMap", "data.level", True),
        ("core/v1:ConfigMapPatch", "data.level", False),
        ("apps/v1:Deployment", "spec.replicas", False),
        ("apps/v1:Deployment", "spec.selector.matchLabels.app", True),
        ("batch/v1:Job", "spec.template.spec.containers[0].image", True),
        ("core/v1:Pod", "spec.containers[0].image", True),
        ("core/v1:Pod", "spec.tolerations[0].key", False),
        ("example.dev/v1:Widget", "spec.size", False),
        ("example.dev/v1:Widget", "metadata.namespace", True),
    ],
)
def test_which_changes_replace(schemas, token, path, replacing) -> None:
    kind = schemas.kind_of(f"kubernetes:{token}")
    assert replaces(path, paths=replacing_paths(kind, mutable=frozenset())) is replacing


def test_a_provider_may_change_config_maps_in_place(schemas) -> None:
    kind = schemas.kind_of("kubernetes:core/v1:ConfigMap")
    assert not replaces("data.level", paths=replacing_paths(kind, mutable=frozenset({"ConfigMap"})))


def test_a_preview_knows_the_inputs_and_nothing_that_the_server_decides() -> None:
    inputs = {"kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}
    answer = {
        "kind": "Service",
        "metadata": {"name": "a", "uid": "u", "resourceVersion": "1", "labels": {"x": "y"}},
        "spec": {"ports": [{"port": 80, "protocol": "TCP"}], "clusterIP": "10.0.0.1"},
        "status": {"loadBalancer": {}},
    }
    found = form.previewed(inputs, answer)
    assert found["spec"] == {"ports": [{"port": 80, "protocol": UNKNOWN}], "clusterIP": UNKNOWN}
    assert found["metadata"]["name"] == "a"
    assert found["metadata"]["uid"] == found["metadata"]["labels"] == found["status"] == UNKNOWN
    later = form.previewed(inputs, answer, old=answer)
    assert later["spec"]["clusterIP"] == "10.0.0.1"
    assert later["metadata"]["uid"] == "u"
    assert later["metadata"]["resourceVersion"] == UNKNOWN


def test_a_refresh_shows_what_others_changed_and_not_how_the_server_writes() -> None:
    inputs = {"spec": {"cpu": "1000m", "replicas": 2, "gone": "x", "list": [{"a": 1}]}, "stringData": {"k": "v"}}
    held = {"spec": {"cpu": "1", "replicas": 2, "gone": "x", "list": [{"a": 1, "default": 2}], "other": 1}}
    live = {"spec": {"cpu": "1", "replicas": 5, "list": [{"a": 1, "default": 3}], "other": 2}}
    assert form.refreshed(inputs, held=held, live=live) == {
        "spec": {"cpu": "1000m", "replicas": 5, "list": [{"a": 1}]},
        "stringData": {"k": "v"},
    }


@given(DOCUMENTS)
def test_nothing_drifts_where_nothing_changed(value) -> None:
    inputs, held = {"spec": value}, {"spec": value, "status": {}}
    assert form.refreshed(inputs, held=held, live=held) == inputs


@given(DOCUMENTS)
def test_marks_come_off_and_go_back_where_they_were(value) -> None:
    wrapped = {"plain": value, "hidden": secret(value), "list": [secret(value), value]}
    plain = bare(wrapped)
    assert plain == {"plain": value, "hidden": value, "list": [value, value]}
    assert marked_like(plain, wrapped) == wrapped
    assert holds_secret(wrapped)
    assert not holds_secret(plain)


def test_the_content_of_a_secret_is_always_marked() -> None:
    marked = shielded({"apiVersion": "v1", "kind": "Secret", "data": {"k": "dg=="}, "metadata": {"name": "a"}})
    assert holds_secret(marked["data"])
    assert not holds_secret(marked["metadata"])


def test_an_import_leaves_out_what_the_server_wrote() -> None:
    metadata = {"name": "a", "uid": "u", "managedFields": [], "annotations": {"deployment.kubernetes.io/revision": "1"}}
    live = {"apiVersion": "v1", "kind": "X", "metadata": metadata, "spec": {"a": 1}, "status": {}}
    assert form.imported(live) == {"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "spec": {"a": 1}}


def _live(kind: str, status: dict, *, api_version: str = "apps/v1", spec: dict | None = None) -> dict:
    metadata = {"name": "a", "namespace": "b", "generation": 2}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec or {}, "status": status}


def _condition(kind: str, status: str = "True", **more: str) -> dict:
    return {"conditions": [{"type": kind, "status": status, **more}]}


ROLLED_OUT = {"observedGeneration": 2, "updatedReplicas": 3, "readyReplicas": 3, "replicas": 3}
DEFINED = "apiextensions.k8s.io/v1"


@pytest.mark.parametrize(
    ("live", "ready", "failed"),
    [
        pytest.param(_live("Deployment", ROLLED_OUT, spec={"replicas": 3}), True, False, id="deployment"),
        pytest.param(
            _live("Deployment", {**ROLLED_OUT, "observedGeneration": 1}, spec={"replicas": 3}), False, False, id="stale"
        ),
        pytest.param(
            _live("Deployment", {**ROLLED_OUT, "replicas": 4}, spec={"replicas": 3}), False, False, id="old-pods-left"
        ),
        pytest.param(
            _live("Deployment", _condition("Progressing", "False", reason="ProgressDeadlineExceeded")),
            False,
            True,
            id="deadline",
        ),
        pytest.param(
            _live("Deployment", {"observedGeneration": 2}, spec={"replicas": 0}), True, False, id="scaled-to-0"
        ),
        pytest.param(_live("Job", _condition("Complete"), api_version="batch/v1"), True, False, id="job-complete"),
        pytest.param(_live("Job", _condition("Failed"), api_version="batch/v1"), False, True, id="job-failed"),
        pytest.param(_live("Job", {"active": 1}, api_version="batch/v1"), False, False, id="job-running"),
        pytest.param(
            _live("Namespace", {"phase": "Terminating"}, api_version="v1"), False, False, id="namespace-going"
        ),
        pytest.param(
            _live("CustomResourceDefinition", _condition("Established"), api_version=DEFINED), True, False, id="crd"
        ),
        pytest.param(
            _live("CustomResourceDefinition", _condition("NamesAccepted", "False"), api_version=DEFINED),
            False,
            True,
            id="crd-names",
        ),
        pytest.param(
            _live("Service", {}, api_version="v1", spec={"type": "LoadBalancer"}), False, False, id="balancer"
        ),
        pytest.param(_live("Widget", {}, api_version="example.dev/v1"), True, False, id="custom"),
    ],
)
def test_what_is_ready(live, ready, failed) -> None:
    found = readiness(live)
    assert (found.ready, found.failed) == (ready, failed)
    assert ready or found.reason


class Hours:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now_seconds(self) -> float:
        return self.seconds

    def pause(self, seconds: float) -> bool:
        self.seconds += seconds
        return False


def test_waiting_ends_when_ready_and_when_the_time_is_over() -> None:
    waiting, running = Hours(), _live("Job", {"active": 1}, api_version="batch/v1")
    done = _live("Job", _condition("Complete"), api_version="batch/v1")
    answers = itertools.chain([running] * 5, itertools.repeat(done))
    assert wait_until_ready(lambda: next(answers), within_seconds=60, waiting=waiting) == done
    with pytest.raises(NotReadyError, match="Job b/a is not ready after 30 s: 0 pods succeeded, 1 active") as caught:
        wait_until_ready(lambda: running, within_seconds=30, waiting=waiting)
    assert caught.value.live == running
    held_back = {**running, "metadata": {**running["metadata"], "finalizers": ["example.dev/keep"]}}
    with pytest.raises(NotReadyError, match=r"it waits for finalizers example\.dev/keep"):
        wait_until_gone(lambda: held_back, within_seconds=30, waiting=waiting)


KUBECONFIG = {
    "current-context": "one",
    "clusters": [{"name": each, "cluster": {"server": f"https://{each}"}} for each in ("a", "b")],
    "contexts": [
        {"name": "one", "context": {"cluster": "a", "user": "u", "namespace": "trading"}},
        {"name": "two", "context": {"cluster": "b", "user": "u"}},
    ],
}


def test_a_kubeconfig_is_contents_or_a_file_and_its_context_may_be_chosen(tmp_path) -> None:
    path = tmp_path / "config"
    path.write_text(json.dumps(KUBECONFIG))
    kubeconfig = read_kubeconfig({"kubeconfig": str(path)})
    assert kubeconfig is not None
    assert kubeconfig.server == "https://a"
    settings = provider_settings({"kubeconfig": json.dumps(KUBECONFIG)}, environment={})
    assert settings.namespace == "trading"
    other = provider_settings({"kubeconfig": json.dumps(KUBECONFIG), "context": "two"}, environment={})
    assert other.kubeconfig is not None
    assert (other.kubeconfig.server, other.namespace) == ("https://b", "default")
    assert provider_settings({}, environment={}).kubeconfig is None


def test_another_cluster_replaces_the_provider_and_other_credentials_do_not() -> None:
    one = {"kubeconfig": json.dumps(KUBECONFIG)}
    assert replacing_settings(one, {"kubeconfig": json.dumps({**KUBECONFIG, "users": []})}) == []
    assert replacing_settings(one, {**one, "context": "two"}) == ["kubeconfig"]
    identified = {**one, "clusterIdentifier": "x"}
    assert replacing_settings(identified, {**identified, "context": "two"}) == []
    assert replacing_settings(one, {"kubeconfig": UNKNOWN}) == []


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"kubeconfig": "/nowhere/config"}, "kubeconfig"),
        ({"kubeconfig": json.dumps(KUBECONFIG), "context": "three"}, "kubeconfig"),
        ({"renderYamlToDirectory": "out"}, "renderYamlToDirectory"),
        ({"enableServerSideApply": "false"}, "enableServerSideApply"),
        ({"kubconfig": "x"}, "kubconfig"),
    ],
)
def test_settings_that_are_not_honoured_are_refused(settings, path) -> None:
    assert [failure.path for failure in provider_failures(settings, environment={})] == [path]


def test_the_cluster_of_the_users_shell_is_taken_only_when_it_is_named(tmp_path) -> None:
    path = tmp_path / "config"
    path.write_text(json.dumps(KUBECONFIG))
    shell = {"KUBECONFIG": str(path)}
    assert [each.path for each in provider_failures({"kubeconfig": str(path)}, environment=shell)] == ["kubeconfig"]
    named = {**shell, "QUANTOS_KUBECONFIG": str(path)}
    assert list(provider_failures({"kubeconfig": str(path)}, environment=named)) == []


TEXT = """
apiVersion: v1
kind: List
items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {on: 2026-11-20}}]
---
---
apiVersion: v1
kind: Namespace
metadata: {name: b}
"""


def test_yaml_is_taken_apart_and_dates_and_keys_are_text() -> None:
    first, second = decoded(TEXT)
    assert first["data"] == {"true": "2026-11-20"}
    assert second["kind"] == "Namespace"
    with pytest.raises(SandboxError, match="no apiVersion and kind"):
        decoded("a: 1")


def test_a_config_group_makes_namespaces_first_and_waits_for_what_is_unknown(tmp_path) -> None:
    (tmp_path / "a.yaml").write_text(TEXT)
    found = manifests(CONFIG_FILE, name="all", inputs={"file": str(tmp_path / "a.yaml"), "skipAwait": True})
    assert [each["kind"] for each in found.objects] == ["Namespace", "ConfigMap"]
    assert (found.prefix, found.skip_await, found.secret) == ("all", True, False)
    assert manifests(CONFIG_GROUP, name="all", inputs={"yaml": UNKNOWN}).objects is None
    hidden = manifests(CONFIG_GROUP, name="all", inputs={"yaml": secret(TEXT), "resourcePrefix": ""})
    assert (hidden.secret, hidden.prefix) == (True, "")


@pytest.mark.parametrize(
    ("token", "inputs", "reason"),
    [
        ("kubernetes:helm.sh/v4:Chart", {}, "no component kubernetes:helm.sh/v4:Chart"),
        (CONFIG_FILE, {"file": "https://example.dev/a.yaml"}, "is an address"),
        (CONFIG_FILE, {"file": "/nowhere/a.yaml"}, "cannot be read"),
        (CONFIG_GROUP, {"files": ["/nowhere/*.yaml"]}, "no file matches"),
        (CONFIG_GROUP, {"objs": [{"apiVersion": "v1", "kind": "Pod"}]}, "no metadata.name"),
    ],
)
def test_manifests_that_cannot_be_had_are_refused(token, inputs, reason) -> None:
    with pytest.raises(SandboxError, match=reason):
        manifests(token, name="all", inputs=inputs)

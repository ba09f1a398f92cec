"""The platform layer of `dev` on a real API server: every object is accepted, and a privileged pod is not."""

import gzip
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.commands.charts import CHARTS_VARIABLE
from cli.environments.charts import record
from cli.places import ENVIRONMENTS
from quantos.catalog.catalog import load_catalog
from quantos.charts.adapters.folder import DEFINITIONS_FILE
from quantos.charts.documents import Document, called, mapping, named, text
from quantos.environment.load import load_environment
from quantos.environment.namespaces import JOBS_PREFIX
from sandbox.providers.kubernetes.api_server import ApiServer, ApiServerError
from sandbox.providers.kubernetes.configuration import kubeconfig_file
from tests.support.kube_control_plane import WHY_NONE, control_plane

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]

PATIENCE_SECONDS = 120.0
MANAGER = "quantos-tests"
KEPT = frozenset({"CustomResourceDefinition"})
REGISTRIES = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    with control_plane() as kubeconfig:
        if kubeconfig is None:
            pytest.skip(WHY_NONE)
        yield ApiServer.of(kubeconfig_file(kubeconfig))


@pytest.fixture(scope="module")
def defined(server: ApiServer) -> None:
    """The definitions of every chart's custom resources, established."""
    folder = os.environ.get(CHARTS_VARIABLE)
    if not folder:
        pytest.skip(f"{CHARTS_VARIABLE} names no folder of charts, and so no definitions")
    definitions = json.loads(gzip.decompress((Path(folder) / DEFINITIONS_FILE).read_bytes()))
    for each in definitions:
        put(server, approved(each))
    for each in definitions:
        established(server, each)


def approved(definition: Document) -> Document:
    """The definition with what the server asks of Kubernetes' own groups, which the folder's data leave out."""
    metadata = mapping(definition["metadata"])
    notes = {"api-approved.kubernetes.io": "unapproved, in a test", **mapping(metadata.get("annotations"))}
    return {**definition, "metadata": {**metadata, "annotations": notes}}


@pytest.fixture(scope="module")
def platform(server: ApiServer, defined: None) -> Iterator[dict[str, str]]:
    """What the server said against each object of the layer, applied one after the other; all go at the end."""
    settings = load_environment("dev", root=ENVIRONMENTS, catalog=load_catalog())
    objects = record(settings).objects
    yield {called(each): refusal(server, each) for each in objects}
    for each in reversed(objects):
        remove(server, each)


def put(server: ApiServer, found: Document) -> Document:
    resource = server.resource(text(found["apiVersion"]), text(found["kind"]))
    assert resource is not None, f"the server has no {called(found)}"
    namespace = named(found, "namespace") if resource.namespaced else ""
    return server.apply(resource, found, namespace=namespace, manager=MANAGER, force=True, dry_run=False)


def refusal(server: ApiServer, found: Document) -> str:
    """What the server says against an object; empty where it takes it. A definition is waited for."""
    try:
        put(server, found)
    except (ApiServerError, AssertionError) as error:
        return str(error)
    if found["kind"] == "CustomResourceDefinition":
        established(server, found)
    return ""


def remove(server: ApiServer, found: Document) -> None:
    resource = server.resource(text(found["apiVersion"]), text(found["kind"]))
    if resource is not None and found["kind"] not in KEPT:
        namespace = named(found, "namespace") if resource.namespaced else ""
        server.delete(resource, namespace=namespace, name=named(found, "name"), propagation="Background")


def established(server: ApiServer, definition: Document) -> None:
    """Wait until a definition's kind is served."""
    spec = mapping(definition["spec"])
    version = next(each["name"] for each in spec["versions"] if each["served"])
    deadline = time.monotonic() + PATIENCE_SECONDS
    while server.resource(f"{spec['group']}/{version}", mapping(spec["names"])["kind"]) is None:
        assert time.monotonic() < deadline, f"{named(definition, 'name')} is not established"
        time.sleep(0.1)


def test_every_object_of_the_layer_is_accepted(platform) -> None:
    assert len(platform) > 100
    assert {name: said for name, said in platform.items() if said} == {}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param({"privileged": True}, "violates PodSecurity", id="privileged"),
        pytest.param({"runAsNonRoot": False}, "violates PodSecurity", id="root"),
        pytest.param({}, "", id="restricted"),
    ],
)
def test_a_job_namespace_lets_no_privileged_pod_in(server, platform, changed, says) -> None:
    settings = load_environment("dev", root=ENVIRONMENTS, catalog=load_catalog())
    namespace = f"{JOBS_PREFIX}{sorted(settings.platform.teams)[0]}"
    context = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    if changed.get("privileged"):
        context["allowPrivilegeEscalation"] = True
    container = {
        "name": "job",
        "image": f"{REGISTRIES}/quantos-dev-jobs@sha256:{'0' * 64}",
        "securityContext": {**context, **changed},
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}},
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "job-"},
        "spec": {"automountServiceAccountToken": False, "containers": [container]},
    }
    resource = server.resource("v1", "Pod")
    wait_for_account(server, namespace)
    if not says:
        assert server.create(resource, pod, namespace=namespace, manager=MANAGER, dry_run=True)["kind"] == "Pod"
        return
    with pytest.raises(ApiServerError, match=says):
        server.create(resource, pod, namespace=namespace, manager=MANAGER, dry_run=True)


def wait_for_account(server: ApiServer, namespace: str) -> None:
    """Wait for the default service account, which the controller manager makes."""
    resource = server.resource("v1", "ServiceAccount")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while server.read(resource, namespace=namespace, name="default") is None:
        assert time.monotonic() < deadline, "no default service account"
        time.sleep(0.2)

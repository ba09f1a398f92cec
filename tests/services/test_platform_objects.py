"""Every object of a platform layer, as a real API server takes it, and what its namespaces do not let in."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from cli.charts import CHARTS_VARIABLE, record
from quantos.charts.adapters.folder import ChartsFolder
from quantos.charts.documents import Document, called, named, text
from quantos.environment.namespaces import job_namespace
from sandbox.providers.kubernetes.api_server import ApiServer, ApiServerError
from sandbox.providers.kubernetes.configuration import kubeconfig_file
from tests.support.environments import make_settings
from tests.support.kube_control_plane import WHY_NONE, control_plane

pytestmark = pytest.mark.services

T = TypeVar("T")
MANAGER = "quantos-test"
PATIENCE_SECONDS = 60.0
DEFINITION = "CustomResourceDefinition"
FIRST = ("Namespace", DEFINITION)
LAST = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
UNAPPROVED = {"api-approved.kubernetes.io": "unapproved, for a test"}
"""Asked of kinds in groups of Kubernetes' own domain, whose annotations the folder's copies lack."""
PRIVILEGED: Document = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "privileged"},
    "spec": {
        "automountServiceAccountToken": False,
        "containers": [
            {
                "name": "main",
                "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/quantos-dev-x@sha256:" + "0" * 64,
                "securityContext": {"privileged": True, "readOnlyRootFilesystem": True},
                "resources": {"limits": {"memory": "64Mi"}},
            }
        ],
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    with control_plane() as found:
        if found is None:
            pytest.skip(WHY_NONE)
        yield ApiServer.of(kubeconfig_file(found))


@pytest.fixture(scope="module")
def objects() -> list[Document]:
    """Of `dev`, in the order in which they can be applied: policies last, since they judge the rest."""
    ranks = {**dict.fromkeys(FIRST, 0), **dict.fromkeys(LAST, 2)}
    return sorted(record(make_settings()).objects, key=lambda each: ranks.get(text(each["kind"]), 1))


@pytest.fixture(scope="module")
def applied(server: ApiServer, objects: list[Document]) -> Iterator[list[str]]:
    """What the API server says against the objects; they are gone afterwards."""
    folder = os.environ.get(CHARTS_VARIABLE)
    if not folder:
        pytest.skip(f"{CHARTS_VARIABLE} names no folder with the definitions of the charts' kinds")
    definitions = needed_definitions(ChartsFolder(Path(folder)).custom_resource_definitions, objects)
    for each in definitions:
        each["metadata"] = {**each["metadata"], "annotations": UNAPPROVED}
        apply(server, each)
    refused = []
    for each in objects:
        try:
            apply(server, each)
        except ApiServerError as error:
            refused.append(f"{called(each)}: {error}")
    yield refused
    for each in reversed([*definitions, *objects]):
        if resource := server.resource(text(each["apiVersion"]), text(each["kind"])):
            server.delete(
                resource, namespace=named(each, "namespace"), name=named(each, "name"), propagation="Background"
            )


def needed_definitions(known: tuple[Document, ...], objects: list[Document]) -> list[Document]:
    kinds = {(text(each["apiVersion"]).partition("/")[0], text(each["kind"])) for each in objects}
    return [each for each in known if (each["spec"]["group"], each["spec"]["names"]["kind"]) in kinds]


def apply(server: ApiServer, manifest: Document) -> None:
    """Apply for good, once the server knows the kind, and the namespace its default account."""
    kind = text(manifest["kind"])
    resource = until(lambda: server.resource(text(manifest["apiVersion"]), kind), f"no {kind} is served")
    server.apply(resource, manifest, namespace=named(manifest, "namespace"), manager=MANAGER, force=True, dry_run=False)


def until(look: Callable[[], T | None], otherwise: str) -> T:
    end = time.monotonic() + PATIENCE_SECONDS
    while (found := look()) is None:
        assert time.monotonic() < end, otherwise
        time.sleep(0.5)
    return found


def test_every_object_is_accepted(applied: list[str], objects: list[Document]) -> None:
    assert len(objects) > 200
    assert applied == []


def test_a_privileged_pod_is_refused_where_jobs_run(server: ApiServer, applied: list[str]) -> None:
    namespace = job_namespace("research")
    pods = server.resource("v1", "Pod")
    accounts = server.resource("v1", "ServiceAccount")
    assert pods is not None
    assert accounts is not None
    until(lambda: server.read(accounts, namespace=namespace, name="default"), "no service account is made")
    with pytest.raises(ApiServerError, match="violates PodSecurity"):
        server.create(pods, PRIVILEGED, namespace=namespace, manager=MANAGER, dry_run=True)

"""Server-side apply on a real control plane, without the engine around it."""

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sandbox.errors import SandboxError
from sandbox.providers.kubernetes.api_server import ApiServer, ApiServerError
from sandbox.providers.kubernetes.cluster_objects import ClusterObjects
from sandbox.providers.kubernetes.configuration import kubeconfig_file
from sandbox.providers.kubernetes.kinds import KubernetesSchemas
from sandbox.providers.kubernetes.objects import ExistingObjectError, ObjectState, Wanted
from sandbox.providers.kubernetes.readiness import Patience
from sandbox.providers.values import UNKNOWN, Document

pytestmark = [pytest.mark.services]
SCHEMAS = KubernetesSchemas()


@pytest.fixture(scope="module")
def server(kubeconfig) -> ApiServer:
    return ApiServer.of(kubeconfig_file(kubeconfig))


@pytest.fixture(scope="module")
def place(server) -> Iterator[ClusterObjects]:
    """A cluster whose default namespace is a new one under the strictest Pod Security level."""
    namespace = f"quantos-{uuid.uuid4().hex[:8]}"
    made = ClusterObjects(
        server=server, default_namespace=namespace, force_conflicts=False, upsert=False, waiting=Patience()
    )
    labels: Document = {"pod-security.kubernetes.io/enforce": "restricted"}
    made.create(wanted("core/v1:Namespace", {"metadata": {"name": namespace, "labels": labels}}))
    yield made
    resource = server.resource("v1", "Namespace")
    assert resource is not None
    server.delete(resource, namespace="", name=namespace, propagation="Background")


def wanted(token: str, manifest: Document, *, urn: str = "urn:one", **more) -> Wanted:
    kind = SCHEMAS.kind_of(f"kubernetes:{token}")
    whole = {"apiVersion": kind.api_version, "kind": kind.kind, **manifest}
    return Wanted(kind=kind, manifest=whole, urn=urn, **more)


def config_map(name: str, data: Document, *, token: str = "core/v1:ConfigMap", **more) -> Wanted:
    return wanted(token, {"metadata": {"name": name}, "data": data}, **more)


def held(made: Wanted, state: Document) -> ObjectState:
    metadata = state["metadata"]
    return ObjectState(
        kind=made.kind, identifier=f"{metadata['namespace']}/{metadata['name']}", urn=made.urn, state=state
    )


def test_an_object_of_somebody_else_is_not_taken_over(place) -> None:
    place.create(config_map("theirs", {"a": "1"}))
    with pytest.raises(ExistingObjectError, match="ConfigMap theirs already exists"):
        place.create(config_map("theirs", {"a": "2"}, urn="urn:two"))
    adopted = replace(place, upsert=True).create(config_map("theirs", {"b": "2"}, urn="urn:two"))
    assert adopted["data"] == {"a": "1", "b": "2"}


def test_a_patch_owns_its_fields_only_and_gives_them_back(place) -> None:
    with pytest.raises(SandboxError, match="not there to be patched"):
        place.create(config_map("base", {"more": "x"}, token="core/v1:ConfigMapPatch"))
    place.create(config_map("base", {"own": "1"}))
    patch = config_map("base", {"more": "x"}, token="core/v1:ConfigMapPatch", urn="urn:patch")
    state = place.create(patch)
    assert state["data"] == {"own": "1", "more": "x"}
    place.delete(held(patch, state))
    left = place.read(held(patch, state))
    assert left is not None
    assert left["data"] == {"own": "1"}


def test_a_field_that_is_left_out_goes_and_an_ignored_one_stays_with_its_manager(place) -> None:
    state = place.create(config_map("fields", {"mine": "1", "theirs": "1"}))
    other = config_map("fields", {"theirs": "9"}, urn="urn:somebody", held={"__fieldManager": "somebody"})
    with pytest.raises(ApiServerError, match="conflict"):
        place.update(other)
    replace(place, force_conflicts=True).update(other)
    ignoring = config_map("fields", {"theirs": "1"}, held=state, ignored=("data.theirs",))
    assert place.update(ignoring)["data"] == {"theirs": "9"}


def test_a_preview_stores_nothing_and_says_what_admission_refuses(place) -> None:
    found = place.create(config_map("dry", {"a": "1"}, preview=True))
    assert (found["data"], found["metadata"]["uid"]) == ({"a": "1"}, UNKNOWN)
    metadata = {"namespace": place.default_namespace, "name": "dry"}
    assert place.read(held(config_map("dry", {}), {"metadata": metadata})) is None
    pod = {"metadata": {"name": "root"}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}
    with pytest.raises(ApiServerError, match='violates PodSecurity "restricted'):
        place.create(wanted("core/v1:Pod", pod, preview=True))
    with pytest.raises(ApiServerError, match=r"unknown|not declared"):
        place.create(wanted("core/v1:ConfigMap", {"metadata": {"name": "dry"}, "dta": {}}, preview=True))


def test_a_preview_of_a_name_that_is_taken_is_still_admitted_or_refused(place) -> None:
    service = {"metadata": {"name": "taken"}, "spec": {"ports": [{"port": 80}]}}
    place.create(wanted("core/v1:Service", service))
    assert place.create(wanted("core/v1:Service", service, preview=True))["metadata"]["uid"] == UNKNOWN
    wrong = {"metadata": {"name": "taken"}, "spec": {"ports": [{"port": 99999}]}}
    with pytest.raises(ApiServerError, match="must be between 1 and 65535"):
        place.create(wanted("core/v1:Service", wrong, preview=True))


def test_a_name_may_be_left_to_the_server(place) -> None:
    made = wanted("core/v1:ConfigMap", {"metadata": {"generateName": "some-"}})
    state = place.create(made)
    assert state["metadata"]["name"].startswith("some-")
    place.delete(held(made, state))
    place.delete(held(made, state))
    assert place.read(held(made, state)) is None

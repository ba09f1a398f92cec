"""The Kubernetes stand-in against a real control plane, by the real engine."""

import base64
import json
import uuid
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s
import pytest
from pulumi import automation

from sandbox.providers.kubernetes.api_server import ApiServer
from sandbox.providers.kubernetes.configuration import kubeconfig_file

pytestmark = [pytest.mark.engine, pytest.mark.services]


@pytest.fixture
def server(kubeconfig) -> ApiServer:
    return ApiServer.of(kubeconfig_file(kubeconfig))


@pytest.fixture
def name() -> str:
    """Of a namespace; no two tests, and no two runs, have the same."""
    return f"quantos-{uuid.uuid4().hex[:8]}"


def provider(kubeconfig: Path, **settings: object) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(provider=k8s.Provider("cluster", kubeconfig=str(kubeconfig), **settings))


def read(server: ApiServer, api_version: str, kind: str, *, namespace: str = "", name: str):
    resource = server.resource(api_version, kind)
    return server.read(resource, namespace=namespace, name=name) if resource else None


def apply_namespaced(server: ApiServer, namespace: str, manifest: dict, name: str) -> None:
    """An object, and its namespace, as somebody else made them."""
    for each, place in (
        ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, ""),
        ({**manifest, "metadata": {"name": name}}, namespace),
    ):
        resource = server.resource(each["apiVersion"], each["kind"])
        server.apply(resource, each, namespace=place, manager="somebody", force=False, dry_run=False)


def scale(server: ApiServer, namespace: str, *, replicas: int) -> None:
    """As `kubectl scale` would, behind Pulumi's back."""
    resource = server.resource("apps/v1", "Deployment")
    manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    server.apply(
        resource,
        {**manifest, "spec": {"replicas": replicas}},
        namespace=namespace,
        manager="somebody",
        force=True,
        dry_run=False,
    )


@pytest.mark.usefixtures("node")
def test_a_deployment_is_applied_awaited_drifts_is_refreshed_and_goes(stack, kubeconfig, server, name) -> None:
    annotations: dict[str, str] = {}

    def program() -> None:
        here = provider(kubeconfig)
        space = k8s.core.v1.Namespace("space", metadata={"name": name}, opts=here)
        pod = {"containers": [{"name": "web", "image": "web:1", "resources": {"requests": {"cpu": "1000m"}}}]}
        web = k8s.apps.v1.Deployment(
            "web",
            metadata={"name": "web", "namespace": space.metadata.name, "annotations": annotations},
            spec={
                "replicas": 2,
                "selector": {"match_labels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod},
            },
            opts=here,
        )
        pulumi.export("uid", web.metadata.uid)
        pulumi.export("ready", web.status.ready_replicas)

    made = stack(program)
    preview = made.preview()
    assert preview.change_summary == {"create": 4}
    outputs = made.up().outputs
    live = read(server, "apps/v1", "Deployment", namespace=name, name="web")
    assert (outputs["uid"].value, outputs["ready"].value) == (live["metadata"]["uid"], 2)
    assert made.preview().change_summary == {"same": 4}

    scale(server, name, replicas=1)
    assert made.refresh().summary.resource_changes == {"same": 3, "update": 1}
    with pytest.raises(automation.CommandError, match=r"(?s)conflict.*somebody.*pulumi.com/patchForce"):
        made.preview()
    annotations["pulumi.com/patchForce"] = "true"
    assert made.up().summary.resource_changes == {"same": 3, "update": 1}
    assert read(server, "apps/v1", "Deployment", namespace=name, name="web")["spec"]["replicas"] == 2
    made.destroy()
    assert read(server, "v1", "Namespace", name=name) is None


WIDGETS = """
apiVersion: v1
kind: List
items:
  - apiVersion: example.quantos.dev/v1
    kind: Widget
    metadata: {{name: one, namespace: {name}}}
    spec: {{size: 3, made: 2026-11-20}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: widgets.example.quantos.dev}}
spec:
  group: example.quantos.dev
  names: {{kind: Widget, plural: widgets}}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties: {{size: {{type: integer, maximum: 9}}, made: {{type: string}}}}
---
apiVersion: v1
kind: Namespace
metadata: {{name: {name}}}
"""


def test_manifests_of_custom_kinds_are_applied_in_order_and_admission_speaks_in_the_preview(
    stack, kubeconfig, server, name
) -> None:
    size = [4]

    def program() -> None:
        here = provider(kubeconfig)
        group = k8s.yaml.v2.ConfigGroup("widgets", yaml=WIDGETS.format(name=name), opts=here)
        after = pulumi.ResourceOptions.merge(here, pulumi.ResourceOptions(depends_on=[group]))
        k8s.apiextensions.CustomResource(
            "two",
            api_version="example.quantos.dev/v1",
            kind="Widget",
            metadata={"namespace": name},
            spec={"size": size[0]},
            opts=after,
        )

    made = stack(program)
    assert made.up().summary.resource_changes == {"create": 7}
    one = read(server, "example.quantos.dev/v1", "Widget", namespace=name, name="one")
    assert one["spec"] == {"size": 3, "made": "2026-11-20"}
    size[0] = 10
    with pytest.raises(automation.CommandError, match=r"spec.size in body should be less than or equal to 9"):
        made.preview()
    made.destroy()
    assert (
        read(server, "apiextensions.k8s.io/v1", "CustomResourceDefinition", name="widgets.example.quantos.dev") is None
    )


def test_what_does_not_become_ready_is_kept_and_finished_and_what_cannot_change_is_replaced(
    stack, sandbox, kubeconfig, server, name
) -> None:
    settings = {"replicas": 1, "level": "one"}
    apply_namespaced(server, name, {"apiVersion": "v1", "kind": "ConfigMap", "data": {"here": "before"}}, "found")

    def program() -> None:
        here = provider(kubeconfig, namespace=name)
        pod = {"containers": [{"name": "web", "image": "web:1"}], "node_selector": {"nowhere": "true"}}
        k8s.apps.v1.Deployment(
            "stuck",
            metadata={"name": "stuck"},
            spec={
                "replicas": settings["replicas"],
                "selector": {"match_labels": {"app": "stuck"}},
                "template": {"metadata": {"labels": {"app": "stuck"}}, "spec": pod},
            },
            opts=pulumi.ResourceOptions.merge(
                here, pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="1s"))
            ),
        )
        k8s.core.v1.Secret("token", metadata={"name": "token"}, string_data={"token": "hunter2"}, opts=here)
        settled = k8s.core.v1.ConfigMap("level", metadata={"name": "level"}, data={"log": settings["level"]}, opts=here)
        importing = pulumi.ResourceOptions(import_=f"{name}/found")
        k8s.core.v1.ConfigMap(
            "found",
            metadata={"name": "found", "namespace": name},
            data={"here": "before"},
            opts=pulumi.ResourceOptions.merge(here, importing),
        )
        pulumi.export("uid", settled.metadata.uid)

    made = stack(program)
    with pytest.raises(automation.CommandError, match=r"stuck is not ready after 1 s: 0 of 1 pods ready"):
        made.up()
    state = next((sandbox.state_dir / "pulumi").rglob(f"{made.name}.json")).read_text()
    assert "hunter2" not in state
    assert base64.b64encode(b"hunter2").decode() not in state
    resources = json.loads(state)["checkpoint"]["latest"]["resources"]
    kept = {each["urn"].rpartition("::")[2]: each for each in resources}
    assert kept["stuck"]["id"] == f"{name}/stuck"
    assert kept["found"]["id"] == f"{name}/found"
    before = kept["level"]["outputs"]["metadata"]["uid"]

    settings.update(replicas=0, level="two")
    assert made.up().summary.resource_changes == {"same": 4, "update": 1, "replace": 1}
    level = read(server, "v1", "ConfigMap", namespace=name, name="level")
    assert level["data"] == {"log": "two"}
    assert level["metadata"]["uid"] != before
    made.destroy()
    server.delete(server.resource("v1", "Namespace"), namespace="", name=name, propagation="Background")

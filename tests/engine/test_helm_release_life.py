"""Helm releases of the Kubernetes stand-in by the real engine: previews, updates, replacement, drift, secrets."""

import json

import pulumi
import pulumi_kubernetes as k8s
import pytest
from pulumi import automation

from sandbox import lifecycle

pytestmark = pytest.mark.engine


def test_a_release_goes_through_its_life(stack, sandbox: lifecycle.Sandbox) -> None:
    said: dict = {"version": "1.0.0", "namespace": "one", "replicas": 1}

    def program() -> None:
        release = k8s.helm.v3.Release(
            "broker",
            name="broker",
            chart="broker",
            version=said["version"],
            namespace=said["namespace"],
            repository_opts={"repo": "https://charts.example.dev"},
            values={"replicas": said["replicas"], "password": pulumi.Output.secret("hunter2")},
            opts=pulumi.ResourceOptions(provider=k8s.Provider("folder")),
        )
        pulumi.export("revision", release.status.revision)
        pulumi.export("place", release.id)

    folder = sandbox.state_dir / "manifests"
    made = stack(program)
    assert made.preview().change_summary == {"create": 3}
    assert made.up().outputs["revision"].value == 1
    assert made.preview().change_summary == {"same": 3}
    kept = next(folder.rglob("release-broker.json"))
    state = next((sandbox.state_dir / "pulumi").rglob(f"{made.name}.json")).read_text()
    assert "hunter2" not in state

    said["replicas"] = 2
    assert made.up().outputs["revision"].value == 2

    found = json.loads(kept.read_text())
    found["spec"]["values"]["replicas"] = 7
    kept.write_text(json.dumps(found))
    assert made.refresh().summary.resource_changes == {"same": 2, "update": 1}
    assert made.up().summary.resource_changes == {"same": 2, "update": 1}
    assert json.loads(kept.read_text())["spec"]["values"]["replicas"] == 2

    said["namespace"] = "two"
    moved = made.up()
    assert moved.summary.resource_changes == {"same": 2, "replace": 1}
    assert moved.outputs["place"].value == "two/broker"
    assert not kept.exists()

    said["version"] = ""
    with pytest.raises(automation.CommandError, match="a release pins its chart's version"):
        made.preview()
    said["version"] = "1.0.0"
    made.destroy()
    assert not list(folder.rglob("release-*.json"))

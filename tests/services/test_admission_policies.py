"""The policies of job namespaces, as a real API server applies them."""

import copy
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config, dynamic
from kubernetes.client.exceptions import ApiException

from components.kubernetes.security.admission_policy import AdmissionPolicyArgs, binding_spec
from components.kubernetes.security.admission_rule import policy_spec
from components.kubernetes.security.admission_rules import RULES
from stacks.platform_services.admission import job_rules
from tests.support.environments import make_settings
from tests.support.kube_control_plane import WHY_NONE, control_plane

pytestmark = pytest.mark.services

PATIENCE_SECONDS = 30.0
GROUP = "admissionregistration.k8s.io/v1"
DIGEST = "@sha256:" + "0" * 64
OWN = "123456789012.dkr.ecr.us-east-1.amazonaws.com/quantos-dev-backtests" + DIGEST
CONTEXT = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER = {
    "name": "main",
    "image": OWN,
    "securityContext": CONTEXT,
    "resources": {"limits": {"memory": "64Mi"}},
}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "job"},
    "spec": {"automountServiceAccountToken": False, "containers": [CONTAINER]},
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"ports": [{"port": 80}], "selector": {"app": "web"}},
}


@dataclass
class Jobs:
    """A job namespace under the policies."""

    server: dynamic.DynamicClient
    namespace: str

    def refusal(self, manifest: dict) -> str:
        """What the API server says against it; empty where it lets it in. Nothing is made."""
        resource = self.server.resources.get(api_version=manifest["apiVersion"], kind=manifest["kind"])
        try:
            self.server.create(resource, body=manifest, namespace=self.namespace, dry_run="All")
        except ApiException as refused:
            if refused.status not in {403, 422}:
                raise
            return str(refused.body)
        return ""


def put(server: dynamic.DynamicClient, manifest: dict) -> None:
    resource = server.resources.get(api_version=manifest["apiVersion"], kind=manifest["kind"])
    name = manifest["metadata"]["name"]
    server.server_side_apply(resource, body=manifest, name=name, field_manager="test", force_conflicts=True)


def policy_manifests(namespace: str) -> Iterator[dict]:
    for name, (rule, parameters) in job_rules(make_settings()).items():
        args = AdmissionPolicyArgs(
            policy_name=f"{namespace}-{name}", rule=rule, parameters=parameters, namespaces=(namespace,), labels={}
        )
        named = {"apiVersion": GROUP, "metadata": {"name": args.policy_name}}
        yield {**named, "kind": "ValidatingAdmissionPolicy", "spec": policy_spec(rule, parameters)}
        yield {**named, "kind": "ValidatingAdmissionPolicyBinding", "spec": binding_spec(args)}


def accounts(core: client.CoreV1Api, namespace: str) -> set[str | None]:
    listed = core.list_namespaced_service_account(namespace).items
    return {account.metadata.name for account in listed if account.metadata is not None}


@pytest.fixture(scope="module")
def kubeconfig() -> Iterator[Path]:
    with control_plane() as found:
        if found is None:
            pytest.skip(WHY_NONE)
        yield found


@pytest.fixture(scope="module")
def jobs(kubeconfig: Path) -> Iterator[Jobs]:
    with config.new_client_from_config(str(kubeconfig)) as connection:
        server = dynamic.DynamicClient(connection)
        namespace = f"jobs-{uuid.uuid4().hex[:8]}"
        account = {"metadata": {"name": "workflow", "namespace": namespace}}
        labels = {
            "quantos.io/owner": "research",
            "quantos.io/cost-centre": "cc-310",
        }  # which another test's policies may ask for
        put(server, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}})
        core = client.CoreV1Api(connection)
        core.create_namespaced_service_account(namespace, account)
        manifests = list(policy_manifests(namespace))
        for manifest in manifests:
            put(server, manifest)
        made = Jobs(server, namespace)
        _wait(lambda: "default" in accounts(core, namespace))
        for changed in (image("nginx:1"), token(), container(securityContext={}), service(type="NodePort")):
            _wait(lambda refused=changed: bool(made.refusal(refused)))
        yield made
        for manifest in reversed(manifests):
            resource = server.resources.get(api_version=GROUP, kind=manifest["kind"])
            server.delete(resource, name=manifest["metadata"]["name"])
        core.delete_namespace(namespace)


def _wait(holds) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, "the API server does not apply what it was given"
        time.sleep(0.2)


def pod(**spec: object) -> dict:
    manifest = copy.deepcopy(POD)
    manifest["spec"].update(spec)
    return manifest


def container(**changes: object) -> dict:
    return pod(containers=[{**CONTAINER, **changes}])


def image(name: str) -> dict:
    return container(image=name)


def token(account: str = "default") -> dict:
    return pod(serviceAccountName=account, automountServiceAccountToken=True)


def service(*, scheme: str | None = None, **spec: object) -> dict:
    manifest: dict[str, Any] = copy.deepcopy(SERVICE)
    manifest["spec"].update(spec)
    if scheme is not None:
        key = "service.beta.kubernetes.io/aws-load-balancer-scheme"
        manifest["metadata"]["annotations"] = {key: scheme}
    return manifest


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(pod(), id="own-image-by-digest"),
        pytest.param(image("harbor.dev.quantos.internal/research/model" + DIGEST), id="harbor-by-digest"),
        pytest.param(pod(initContainers=[{**CONTAINER, "name": "init"}]), id="init-container"),
        pytest.param(
            pod(initContainers=[{**CONTAINER, "name": "init", "image": "quay.io/argoproj/argoexec:v4.0.6"}]),
            id="workflow-executor-by-tag",
        ),
        pytest.param(token("workflow"), id="token-of-an-account-of-its-own"),
        pytest.param(service(), id="cluster-ip"),
        pytest.param(
            service(type="LoadBalancer", loadBalancerClass="service.k8s.aws/nlb", scheme="internal"),
            id="internal-load-balancer",
        ),
    ],
)
def test_what_keeps_the_rules_is_let_in(jobs: Jobs, manifest: dict) -> None:
    assert jobs.refusal(manifest) == ""


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        pytest.param(image("nginx" + DIGEST), "no allowed source", id="docker-library"),
        pytest.param(image("evil.io/quantos" + DIGEST), "no allowed source", id="foreign-registry"),
        pytest.param(
            image("harbor.dev.quantos.internal.evil.io/x" + DIGEST), "no allowed source", id="name-that-begins-alike"
        ),
        pytest.param(image(OWN.partition("@")[0] + ":1"), "not named by digest", id="own-image-by-tag"),
        pytest.param(image(OWN.partition("@")[0] + "@sha256:0"), "not named by digest", id="short-digest"),
        pytest.param(
            pod(initContainers=[{**CONTAINER, "name": "init", "image": "nginx:1"}]), "no allowed source", id="init"
        ),
        pytest.param(token(), "carries a token", id="token-of-the-default-account"),
        pytest.param(container(securityContext={}), "write to its root", id="writable-root"),
        pytest.param(
            container(securityContext={**CONTEXT, "readOnlyRootFilesystem": False}), "write to its root", id="root"
        ),
        pytest.param(container(resources={}), "no limit of memory", id="no-memory-limit"),
        pytest.param(service(type="NodePort"), "port on every node", id="node-port"),
        pytest.param(service(externalIPs=["10.20.0.7"]), "not the cluster's", id="external-addresses"),
        pytest.param(service(type="LoadBalancer"), "no controller of ours", id="load-balancer-of-nobody"),
        pytest.param(service(scheme="internet-facing"), "faces the internet", id="internet-facing"),
    ],
)
def test_what_breaks_a_rule_is_refused_and_told_why(jobs: Jobs, manifest: dict, reason: str) -> None:
    assert reason in jobs.refusal(manifest)


def test_no_rule_is_written_against_fields_that_its_kinds_do_not_have(jobs: Jobs) -> None:
    resource = jobs.server.resources.get(api_version=GROUP, kind="ValidatingAdmissionPolicy")
    for rule in RULES:
        parameters = {name: [] if schema["type"] == "array" else "" for name, schema in rule.parameters.items()}
        parameters |= {name: False for name, schema in rule.parameters.items() if schema["type"] == "boolean"}
        manifest = {
            "apiVersion": GROUP,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": f"{jobs.namespace}-{rule.name}"},
            "spec": policy_spec(rule, parameters),
        }
        jobs.server.create(resource, body=manifest, dry_run="All")

"""Each pod rule accepts the hardened pod and refuses it with one thing changed, whatever kind of object holds it."""

import copy

import pytest

from quantos.environment.conventions import TOKEN_ANNOTATION
from quantos.policy.security.workloads.pod_templates import pods_in
from quantos.policy.security.workloads.pods import POD_RULES, from_registries, pod_complaints
from tests.support.changed import ABSENT, changed

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
REGISTRIES = (REGISTRY, "quay.io/argoproj")
IMAGE = f"{REGISTRY}/quay.io/app@sha256:{'0' * 64}"
CONTAINER = {
    "name": "main",
    "image": IMAGE,
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
}
SPEC = {
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [CONTAINER],
    "volumes": [{"name": "scratch", "emptyDir": {}}],
}
METADATA = {"name": "x", "namespace": "research"}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": METADATA, "spec": SPEC}


def rules(manifest: dict) -> list[str]:
    return [rule.name for rule, said in pod_complaints(manifest, registries=REGISTRIES) for _ in said]


CASES = [
    pytest.param("pod-non-root", "spec.securityContext.runAsNonRoot", ABSENT, "may run as root", id="unsaid"),
    pytest.param("pod-non-root", "spec.containers.0.securityContext.runAsNonRoot", False, "may run as root", id="own"),
    pytest.param("pod-non-root", "spec.securityContext.runAsUser", 0, "runs as user 0", id="user-0"),
    pytest.param(
        "pod-no-escalation",
        "spec.containers.0.securityContext.allowPrivilegeEscalation",
        ABSENT,
        "may gain",
        id="escalation-unsaid",
    ),
    pytest.param(
        "pod-not-privileged", "spec.containers.0.securityContext.privileged", True, "is privileged", id="privileged"
    ),
    *(
        pytest.param("pod-node-kernel", f"spec.{path}", new, words, id=words)
        for path, new, words in (
            ("containers.0.securityContext.procMount", "Unmasked", "sees all of /proc"),
            ("securityContext.windowsOptions", {"hostProcess": True}, "a process of its node"),
            ("containers.0.securityContext.windowsOptions", {"hostProcess": True}, "main is a process of its node"),
            ("securityContext.appArmorProfile", {"type": "Unconfined"}, "not confined by AppArmor"),
            ("securityContext.sysctls", [{"name": "kernel.msgmax", "value": "1"}], "sets kernel.msgmax"),
        )
    ),
    pytest.param("pod-image-digest", "spec.containers.0.image", IMAGE[:-1], "a tag may move", id="a-digit-short"),
    pytest.param("pod-image-digest", "spec.containers.0.image", f"{REGISTRY}/app@sha256:", "a tag may", id="no-digits"),
    pytest.param(
        "pod-image-registry",
        "spec.containers.0.image",
        IMAGE.replace("/app", "/../app"),
        "no allowed registry",
        id="way-up",
    ),
    pytest.param(
        "pod-capabilities",
        "spec.containers.0.securityContext.capabilities.drop",
        ["NET_RAW"],
        "keeps its",
        id="not-all-dropped",
    ),
    pytest.param(
        "pod-capabilities",
        "spec.containers.0.securityContext.capabilities.add",
        ["NET_BIND_SERVICE", "SYS_ADMIN"],
        "adds SYS_ADMIN",
        id="one-too-many",
    ),
    pytest.param("pod-seccomp", "spec.securityContext.seccompProfile", ABSENT, "no seccomp profile", id="no-profile"),
    pytest.param(
        "pod-seccomp", "spec.securityContext.seccompProfile.type", "Unconfined", "no seccomp profile", id="unconfined"
    ),
    pytest.param(
        "pod-read-only-root",
        "spec.containers.0.securityContext.readOnlyRootFilesystem",
        False,
        "root file system",
        id="writable",
    ),
    pytest.param("pod-host-namespaces", "spec.hostPID", True, "(hostPID)", id="host-processes"),
    pytest.param(
        "pod-host-ports",
        "spec.containers.0.ports",
        [{"containerPort": 9100, "hostPort": 9100}],
        "port 9100",
        id="host-port",
    ),
    pytest.param(
        "pod-volume-types",
        "spec.volumes",
        [{"name": "root", "hostPath": {"path": "/"}}],
        "volume root is of type hostPath",
        id="host-path",
    ),
    pytest.param("pod-resources", "spec.containers.0.resources.limits", ABSENT, "limits.memory", id="no-limit"),
    pytest.param("pod-resources", "spec.containers.0.resources.requests.cpu", ABSENT, "requests.cpu", id="no-request"),
    pytest.param("pod-image-digest", "spec.containers.0.image", f"{REGISTRY}/app:1.2", "a tag may move", id="tag"),
    pytest.param(
        "pod-image-registry",
        "spec.containers.0.image",
        f"{REGISTRY}.evil.example/app@sha256:{'0' * 64}",
        "no allowed registry",
        id="a-registry-that-only-starts-alike",
    ),
    pytest.param("pod-service-account-token", "spec.automountServiceAccountToken", ABSENT, "default", id="token"),
    pytest.param("pod-namespace", "metadata.namespace", "default", "default namespace", id="default"),
    pytest.param("pod-namespace", "metadata.namespace", ABSENT, "default namespace", id="no-namespace"),
]


def test_a_hardened_pod_breaks_no_rule() -> None:
    assert rules(POD) == []


@pytest.mark.parametrize(("rule", "path", "new", "words"), CASES)
def test_a_rule_refuses_the_pod_with_one_thing_changed(rule: str, path: str, new: object, words: str) -> None:
    ((found, (complaint,)),) = pod_complaints(changed(POD, path, new), registries=REGISTRIES)
    assert (found.name, words in complaint) == (rule, True)


def test_every_rule_has_a_refusing_case() -> None:
    assert {case.values[0] for case in CASES} == {rule.name for rule in POD_RULES}


@pytest.mark.parametrize(
    ("path", "new"),
    [
        pytest.param("spec.containers.0.securityContext.capabilities.add", ["NET_BIND_SERVICE"], id="low-ports"),
        pytest.param("spec.securityContext.seccompProfile.type", "Localhost", id="a-profile-of-its-own"),
        pytest.param("spec.containers.0.ports", [{"containerPort": 9100}], id="a-port-of-its-own"),
        pytest.param("spec.containers.0.image", f"quay.io/argoproj/x@sha256:{'0' * 64}", id="a-path-of-a-registry"),
        pytest.param("spec.containers.0.securityContext.privileged", False, id="said-not-to-be-privileged"),
    ],
)
def test_what_stands_at_a_boundary_is_accepted(path: str, new: object) -> None:
    assert rules(changed(POD, path, new)) == []


def test_a_token_is_given_to_a_named_account_with_a_reason() -> None:
    asking = changed(POD, "spec.automountServiceAccountToken", True)
    named = changed(asking, "spec.serviceAccountName", "operator")
    assert rules(asking) == rules(named) == ["pod-service-account-token"]
    assert rules(changed(named, "metadata.annotations", {TOKEN_ANNOTATION: "watches jobs"})) == []
    assert rules(changed(named, "metadata.annotations", {TOKEN_ANNOTATION: " "})) == ["pod-service-account-token"]


def test_containers_that_run_first_are_judged_too() -> None:
    early = changed(CONTAINER, "image", "busybox")
    assert rules(changed(POD, "spec.initContainers", [early])) == ["pod-image-digest", "pod-image-registry"]


@pytest.mark.parametrize(
    ("image", "allowed"),
    [("nginx", ("docker.io",)), ("library/nginx", ("docker.io/library",)), ("localhost:5000/x", ("localhost:5000",))],
)
def test_an_image_that_names_no_registry_is_of_dockers(image: str, allowed: tuple[str, ...]) -> None:
    assert from_registries(image, allowed)
    assert not from_registries(image, ("quay.io",))


def template(**changes: object) -> dict:
    return {"metadata": {"labels": {"app": "x"}}, "spec": {**copy.deepcopy(SPEC), **changes}}


def of_kind(api_version: str, kind: str, spec: dict) -> dict:
    return {"apiVersion": api_version, "kind": kind, "metadata": METADATA, "spec": spec}


ARGO = {key: value for key, value in SPEC.items() if key != "containers"}
SPARK_ROLE = {"cores": 1, "memory": "1g", "template": {"spec": SPEC}}
FLINK_MAIN = {**{key: value for key, value in CONTAINER.items() if key != "image"}, "name": "flink-main-container"}
KINDS = {
    "Deployment": (of_kind("apps/v1", "Deployment", {"template": template()}), 1),
    "StatefulSet": (of_kind("apps/v1", "StatefulSet", {"template": template()}), 1),
    "DaemonSet": (of_kind("apps/v1", "DaemonSet", {"template": template()}), 1),
    "Job": (of_kind("batch/v1", "Job", {"template": template()}), 1),
    "CronJob": (of_kind("batch/v1", "CronJob", {"jobTemplate": {"spec": {"template": template()}}}), 1),
    "RayCluster": (
        of_kind(
            "ray.io/v1",
            "RayCluster",
            {"headGroupSpec": {"template": template()}, "workerGroupSpecs": [{"template": template()}]},
        ),
        2,
    ),
    "RayService": (
        of_kind("ray.io/v1", "RayService", {"rayClusterConfig": {"headGroupSpec": {"template": template()}}}),
        1,
    ),
    "WorkflowTemplate": (
        of_kind(
            "argoproj.io/v1alpha1",
            "WorkflowTemplate",
            {
                **ARGO,
                "templates": [
                    {"name": "steps", "steps": []},
                    {"name": "a", "container": CONTAINER},
                    {"name": "b", "script": CONTAINER},
                ],
            },
        ),
        2,
    ),
    "CronWorkflow": (
        of_kind(
            "argoproj.io/v1alpha1",
            "CronWorkflow",
            {"workflowSpec": {**ARGO, "templates": [{"name": "a", "containerSet": {"containers": [CONTAINER]}}]}},
        ),
        1,
    ),
    "SparkApplication": (
        of_kind(
            "sparkoperator.k8s.io/v1beta2",
            "SparkApplication",
            {"image": IMAGE, "driver": SPARK_ROLE, "executor": SPARK_ROLE},
        ),
        2,
    ),
    "FlinkDeployment": (
        of_kind(
            "flink.apache.org/v1beta1",
            "FlinkDeployment",
            {
                "image": IMAGE,
                "podTemplate": {"spec": {**SPEC, "containers": [FLINK_MAIN]}},
                "taskManager": {"podTemplate": {"spec": {"containers": [{"name": "flink-main-container"}]}}},
            },
        ),
        2,
    ),
    "nobody-has-heard-of": (of_kind("example.com/v1", "Thing", {"deep": [{"podTemplate": template()}]}), 1),
}


@pytest.mark.parametrize("kind", KINDS)
def test_pods_are_found_in_every_kind_and_judged(kind: str) -> None:
    manifest, count = KINDS[kind]
    assert len(list(pods_in(manifest))) == count
    assert rules(manifest) == []
    assert set(rules(changed(manifest, "metadata.namespace", "default"))) == {"pod-namespace"}


@pytest.mark.parametrize(
    ("kind", "path", "new", "rule"),
    [
        ("Deployment", "spec.template.spec.hostNetwork", True, "pod-host-namespaces"),
        ("RayCluster", "spec.workerGroupSpecs.0.template.spec.hostIPC", True, "pod-host-namespaces"),
        ("WorkflowTemplate", "spec.automountServiceAccountToken", ABSENT, "pod-service-account-token"),
        ("WorkflowTemplate", "spec.templates.1.securityContext", {"runAsNonRoot": True}, "pod-seccomp"),
        ("SparkApplication", "spec.image", "spark:3", "pod-image-digest"),
        ("SparkApplication", "spec.executor.podSecurityContext", {"runAsNonRoot": True}, "pod-seccomp"),
        ("SparkApplication", "spec.driver.securityContext", {"privileged": True}, "pod-not-privileged"),
        ("FlinkDeployment", "spec.podTemplate", {}, "pod-non-root"),
        (
            "FlinkDeployment",
            "spec.taskManager.podTemplate.spec.containers.0.securityContext",
            {"privileged": True},
            "pod-not-privileged",
        ),
        ("FlinkDeployment", "spec.jobManager", {"podTemplate": {"spec": {"hostPID": True}}}, "pod-host-namespaces"),
    ],
)
def test_a_pod_is_judged_as_its_controller_would_put_it_together(kind: str, path: str, new: object, rule: str) -> None:
    assert rule in rules(changed(KINDS[kind][0], path, new))


def test_a_manifest_inside_another_is_judged_where_it_stands() -> None:
    trigger = {"template": {"k8s": {"source": {"resource": changed(KINDS["WorkflowTemplate"][0], "kind", "Workflow")}}}}
    sensor = of_kind("argoproj.io/v1alpha1", "Sensor", {"triggers": [trigger]})
    assert len(list(pods_in(sensor))) == 2
    (first, _) = pods_in(sensor)
    assert first.where == "Sensor research/x, spec.triggers[0].template.k8s.source.resource.spec.templates[1]"


@pytest.mark.parametrize("spec", [None, [], "text", {"containers": "text"}, {"containers": [1]}, {"containers": []}])
def test_values_of_any_shape_are_read_without_a_pod(spec: object) -> None:
    assert list(pods_in({"kind": "Pod", "spec": spec})) == []

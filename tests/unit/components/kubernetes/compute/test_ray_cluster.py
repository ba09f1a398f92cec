"""Ray's pods break no rule, its head alone may ask for workers, and its promises are alerts."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from components.kubernetes.compute.kuberay import KubeRayArgs, values
from components.kubernetes.compute.ray_cluster import RAY_VERSION, RayClusterArgs, WorkerGroup, cluster_spec
from components.kubernetes.compute.ray_serve import RayServeArgs, alert_rules, model_statements, serve_configuration
from components.kubernetes.scaling.job_queues import Taint

GROUP = WorkerGroup(
    name="gpu",
    node_labels={"quantos.io/pool": "gpu"},
    taints=(Taint(key="quantos.io/gpu", value="true", effect="NoSchedule"),),
    cpu=3,
    memory_gib=12,
    gpus=1,
    minimum=2,
    maximum=5,
)
SPEC: dict[str, Any] = cluster_spec(RayClusterArgs(image="r/ray@sha256:0", account="ray", groups=(GROUP,)))
(WORKERS,) = SPEC["workerGroupSpecs"]


def pods() -> Iterator[dict[str, Any]]:
    yield SPEC["headGroupSpec"]["template"]["spec"]
    yield WORKERS["template"]["spec"]


def test_every_container_is_as_restricted_asks_and_reads_only_its_root() -> None:
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
            assert {"/tmp", "/dev/shm"} <= {mount["mountPath"] for mount in container["volumeMounts"]}


def test_the_head_alone_has_a_token_and_takes_no_work() -> None:
    head, worker = pods()
    assert (head["automountServiceAccountToken"], worker["automountServiceAccountToken"]) == (True, False)
    assert SPEC["enableInTreeAutoscaling"] is True
    assert SPEC["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"


def test_workers_go_to_the_nodes_of_their_pool_within_bounds() -> None:
    pod = WORKERS["template"]["spec"]
    assert pod["nodeSelector"] == {"quantos.io/pool": "gpu"}
    assert pod["tolerations"] == [
        {"key": "quantos.io/gpu", "operator": "Equal", "value": "true", "effect": "NoSchedule"}
    ]
    assert (WORKERS["minReplicas"], WORKERS["maxReplicas"]) == (2, 5)
    assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"


def test_the_operator_has_rights_where_it_is_told_to_look_and_nowhere_else() -> None:
    args = KubeRayArgs(namespace="ray", watched=("inference", "jobs-a"), image="i", groups=(GROUP,), replicas=2)
    given = values(args)
    assert given["singleNamespaceInstall"] is True
    assert given["watchNamespace"] == ["ray", "inference", "jobs-a"]


def inference() -> RayServeArgs:
    return RayServeArgs(
        namespace="inference",
        cluster_name="c",
        role_name="r",
        image="i",
        application="a:b",
        workers=GROUP,
        artifacts_bucket="artifacts",
        kms_key_arn="arn:aws:kms:::key/k",
        tags={},
    )


def test_a_replica_needs_a_worker_and_growth_starts_well_within_thirty_seconds() -> None:
    configuration: Any = yaml.safe_load(yaml.safe_dump(serve_configuration(inference())))
    (deployment,) = configuration["applications"][0]["deployments"]
    scaling = deployment["autoscaling_config"]
    assert (scaling["min_replicas"], scaling["max_replicas"]) == (GROUP.minimum, GROUP.maximum)
    assert scaling["look_back_period_s"] + scaling["upscale_delay_s"] <= 15
    assert deployment["ray_actor_options"] == {"num_cpus": 3, "num_gpus": 1}


def test_both_promises_are_alerts() -> None:
    groups: Any = alert_rules("inference")["groups"]
    rules = {rule["alert"]: rule for group in groups for rule in group["rules"]}
    assert rules["InferenceAnswersLate"]["expr"].startswith("histogram_quantile(0.99,")
    assert rules["InferenceAnswersLate"]["expr"].endswith("> 150")
    assert rules["InferenceGrowsLate"]["for"] == "30s"
    assert rules["InferenceWorkersMissing"]["for"] == "30s"


def test_the_gateway_reads_models_and_writes_nothing() -> None:
    statements = model_statements("artifacts", "arn:aws:kms:::key/k")
    assert {action for statement in statements for action in statement.actions} == {
        "s3:ListBucket", "s3:GetObject", "kms:Decrypt"
    }  # fmt: skip


def test_there_is_one_ray_in_the_whole_project() -> None:
    lock = Path("sandbox/execution/images/trainers/uv.lock")
    packages = tomllib.loads((Path(__file__).parents[5] / lock).read_text(encoding="utf-8"))["package"]
    assert [package["version"] for package in packages if package["name"] == "ray"] == [RAY_VERSION]
    assert SPEC["rayVersion"] == RAY_VERSION

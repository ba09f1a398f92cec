"""The pod of an attempt: its folders, what it asks for, and who it runs as."""

from typing import Final

from hera.workflows.models import (
    Capabilities,
    DownwardAPIVolumeFile,
    DownwardAPIVolumeSource,
    EmptyDirVolumeSource,
    EnvVar,
    EnvVarSource,
    ObjectFieldSelector,
    PodSecurityContext,
    SeccompProfile,
    SecurityContext,
    Volume,
    VolumeMount,
)

from quantos.contracts.dag.spec import Requests
from quantos.contracts.dag.values import cores, memory_bytes
from quantos.orchestration.cluster.names import ORDER, ORDER_FILE, ORDER_FOLDER, WORK_FOLDER

GPU: Final = "nvidia.com/gpu"
TEMPORARY_FOLDER: Final = "/tmp"  # noqa: S108  the pod's own
RUNNER_MEMORY_BYTES: Final = 384 * 2**20
"""Beside what a program asked for: of what prepares it, keeps its log and its outputs."""

POD_VOLUMES: Final = [
    Volume(
        name="order",
        downward_api=DownwardAPIVolumeSource(
            items=[
                DownwardAPIVolumeFile(
                    path=ORDER_FILE, field_ref=ObjectFieldSelector(field_path=f"metadata.annotations['{ORDER}']")
                )
            ]
        ),
    ),
    Volume(name="work", empty_dir=EmptyDirVolumeSource()),
    Volume(name="temporary", empty_dir=EmptyDirVolumeSource()),
]
VOLUME_MOUNTS: Final = [
    VolumeMount(name="order", mount_path=ORDER_FOLDER, read_only=True),
    VolumeMount(name="work", mount_path=WORK_FOLDER),
    VolumeMount(name="temporary", mount_path=TEMPORARY_FOLDER),
]


POD_NAME: Final = EnvVar(
    name="QUANTOS_POD", value_from=EnvVarSource(field_ref=ObjectFieldSelector(field_path="metadata.uid"))
)
"""Who a pod is, which no other ever was."""


def container_resources(requests: Requests) -> dict[str, dict[str, str]]:
    """What the container asks for; of memory and GPUs it gets no more, and of cores what nobody else needs."""
    memory = str(round(memory_bytes(requests.mem or "0")) + RUNNER_MEMORY_BYTES)
    cpu = f"{round(cores(requests.cpu or '0') * 1000)}m"
    gpus = {GPU: str(requests.gpu)} if requests.gpu else {}
    return {"requests": {"cpu": cpu, "memory": memory, **gpus}, "limits": {"memory": memory, **gpus}}


def pod_security(user: int) -> PodSecurityContext:
    """Of a pod that runs as a user and a group of the same id, as Pod Security `restricted` asks."""
    return PodSecurityContext(
        run_as_non_root=True,
        run_as_user=user,
        run_as_group=user,
        fs_group=user,
        seccomp_profile=SeccompProfile(type="RuntimeDefault"),
    )


CONTAINER_SECURITY: Final = SecurityContext(
    allow_privilege_escalation=False,
    capabilities=Capabilities(drop=["ALL"]),
    read_only_root_filesystem=True,
)

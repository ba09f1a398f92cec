"""What Pod Security `restricted` and the house ask of a pod, as charts and manifests spell it."""

from collections.abc import Mapping
from typing import Final

from quantos.environment.node_agents import Requests

NOBODY: Final = 65532
"""On the template of a pod that is given a token of the Kubernetes API: says what for, as the security pack asks."""

POD_SECURITY_CONTEXT: Final[Mapping[str, object]] = {
    "runAsNonRoot": True,
    "runAsUser": NOBODY,
    "runAsGroup": NOBODY,
    "fsGroup": NOBODY,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""Of a pod whose image can run as anybody. Images that insist on a user of their own get theirs by `run_as`."""

CONTAINER_SECURITY_CONTEXT: Final[Mapping[str, object]] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "privileged": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def run_as(user: int) -> dict[str, object]:
    """The pod's security context with a user, and group, of its image's own."""
    return {**POD_SECURITY_CONTEXT, "runAsUser": user, "runAsGroup": user, "fsGroup": user}


def agent_resources(asked: Requests, *, memory_limit: str) -> dict[str, dict[str, str]]:
    """What a container of a daemon set requests, and its limit of memory."""
    return resources(cpu=f"{asked.millicores}m", memory=f"{asked.memory_mib}Mi", memory_limit=memory_limit)


def resources(*, cpu: str, memory: str, memory_limit: str | None = None) -> dict[str, dict[str, str]]:
    """Requests, and a limit of memory alone: a limit of CPU throttles what nobody else needs."""
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory_limit or memory}}

"""What every pod that the programs declare themselves has, in the SDK's own types."""

import pulumi_kubernetes as k8s

SECCOMP = k8s.core.v1.SeccompProfileArgs(type="RuntimeDefault")


def container_security() -> k8s.core.v1.SecurityContextArgs:
    """Of a container: no root, no capability, no way to gain any, and nothing to write to but its volumes."""
    return k8s.core.v1.SecurityContextArgs(
        allow_privilege_escalation=False,
        capabilities=k8s.core.v1.CapabilitiesArgs(drop=["ALL"]),
        privileged=False,
        read_only_root_filesystem=True,
        run_as_non_root=True,
        seccomp_profile=SECCOMP,
    )


def container_resources(*, cpu: str, memory: str) -> k8s.core.v1.ResourceRequirementsArgs:
    """Requests, and a limit of memory alone."""
    return k8s.core.v1.ResourceRequirementsArgs(requests={"cpu": cpu, "memory": memory}, limits={"memory": memory})


def from_secret(variable: str, *, secret_name: str, key: str) -> k8s.core.v1.EnvVarArgs:
    """A variable of the process's environment out of a Kubernetes secret."""
    selector = k8s.core.v1.SecretKeySelectorArgs(name=secret_name, key=key)
    return k8s.core.v1.EnvVarArgs(name=variable, value_from=k8s.core.v1.EnvVarSourceArgs(secret_key_ref=selector))

"""What a client of an EKS cluster needs."""

from __future__ import annotations

from sandbox.providers.values import Document, Json


def kubeconfig(
    name: str, *, endpoint: str, certificate: str, region: str, role_arn: str = "", profile: str = ""
) -> Document:
    """What `aws eks update-kubeconfig` writes: the token comes from the AWS CLI at each use."""
    command: list[Json] = ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"]
    command += ["--role", role_arn] if role_arn else []
    command += ["--profile", profile] if profile else []
    version = "client.authentication.k8s.io/v1beta1"
    note: Document = {"name": "KUBERNETES_EXEC_INFO", "value": f'{{"apiVersion": "{version}"}}'}
    user: Document = {"exec": {"apiVersion": version, "command": "aws", "args": command, "env": [note]}}
    server: Document = {"server": endpoint, "certificate-authority-data": certificate}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "aws",
        "clusters": [{"name": "kubernetes", "cluster": server}],
        "contexts": [{"name": "aws", "context": {"cluster": "kubernetes", "user": "aws"}}],
        "users": [{"name": "aws", "user": user}],
    }

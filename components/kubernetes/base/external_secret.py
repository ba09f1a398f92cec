"""Secrets that pods read, copied by External Secrets from AWS Secrets Manager: no value passes through Pulumi."""

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s

API_VERSION = "external-secrets.io/v1"
AWS_STORE = "aws-secrets"
REFRESH = "1h"


def external_secret(
    name: str,
    *,
    namespace: str,
    secret_name: str,
    keys: Mapping[str, tuple[pulumi.Input[str], str]],
    opts: pulumi.ResourceOptions,
    store: str = AWS_STORE,
) -> k8s.apiextensions.CustomResource:
    """Keep the Kubernetes secret `secret_name`; `keys` maps each of its keys to a remote secret and a property of it.

    `store` is a ClusterSecretStore. The remote secrets are made by people or AWS, under the environment's prefix.
    """
    return k8s.apiextensions.CustomResource(
        name,
        api_version=API_VERSION,
        kind="ExternalSecret",
        metadata={"name": secret_name, "namespace": namespace},
        spec={
            "refreshInterval": REFRESH,
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": store},
            "target": {"name": secret_name, "creationPolicy": "Owner", "deletionPolicy": "Retain"},
            "data": [
                {"secretKey": key, "remoteRef": {"key": remote, "property": part}}
                for key, (remote, part) in keys.items()
            ],
        },
        opts=opts,
    )

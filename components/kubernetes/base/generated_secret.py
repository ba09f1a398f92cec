"""Secrets that nobody has to know: made in the cluster, once, and never seen outside it."""

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.base.external_secret import API_VERSION

LENGTH = 48


def generated_secret(
    name: str, *, namespace: str, secret_name: str, key: str, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """Keep the Kubernetes secret `secret_name`, whose `key` is a random text of letters and digits."""
    generator = k8s.apiextensions.CustomResource(
        f"{name}-generator",
        api_version="generators.external-secrets.io/v1alpha1",
        kind="Password",
        metadata={"name": secret_name, "namespace": namespace},
        spec={"length": LENGTH, "digits": 12, "symbols": 0, "noUpper": False, "allowRepeat": True, "secretKeys": [key]},
        opts=opts,
    )
    return k8s.apiextensions.CustomResource(
        name,
        api_version=API_VERSION,
        kind="ExternalSecret",
        metadata={"name": secret_name, "namespace": namespace},
        spec={
            "refreshPolicy": "CreatedOnce",
            "target": {"name": secret_name, "creationPolicy": "Owner", "deletionPolicy": "Retain"},
            "dataFrom": [{"sourceRef": {"generatorRef": {"kind": "Password", "name": secret_name}}}],
        },
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[generator])),
    )

"""What is set up in Vault once people have initialised it: audit, who may log in, and what they may read."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.base.external_secret import external_secret
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, POD_SECURITY_CONTEXT, resources
from components.kubernetes.security.vault import AUDIT_FOLDER, TLS_COPY, TLS_FOLDER

NAME: Final = "vault-setup"
BOOTSTRAP_COPY: Final = "vault-bootstrap"
MOUNT: Final = "secret"
AUDIENCE: Final = "vault"
READER: Final = "external-secrets"

POLICIES: Final[Mapping[str, str]] = {
    READER: f"""path "{MOUNT}/data/services/*" {{
  capabilities = ["read"]
}}
path "{MOUNT}/metadata/services/*" {{
  capabilities = ["read", "list"]
}}
""",
    NAME: f"""path "sys/audit*" {{
  capabilities = ["create", "read", "update", "list", "sudo"]
}}
path "sys/auth*" {{
  capabilities = ["create", "read", "update", "list", "sudo"]
}}
path "sys/mounts*" {{
  capabilities = ["create", "read", "update", "list"]
}}
path "sys/policies/acl/{READER}" {{
  capabilities = ["create", "read", "update"]
}}
path "auth/kubernetes/config" {{
  capabilities = ["create", "read", "update"]
}}
path "auth/kubernetes/role/{READER}" {{
  capabilities = ["create", "read", "update"]
}}
""",
}
"""What a login may do, by name. The set-up's own may change neither its own policy nor its own role: a change of these
needs a token of people again."""

SCRIPT: Final = f"""set -eu
there() {{ vault "$1" list -format=json 2>/dev/null | grep -q "\\"$2/\\""; }}
login() {{
  vault write auth/kubernetes/role/"$1" bound_service_account_names="$1" bound_service_account_namespaces="$2" \\
    audience={AUDIENCE} token_policies="$1" token_ttl=15m token_max_ttl=1h
}}
until vault status >/dev/null 2>&1; do echo "waiting until Vault is initialised and unsealed"; sleep 15; done
first=false
if ! VAULT_TOKEN=$(vault write -field=token auth/kubernetes/login role={NAME} jwt=@/identity/token 2>/dev/null); then
  until [ -s /bootstrap/token ]; do echo "waiting for the token of whoever initialised Vault"; sleep 15; done
  VAULT_TOKEN=$(cat /bootstrap/token)
  first=true
fi
export VAULT_TOKEN
there audit file || vault audit enable file file_path={AUDIT_FOLDER}/audit.log
there audit stdout || vault audit enable -path=stdout file file_path=stdout
there auth kubernetes || vault auth enable kubernetes
there secrets {MOUNT} || vault secrets enable -path={MOUNT} -version=2 kv
vault write auth/kubernetes/config kubernetes_host=https://kubernetes.default.svc
vault policy write {READER} /setup/{READER}.hcl
login {READER} "$READER_NAMESPACE"
if $first; then
  vault policy write {NAME} /setup/{NAME}.hcl
  login {NAME} "$OWN_NAMESPACE"
fi
vault token revoke -self
"""
"""Idempotent. The first run needs a token of people, every later one logs in as the Job's own service account."""


@dataclass(frozen=True, kw_only=True)
class VaultSetupArgs:
    """`image` has `vault` and a shell, by digest.

    `bootstrap_secret` is a secret of Secrets Manager with the property `token`: what `vault operator init` gave, once.
    """

    namespace: str
    reader_namespace: str
    address: str
    image: str
    bootstrap_secret: str
    labels: Mapping[str, str]


class VaultSetup(pulumi.ComponentResource):
    """A Job that waits for an initialised Vault and sets it up; nothing waits for the Job.

    The token that people leave is revoked at its end. It is theirs to take out of Secrets Manager then.

    Outputs: `job_name`.

    Guarded by the security pack, since its objects are plain, and in the cluster by Pod Security `restricted`.
    """

    job_name: pulumi.Output[str]

    def __init__(self, name: str, args: VaultSetupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/security:VaultSetup", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        metadata = {"name": NAME, "namespace": args.namespace, "labels": dict(args.labels)}
        token = external_secret(
            f"{name}-token",
            namespace=args.namespace,
            secret_name=BOOTSTRAP_COPY,
            keys={"token": (args.bootstrap_secret, "token")},
            opts=child,
        )
        account = k8s.core.v1.ServiceAccount(name, metadata=metadata, automount_service_account_token=False, opts=child)
        text = k8s.core.v1.ConfigMap(name, metadata=metadata, data=files(), opts=child)
        job = k8s.apiextensions.CustomResource(
            name,
            api_version="batch/v1",
            kind="Job",
            metadata={
                **metadata,
                "name": f"{NAME}-{digest(args)}",
                "annotations": {"pulumi.com/skipAwait": "true"},
            },
            spec=job_spec(args),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[account, text, token])),
        )
        self.job_name = job.id.apply(lambda _: f"{NAME}-{digest(args)}")
        self.register_outputs({"jobName": self.job_name})


def files() -> dict[str, str]:
    """The script and the policies, as the Job finds them."""
    return {"setup.sh": SCRIPT, **{f"{name}.hcl": policy for name, policy in POLICIES.items()}}


def digest(args: VaultSetupArgs) -> str:
    """Another one where the Job would do anything else, so that it runs again."""
    return hashlib.sha256(json.dumps([files(), job_spec(args)], sort_keys=True).encode()).hexdigest()[:8]


def job_spec(args: VaultSetupArgs) -> dict[str, object]:
    """Specification of the Job; its only token for the API is one that Vault alone accepts."""
    return {
        "backoffLimit": 10,
        "template": {
            "metadata": {"labels": dict(args.labels)},
            "spec": {
                "restartPolicy": "OnFailure",
                "serviceAccountName": NAME,
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "securityContext": dict(POD_SECURITY_CONTEXT),
                "containers": [_container(args)],
                "volumes": _volumes(),
            },
        },
    }


def _container(args: VaultSetupArgs) -> dict[str, object]:
    return {
        "name": "setup",
        "image": args.image,
        "command": ["/bin/sh", "/setup/setup.sh"],
        "env": [
            {"name": "VAULT_ADDR", "value": args.address},
            {"name": "VAULT_CACERT", "value": f"{TLS_FOLDER}/ca.crt"},
            {"name": "HOME", "value": "/scratch"},
            {"name": "OWN_NAMESPACE", "value": args.namespace},
            {"name": "READER_NAMESPACE", "value": args.reader_namespace},
        ],
        "resources": resources(cpu="20m", memory="128Mi"),
        "securityContext": dict(CONTAINER_SECURITY_CONTEXT),
        "volumeMounts": [
            {"name": "setup", "mountPath": "/setup", "readOnly": True},
            {"name": "tls", "mountPath": TLS_FOLDER, "readOnly": True},
            {"name": "bootstrap", "mountPath": "/bootstrap", "readOnly": True},
            {"name": "identity", "mountPath": "/identity", "readOnly": True},
            {"name": "scratch", "mountPath": "/scratch"},
        ],
    }


def _volumes() -> list[dict[str, object]]:
    token = {"audience": AUDIENCE, "expirationSeconds": 600, "path": "token"}
    authority = [{"key": "ca.crt", "path": "ca.crt"}]
    return [
        {"name": "setup", "configMap": {"name": NAME}},
        {"name": "tls", "secret": {"secretName": TLS_COPY, "items": authority}},
        {"name": "bootstrap", "secret": {"secretName": BOOTSTRAP_COPY, "optional": True}},
        {"name": "identity", "projected": {"sources": [{"serviceAccountToken": token}]}},
        {"name": "scratch", "emptyDir": {"sizeLimit": "16Mi"}},
    ]

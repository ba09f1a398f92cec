"""Vault: secrets that are made, turned and taken back, for those that AWS Secrets Manager does not hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi

from components.aws.eks.pod_identity import PodIdentity, PodIdentityArgs
from components.aws.iam.statements import Statement
from components.aws.storage.kms_key import KmsKey, KmsKeyArgs
from components.kubernetes.base.charts import VAULT
from components.kubernetes.base.external_secret import external_secret
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, resources, run_as
from components.kubernetes.base.layout import survives_drain, zone_spread
from components.kubernetes.base.release import release

NAME: Final = "vault"
TLS_COPY: Final = "vault-tls"
TLS_FOLDER: Final = "/vault/tls"
TLS_KEYS: Final = ("ca.crt", "tls.crt", "tls.key")
AUDIT_FOLDER: Final = "/vault/audit"
PORT: Final = 8200
USER: Final = 100


@dataclass(frozen=True, kw_only=True)
class VaultArgs:
    """A cluster of servers, one more than `replicas` where that is even: an even number outvotes nobody.

    `tls_secret` is a secret of Secrets Manager with the properties ca.crt, tls.crt and tls.key; its certificate is for
    `vault.<namespace>.svc`, `vault-active.<namespace>.svc`, `*.vault-internal` and 127.0.0.1.
    """

    namespace: str
    cluster_name: str
    account_id: str
    region: str
    role_name: str
    key_alias: str
    key_deletion_window_days: int
    deletion_protection: bool
    tls_secret: str
    storage_class: str
    storage_gib: int
    replicas: int
    tags: Mapping[str, str]

    @property
    def address(self) -> str:
        """Where the server answers that leads."""
        return f"https://{NAME}-active.{self.namespace}.svc:{PORT}"


class Vault(pulumi.ComponentResource):
    """Servers with their data in Raft, by TLS only, which unseal themselves with a key of their own.

    They come up empty: `vault operator init` is an act of people, who keep the recovery keys; see `VaultSetup`.

    Outputs: `address`, known once the release stands.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`; its key, its role and the copy of its
    certificate by the security pack, since they are plain objects.
    """

    address: pulumi.Output[str]

    def __init__(self, name: str, args: VaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/security:Vault", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        protected = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(protect=args.deletion_protection))
        key = _unseal_key(name, args, opts=protected)
        identity = PodIdentity(
            name,
            PodIdentityArgs(
                role_name=args.role_name,
                cluster_name=args.cluster_name,
                namespace=args.namespace,
                service_account=NAME,
                statements=key.arn.apply(lambda arn: (unseal(arn),)),
                tags=args.tags,
            ),
            opts=child,
        )
        certificate = external_secret(
            f"{name}-tls",
            namespace=args.namespace,
            secret_name=TLS_COPY,
            keys={part: (args.tls_secret, part) for part in TLS_KEYS},
            opts=child,
        )
        installed = release(
            name,
            VAULT,
            namespace=args.namespace,
            values=values(args),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[identity, certificate, key])),
        )
        self.address = installed.id.apply(lambda _: args.address)
        self.register_outputs({"address": self.address})


def _unseal_key(name: str, args: VaultArgs, *, opts: pulumi.ResourceOptions) -> KmsKey:
    return KmsKey(
        name,
        KmsKeyArgs(
            alias=args.key_alias,
            description=f"unseals Vault of {args.cluster_name}; without it nobody reads what Vault holds",
            purpose="encrypt",
            account_id=args.account_id,
            deletion_window_days=args.key_deletion_window_days,
            tags=args.tags,
        ),
        opts=opts,
    )


def unseal(key_arn: str) -> Statement:
    """What the servers may do with the key."""
    return Statement(sid="Unseal", actions=("kms:Encrypt", "kms:Decrypt", "kms:DescribeKey"), resources=(key_arn,))


def servers(replicas: int) -> int:
    """How many servers vote: an odd number."""
    return replicas + 1 - replicas % 2


def configuration(args: VaultArgs) -> str:
    """The servers' configuration: TLS 1.3, Raft over all of them, unsealed by KMS, metrics for who scrapes inside."""
    peers = "\n".join(
        f'  retry_join {{\n    leader_api_addr = "https://{NAME}-{index}.{NAME}-internal:{PORT}"\n'
        f'    leader_ca_cert_file = "{TLS_FOLDER}/ca.crt"\n  }}'
        for index in range(servers(args.replicas))
    )
    return f"""ui = false
disable_mlock = true
listener "tcp" {{
  address = "[::]:{PORT}"
  cluster_address = "[::]:8201"
  tls_cert_file = "{TLS_FOLDER}/tls.crt"
  tls_key_file = "{TLS_FOLDER}/tls.key"
  tls_min_version = "tls13"
  telemetry {{
    unauthenticated_metrics_access = true
  }}
}}
storage "raft" {{
  path = "/vault/data"
{peers}
}}
seal "awskms" {{
  region = "{args.region}"
  kms_key_id = "{args.key_alias}"
}}
telemetry {{
  prometheus_retention_time = "24h"
  disable_hostname = true
}}
service_registration "kubernetes" {{}}
"""


def values(args: VaultArgs) -> dict[str, object]:
    """Values of the chart. Nothing is injected into pods: they get secrets from External Secrets."""
    return {
        "global": {"enabled": True, "tlsDisable": False},
        "injector": {"enabled": False},
        "csi": {"enabled": False},
        "ui": {"enabled": False},
        "server": _server(args),
        "serverTelemetry": {
            "serviceMonitor": {
                "enabled": True,
                "tlsConfig": {
                    "ca": {"secret": {"name": TLS_COPY, "key": "ca.crt"}},
                    "serverName": f"{NAME}-active.{args.namespace}.svc",
                },
            }
        },
    }


def _server(args: VaultArgs) -> dict[str, object]:
    disk = {"enabled": True, "size": f"{args.storage_gib}Gi", "storageClass": args.storage_class}
    return {
        "logFormat": "json",
        "priorityClassName": "system-cluster-critical",
        "resources": resources(cpu="250m", memory="256Mi", memory_limit="1Gi"),
        "serviceAccount": {"create": True, "name": NAME},
        "authDelegator": {"enabled": True},
        "extraEnvironmentVars": {"VAULT_CACERT": f"{TLS_FOLDER}/ca.crt"},
        "volumes": [
            {"name": "tls", "secret": {"secretName": TLS_COPY, "defaultMode": 0o440}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
        "volumeMounts": [
            {"name": "tls", "mountPath": TLS_FOLDER, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - where the image puts its configuration together
        ],
        "topologySpreadConstraints": zone_spread({"app.kubernetes.io/name": NAME, "component": "server"}),
        "dataStorage": disk,
        "auditStorage": {**disk, "mountPath": AUDIT_FOLDER},
        "ha": _raft(args),
        "statefulSet": {
            "securityContext": {
                "pod": {**run_as(USER), "runAsGroup": 1000, "fsGroup": 1000},
                "container": CONTAINER_SECURITY_CONTEXT,
            }
        },
    }


def _raft(args: VaultArgs) -> dict[str, object]:
    return {
        "enabled": True,
        "replicas": servers(args.replicas),
        "apiAddr": args.address,
        "raft": {"enabled": True, "setNodeId": True, "config": configuration(args)},
        "disruptionBudget": {"enabled": survives_drain(servers(args.replicas))},
    }

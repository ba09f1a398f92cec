"""Where External Secrets reads, for whom: one role and one store a scope."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.aws.iam.service_role import ServiceRole, ServiceRoleArgs
from components.aws.iam.statements import VERSION, Statement, policy_document
from components.kubernetes.base.external_secret import API_VERSION

KUBERNETES_AUTH: Final = "kubernetes"


@dataclass(frozen=True, kw_only=True)
class AwsSecretStoreArgs:
    """A store over AWS Secrets Manager.

    Attributes:
        store: its name.
        namespace: whose store it is; None for one of the whole cluster, which serves `served` namespaces and no other.
        role_name: of the role that it reads with.
        reader_role_arn: who takes that role.
        secret_arns: what it reads, patterns of ARNs.
        kms_key_arn: what these secrets are encrypted with.
    """

    store: str
    namespace: str | None
    region: str
    role_name: str
    reader_role_arn: str
    secret_arns: Sequence[str]
    kms_key_arn: pulumi.Input[str]
    tags: Mapping[str, str]
    served: Sequence[str] = field(default_factory=tuple)


class AwsSecretStore(pulumi.ComponentResource):
    """A store and the role that bounds it.

    Outputs: `store`, its name, known once its role may read.

    Guarded by the security pack, since its objects are plain, and by the chart check against their schema.
    """

    store: pulumi.Output[str]

    def __init__(self, name: str, args: AwsSecretStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/security:AwsSecretStore", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = ServiceRole(
            name,
            ServiceRoleArgs(
                role_name=args.role_name,
                trust_policy=reader_trust(args.reader_role_arn),
                managed_policies={},
                policy=pulumi.Output.from_input(args.kms_key_arn).apply(
                    lambda key: policy_document(statements(args, kms_key_arn=key))
                ),
                tags=args.tags,
            ),
            opts=child,
        )
        aws_provider = {"service": "SecretsManager", "region": args.region, "role": role.arn}
        made = k8s.apiextensions.CustomResource(
            name,
            api_version=API_VERSION,
            kind="ClusterSecretStore" if args.namespace is None else "SecretStore",
            metadata=_metadata(args.store, args.namespace),
            spec={"provider": {"aws": aws_provider}, **_conditions(args.namespace, args.served)},
            opts=child,
        )
        self.store = made.id.apply(lambda _: args.store)
        self.register_outputs({"store": self.store})


@dataclass(frozen=True, kw_only=True)
class VaultSecretStoreArgs:
    """A store of the whole cluster over Vault.

    `authority` is the secret, in `vault_namespace`, whose `ca.crt` vouches for Vault. The store serves `served`.
    """

    store: str
    server: str
    mount: str
    role: str
    vault_namespace: str
    authority: str
    service_account: str
    service_account_namespace: str
    served: Sequence[str]


class VaultSecretStore(pulumi.ComponentResource):
    """A store that reads a key-value mount of Vault as External Secrets' own service account.

    Outputs: `store`, its name.

    Guarded by the chart check, which holds it against its schema; what it may read is the policy of its role in Vault.
    """

    store: pulumi.Output[str]

    def __init__(self, name: str, args: VaultSecretStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/security:VaultSecretStore", name, {}, opts)
        made = k8s.apiextensions.CustomResource(
            name,
            api_version=API_VERSION,
            kind="ClusterSecretStore",
            metadata=_metadata(args.store, None),
            spec={"provider": {"vault": vault_provider(args)}, **_conditions(None, args.served)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.store = made.id.apply(lambda _: args.store)
        self.register_outputs({"store": self.store})


def vault_provider(args: VaultSecretStoreArgs) -> dict[str, object]:
    """How the store reaches Vault and says who it is."""
    account = {"name": args.service_account, "namespace": args.service_account_namespace}
    return {
        "server": args.server,
        "path": args.mount,
        "version": "v2",
        "caProvider": {
            "type": "Secret",
            "name": args.authority,
            "namespace": args.vault_namespace,
            "key": "ca.crt",
        },
        "auth": {
            "kubernetes": {
                "mountPath": KUBERNETES_AUTH,
                "role": args.role,
                "serviceAccountRef": {**account, "audiences": ["vault"]},
            }
        },
    }


def reader_trust(reader_role_arn: str) -> str:
    """The trust policy of a role that one other role of the account takes, session tags and all."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": reader_role_arn},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    return json.dumps({"Version": VERSION, "Statement": [statement]})


def statements(args: AwsSecretStoreArgs, *, kms_key_arn: str) -> tuple[Statement, ...]:
    """Reading the scope's secrets, and their key through Secrets Manager only."""
    return (
        Statement(
            sid="ReadScope",
            actions=("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"),
            resources=args.secret_arns,
        ),
        Statement(
            sid="DecryptThroughSecretsManager",
            actions=("kms:Decrypt",),
            resources=(kms_key_arn,),
            conditions={"StringEquals": {"kms:ViaService": f"secretsmanager.{args.region}.amazonaws.com"}},
        ),
    )


def _metadata(store: str, namespace: str | None) -> dict[str, str]:
    return {"name": store} if namespace is None else {"name": store, "namespace": namespace}


def _conditions(namespace: str | None, served: Sequence[str]) -> dict[str, object]:
    return {} if namespace is not None else {"conditions": [{"namespaces": list(served)}]}

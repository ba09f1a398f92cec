"""Who reads which secrets: services those of services, each team its own, and nobody another's.

In the cluster, too, an account reads Secrets of namespaces that it works in: the check of charts holds that.
"""

import pulumi

from components.kubernetes.base.external_secret import AWS_STORE
from components.kubernetes.base.service_monitor import service_monitor
from components.kubernetes.cluster.ebs_csi import RETAINED_CLASS
from components.kubernetes.security.external_secrets import SERVICE_ACCOUNT, ExternalSecrets, ExternalSecretsArgs
from components.kubernetes.security.secret_store import (
    AwsSecretStore,
    AwsSecretStoreArgs,
    VaultSecretStore,
    VaultSecretStoreArgs,
)
from components.kubernetes.security.vault import TLS_COPY, Vault, VaultArgs
from components.kubernetes.security.vault_setup import MOUNT, READER, VaultSetup, VaultSetupArgs
from quantos.environment.conventions import SERVICE_SCOPE
from quantos.environment.namespaces import SERVICES, job_namespace
from quantos.environment.settings.environment import EnvironmentSettings
from stacks.platform_services.context import PlatformContext

NAMESPACE = "external-secrets"
TEAM_STORE = "team-secrets"
OPERATOR_ROLE = "external-secrets"
STORE_ROLES = "secrets"
VAULT = "vault"
VAULT_CLIENT = "vault-client"
VAULT_GIB = 10


def declare_stores(place: PlatformContext) -> AwsSecretStore:
    """Declare the operator, the store of services, which is returned, and one store a team in its job namespace."""
    settings = place.settings
    names = settings.names()
    operator = ExternalSecrets(
        "external-secrets",
        ExternalSecretsArgs(
            namespace=NAMESPACE,
            cluster_name=names.cluster,
            role_name=names.role(OPERATOR_ROLE),
            store_roles=role_arn(settings, f"{STORE_ROLES}-*"),
            replicas=settings.platform.replicas,
            tags=settings.tags(),
        ),
        place.inside(NAMESPACE),
    )
    for team in settings.platform.teams:
        namespace = job_namespace(team)
        AwsSecretStore(
            f"secrets-{team}",
            store_args(place, scope=team, namespace=namespace),
            place.inside(namespace, after=(operator,)),
        )
    return AwsSecretStore(
        "secrets-services",
        store_args(place, scope=SERVICE_SCOPE, namespace=None),
        place.inside(NAMESPACE, after=(operator,)),
    )


def declare_vault(place: PlatformContext) -> list[pulumi.Resource]:
    """Declare Vault, what sets it up, and the store that reads it for services."""
    settings, names = place.settings, place.settings.names()
    args = _vault_args(place)
    vault = Vault(VAULT, args, place.inside(VAULT))
    setup = VaultSetup(
        "vault-setup",
        VaultSetupArgs(
            namespace=VAULT,
            reader_namespace=NAMESPACE,
            address=args.address,
            image=names.image(VAULT_CLIENT, settings.platform.images[VAULT_CLIENT]),
            bootstrap_secret=names.secret(f"{SERVICE_SCOPE}/vault-bootstrap"),
            labels=place.labels(),
        ),
        place.inside(VAULT, after=(vault,)),
    )
    store = VaultSecretStore(
        "secrets-vault",
        VaultSecretStoreArgs(
            store=VAULT,
            server=args.address,
            mount=MOUNT,
            role=READER,
            vault_namespace=VAULT,
            authority=TLS_COPY,
            service_account=SERVICE_ACCOUNT,
            service_account_namespace=NAMESPACE,
            served=tuple(SERVICES),
        ),
        place.inside(NAMESPACE, after=(vault,)),
    )
    return [vault, setup, store]


def _vault_args(place: PlatformContext) -> VaultArgs:
    settings, names = place.settings, place.settings.names()
    return VaultArgs(
        namespace=VAULT,
        cluster_name=names.cluster,
        account_id=settings.account_id,
        region=settings.region,
        role_name=names.role(VAULT),
        key_alias=f"alias/{names.prefix}-vault",
        key_deletion_window_days=settings.key_deletion_window_days,
        deletion_protection=settings.deletion_protection,
        tls_secret=names.secret(f"{SERVICE_SCOPE}/vault-tls"),
        storage_class=RETAINED_CLASS,
        storage_gib=VAULT_GIB,
        replicas=settings.platform.replicas,
        tags=settings.tags(),
    )


def store_args(place: PlatformContext, *, scope: str, namespace: str | None) -> AwsSecretStoreArgs:
    """A store of the secrets `<environment>/<scope>/*`; that of services reads those that RDS keeps too."""
    settings = place.settings
    own = secret_arn(settings, f"{settings.names().secret(scope)}/*")
    return AwsSecretStoreArgs(
        store=AWS_STORE if namespace is None else TEAM_STORE,
        namespace=namespace,
        region=settings.region,
        role_name=settings.names().role(f"{STORE_ROLES}-{scope}"),
        reader_role_arn=role_arn(settings, OPERATOR_ROLE),
        secret_arns=(own,) if namespace is not None else (own, secret_arn(settings, "rds!*")),
        kms_key_arn=place.output("data_key_arn"),
        tags=settings.tags(),
        served=tuple(SERVICES),
    )


def role_arn(settings: EnvironmentSettings, service: str) -> str:
    """ARN of the role of a service in the cluster, or a pattern of them."""
    return f"arn:aws:iam::{settings.account_id}:role/{settings.names().role(service)}"


def secret_arn(settings: EnvironmentSettings, name: str) -> str:
    """ARN, or pattern of ARNs, of a secret of Secrets Manager."""
    return f"arn:aws:secretsmanager:{settings.region}:{settings.account_id}:secret:{name}"


def declare_monitor(place: PlatformContext) -> None:
    """Declare what is scraped of the operator, once the kinds of monitoring are there."""
    service_monitor(
        "external-secrets-metrics",
        namespace=NAMESPACE,
        labels={"app.kubernetes.io/instance": "external-secrets"},
        port="metrics",
        opts=pulumi.ResourceOptions(provider=place.cluster, depends_on=list(place.after)),
    )

"""Who reads which secrets: services those of services, each team its own, and nobody another's."""

import pulumi

from components.services.external_secret import AWS_STORE
from components.services.external_secrets import ExternalSecrets, ExternalSecretsArgs
from components.services.secret_store import AwsSecretStore, AwsSecretStoreArgs
from components.services.service_monitor import service_monitor
from quantos.environment.namespaces import SERVICES, job_namespace
from quantos.environment.settings import EnvironmentSettings
from stacks.platform.place import Place

NAMESPACE = "external-secrets"
SERVICE_SCOPE = "services"
TEAM_STORE = "team-secrets"
OPERATOR_ROLE = "external-secrets"
STORE_ROLES = "secrets"


def declare_stores(place: Place) -> AwsSecretStore:
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


def store_args(place: Place, *, scope: str, namespace: str | None) -> AwsSecretStoreArgs:
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


def declare_monitor(place: Place) -> None:
    """Declare what is scraped of the operator, once the kinds of monitoring are there."""
    service_monitor(
        "external-secrets-metrics",
        namespace=NAMESPACE,
        labels={"app.kubernetes.io/name": "external-secrets"},
        port="metrics",
        opts=pulumi.ResourceOptions(provider=place.cluster, depends_on=list(place.after)),
    )

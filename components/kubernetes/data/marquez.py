"""Marquez: which data every run read and wrote, by OpenLineage."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.base.charts import MARQUEZ
from components.kubernetes.base.disruption_budget import disruption_budget
from components.kubernetes.base.external_secret import external_secret
from components.kubernetes.base.hardening import resources
from components.kubernetes.base.release import release

NAME = "marquez"
SECRET = "marquez-db"  # noqa: S105  the secret's name
PASSWORD_KEY = "marquez-db-password"  # noqa: S105  the key that the chart reads


@dataclass(frozen=True, kw_only=True)
class MarquezArgs:
    """`secret` is a secret of Secrets Manager with the property `password` of the database user `marquez`."""

    namespace: str
    database_host: pulumi.Input[str]
    database_port: int
    secret: str
    replicas: int
    retention_days: int


class Marquez(pulumi.ComponentResource):
    """Marquez on the registry's Postgres, in a database of its own. Nothing of it asks the Kubernetes API.

    Guarded by the chart check and, in the cluster, by Pod Security `baseline`: the chart cannot be told of security
    contexts, so that its pods would be refused by `restricted`.
    """

    def __init__(self, name: str, args: MarquezArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/data:Marquez", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        password = external_secret(
            f"{name}-db",
            namespace=args.namespace,
            secret_name=SECRET,
            keys={PASSWORD_KEY: (args.secret, "password")},
            opts=child,
        )
        account = k8s.core.v1.ServiceAccount(
            name,
            metadata={"name": NAME, "namespace": args.namespace},
            automount_service_account_token=False,
            opts=child,
        )
        release(
            name,
            MARQUEZ,
            namespace=args.namespace,
            values=values(args),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[password, account])),
        )
        disruption_budget(
            name,
            namespace=args.namespace,
            budget_name=NAME,
            labels={"app.kubernetes.io/name": NAME, "app.kubernetes.io/component": NAME},
            opts=child,
        )
        self.register_outputs({})


def values(args: MarquezArgs) -> dict[str, object]:
    """Values of the chart."""
    return {
        "marquez": {
            "serviceAccount": NAME,
            "replicaCount": args.replicas,
            "existingSecretName": SECRET,
            "db": {"host": args.database_host, "port": args.database_port, "name": "marquez", "user": "marquez"},
            "dbRetention": {"retentionDays": args.retention_days},
            "migrateOnStartup": True,
            "resources": resources(cpu="250m", memory="512Mi", memory_limit="1Gi"),
        },
        "web": {"enabled": True, "resources": resources(cpu="50m", memory="128Mi", memory_limit="256Mi")},
        "postgresql": {"enabled": False},
    }

"""The databases on the registry's Postgres and who owns each: made by a Job, the same at every run."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.base.external_secret import external_secret
from components.kubernetes.base.hardened_pod import SECCOMP, container_resources, container_security, from_secret
from components.kubernetes.base.hardening import NOBODY

NAME = "database-users"
SECONDS_TO_RUN = 300


@dataclass(frozen=True, kw_only=True)
class DatabaseUser:
    """A role that owns the database of its own name. It logs in by IAM where `secret` is None.

    `secret` is a secret of Secrets Manager with the property `password`.
    """

    name: str
    secret: str | None

    @property
    def variable(self) -> str:
        """Name under which the Job is told the password."""
        return f"{self.name}_password"


@dataclass(frozen=True, kw_only=True)
class DatabaseUsersArgs:
    """`image` has `psql`, by digest. `master_secret_arn` is the secret that RDS keeps of its own administrator."""

    namespace: str
    image: str
    database_host: pulumi.Input[str]
    master_secret_arn: pulumi.Input[str]
    users: Sequence[DatabaseUser]
    labels: Mapping[str, str]


class DatabaseUsers(pulumi.ComponentResource):
    """Roles and databases as listed. What is there already is left, and a password is set again; nothing is dropped.

    Outputs: `ready`, known once the Job has succeeded.

    Guarded by the security pack, since its objects are plain, and in the cluster by Pod Security `restricted`.
    """

    ready: pulumi.Output[str]

    def __init__(self, name: str, args: DatabaseUsersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/data:DatabaseUsers", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        passwords = {user.variable: (user.secret, "password") for user in args.users if user.secret is not None}
        secret = external_secret(
            name,
            namespace=args.namespace,
            secret_name=NAME,
            keys={
                "PGUSER": (args.master_secret_arn, "username"),
                "PGPASSWORD": (args.master_secret_arn, "password"),
                **passwords,
            },
            opts=child,
        )
        script = sql(args.users)
        text = k8s.core.v1.ConfigMap(
            name,
            metadata=k8s.meta.v1.ObjectMetaArgs(name=NAME, namespace=args.namespace, labels=args.labels),
            data={"users.sql": script},
            opts=child,
        )
        job = k8s.batch.v1.Job(
            name,
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=f"{NAME}-{hashlib.sha256(script.encode()).hexdigest()[:8]}",
                namespace=args.namespace,
                labels=args.labels,
            ),
            spec=k8s.batch.v1.JobSpecArgs(
                backoff_limit=4,
                active_deadline_seconds=SECONDS_TO_RUN,
                template=k8s.core.v1.PodTemplateSpecArgs(
                    metadata=k8s.meta.v1.ObjectMetaArgs(labels=args.labels), spec=_pod(args)
                ),
            ),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[secret, text])),
        )
        self.ready = job.id
        self.register_outputs({"ready": self.ready})


def sql(users: Sequence[DatabaseUser]) -> str:
    """The script for `psql` of Postgres 15 or later; each password is read from the process's environment."""
    given = [f"\\getenv {user.variable} {user.variable}" for user in users if user.secret is not None]
    return "\n".join(["\\set ON_ERROR_STOP on", *given, *(_statements(user) for user in users)]) + "\n"


def _statements(user: DatabaseUser) -> str:
    name = user.name
    login = "GRANT rds_iam TO {0};" if user.secret is None else "ALTER ROLE {0} PASSWORD :'{1}';"
    return "\n".join(
        [
            f"SELECT 'CREATE ROLE {name} LOGIN' WHERE NOT EXISTS",
            f"  (SELECT FROM pg_roles WHERE rolname = '{name}') \\gexec",
            login.format(name, user.variable),
            f"GRANT {name} TO CURRENT_USER;",
            f"SELECT 'CREATE DATABASE {name} OWNER {name}' WHERE NOT EXISTS",
            f"  (SELECT FROM pg_database WHERE datname = '{name}') \\gexec",
            f"REVOKE ALL ON DATABASE {name} FROM PUBLIC;",
        ]
    )


def _pod(args: DatabaseUsersArgs) -> k8s.core.v1.PodSpecArgs:
    keys = ["PGUSER", "PGPASSWORD", *(user.variable for user in args.users if user.secret is not None)]
    secrets = [from_secret(key, secret_name=NAME, key=key) for key in keys]
    container = k8s.core.v1.ContainerArgs(
        name="psql",
        image=args.image,
        command=["psql", "--no-psqlrc", "--quiet", "--file=/sql/users.sql"],
        env=[
            k8s.core.v1.EnvVarArgs(name="PGHOST", value=args.database_host),
            k8s.core.v1.EnvVarArgs(name="PGDATABASE", value="postgres"),
            k8s.core.v1.EnvVarArgs(name="PGSSLMODE", value="require"),
            *secrets,
        ],
        resources=container_resources(cpu="50m", memory="64Mi"),
        security_context=container_security(),
        volume_mounts=[k8s.core.v1.VolumeMountArgs(name="sql", mount_path="/sql", read_only=True)],
    )
    return k8s.core.v1.PodSpecArgs(
        restart_policy="OnFailure",
        automount_service_account_token=False,
        enable_service_links=False,
        security_context=k8s.core.v1.PodSecurityContextArgs(
            run_as_non_root=True, run_as_user=NOBODY, run_as_group=NOBODY, seccomp_profile=SECCOMP
        ),
        containers=[container],
        volumes=[k8s.core.v1.VolumeArgs(name="sql", config_map=k8s.core.v1.ConfigMapVolumeSourceArgs(name=NAME))],
    )

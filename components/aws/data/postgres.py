"""The Postgres database in which services of the platform keep their records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.iam.service_role import ServiceRole, ServiceRoleArgs
from components.aws.iam.statements import assume_role_document
from components.aws.network.security_group import PortRule, SecurityGroup, SecurityGroupArgs
from quantos.environment.conventions import POSTGRES_PORT

LOG_EXPORTS = ("postgresql", "upgrade")
MONITORING_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
PARAMETERS = {
    "rds.force_ssl": "1",
    "ssl_min_protocol_version": "TLSv1.2",
    "log_connections": "1",
    "log_disconnections": "1",
    "log_min_duration_statement": "1000",
}
"""TLS only; who came and went, and every statement of a second or more, are in the log."""


@dataclass(frozen=True, kw_only=True)
class PostgresDatabaseArgs:
    """`engine_version` is a major version of Postgres; its minor one is RDS's and rises in the maintenance window.

    `client_group_ids` maps a short key to a security group whose members may connect. The key must let CloudWatch
    Logs use it.
    """

    identifier: str
    account_id: str
    database_name: str
    master_username: str
    engine_version: str
    instance_class: str
    storage_gib: int
    max_storage_gib: int
    multi_az: bool
    backup_days: int
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    client_group_ids: Mapping[str, pulumi.Input[str]]
    kms_key_arn: pulumi.Input[str]
    log_retention_days: int
    deletion_protection: bool
    tags: Mapping[str, str]


class PostgresDatabase(pulumi.ComponentResource):
    """An instance in the private subnets that takes TLS only, and passwords or IAM identities.

    Its master password is made, kept and turned by Secrets Manager; no program ever sees it. A protected instance
    leaves a last snapshot.

    Outputs: `host`, `port`; `master_secret_arn`, a secret of `username` and `password`; `resource_id`, by which IAM
    policies name it (`rds-db:connect`).

    Guarded by the security and cost packs, since its objects are plain.
    """

    host: pulumi.Output[str]
    port: pulumi.Output[int]
    master_secret_arn: pulumi.Output[str]
    resource_id: pulumi.Output[str]

    def __init__(self, name: str, args: PostgresDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/data:PostgresDatabase", name, {}, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        instance = self._instance(self._parameters(), self._subnet_group(), logs=self._logs())
        self.host = instance.address
        self.port = instance.port
        self.master_secret_arn = instance.master_user_secrets.apply(lambda secrets: secrets[0].secret_arn or "")
        self.resource_id = instance.resource_id
        self.register_outputs(
            {
                "host": self.host,
                "port": self.port,
                "masterSecretArn": self.master_secret_arn,
                "resourceId": self.resource_id,
            }
        )

    def _parameters(self) -> aws.rds.ParameterGroup:
        return aws.rds.ParameterGroup(
            self._name,
            name=f"{self._args.identifier}-{self._args.engine_version}",
            family=f"postgres{self._args.engine_version}",
            description=f"{self._args.identifier}: TLS only, connections and slow statements in the log",
            parameters=[{"name": name, "value": value} for name, value in PARAMETERS.items()],
            tags=self._args.tags,
            opts=self._child,
        )

    def _subnet_group(self) -> aws.rds.SubnetGroup:
        return aws.rds.SubnetGroup(
            self._name,
            name=self._args.identifier,
            description=f"{self._args.identifier}: private subnets",
            subnet_ids=self._args.subnet_ids,
            tags=self._args.tags,
            opts=self._child,
        )

    def _security_group(self) -> SecurityGroup:
        args = self._args
        clients = [
            PortRule(key=key, description=f"Postgres from {key}", port=POSTGRES_PORT, group_id=group_id)
            for key, group_id in args.client_group_ids.items()
        ]
        return SecurityGroup(
            self._name,
            SecurityGroupArgs(
                name=args.identifier,
                description="Postgres, reached by its clients and reaching nobody",
                vpc_id=args.vpc_id,
                ingress=clients,
                tags=args.tags,
            ),
            opts=self._child,
        )

    def _logs(self) -> list[aws.cloudwatch.LogGroup]:
        """RDS makes them itself where they are not there, unencrypted and for ever."""
        return [
            aws.cloudwatch.LogGroup(
                f"{self._name}-{kind}",
                name=f"/aws/rds/instance/{self._args.identifier}/{kind}",
                retention_in_days=self._args.log_retention_days,
                kms_key_id=self._args.kms_key_arn,
                tags=self._args.tags,
                opts=self._child,
            )
            for kind in LOG_EXPORTS
        ]

    def _monitoring_role(self) -> ServiceRole:
        return ServiceRole(
            f"{self._name}-monitoring",
            ServiceRoleArgs(
                role_name=f"{self._args.identifier}-monitoring",
                trust_policy=assume_role_document("monitoring.rds.amazonaws.com", account_id=self._args.account_id),
                managed_policies={"monitoring": MONITORING_POLICY},
                tags=self._args.tags,
            ),
            opts=self._child,
        )

    def _instance(
        self,
        parameters: aws.rds.ParameterGroup,
        subnets: aws.rds.SubnetGroup,
        *,
        logs: Sequence[aws.cloudwatch.LogGroup],
    ) -> aws.rds.Instance:
        args = self._args
        kept = pulumi.ResourceOptions(protect=args.deletion_protection, depends_on=logs)
        return aws.rds.Instance(
            self._name,
            identifier=args.identifier,
            engine="postgres",
            engine_version=args.engine_version,
            auto_minor_version_upgrade=True,
            instance_class=args.instance_class,
            allocated_storage=args.storage_gib,
            max_allocated_storage=args.max_storage_gib,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=args.kms_key_arn,
            multi_az=args.multi_az,
            db_name=args.database_name,
            username=args.master_username,
            manage_master_user_password=True,
            master_user_secret_kms_key_id=args.kms_key_arn,
            iam_database_authentication_enabled=True,
            parameter_group_name=parameters.name,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[self._security_group().group_id],
            publicly_accessible=False,
            ca_cert_identifier="rds-ca-rsa2048-g1",
            backup_retention_period=args.backup_days,
            backup_window="03:00-04:00",
            maintenance_window="sun:04:30-sun:05:30",
            copy_tags_to_snapshot=True,
            delete_automated_backups=not args.deletion_protection,
            deletion_protection=args.deletion_protection,
            skip_final_snapshot=not args.deletion_protection,
            final_snapshot_identifier=f"{args.identifier}-final" if args.deletion_protection else None,
            enabled_cloudwatch_logs_exports=LOG_EXPORTS,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.kms_key_arn,
            monitoring_interval=60,
            monitoring_role_arn=self._monitoring_role().arn,
            tags=args.tags,
            opts=pulumi.ResourceOptions.merge(self._child, kept),
        )

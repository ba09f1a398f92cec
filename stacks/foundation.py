"""The foundation layer: network, keys, buckets, registry, cluster, bus and the table that coordinates writers."""

import pulumi

from components.aws.compute.node_template import NodeTemplate, NodeTemplateArgs
from components.aws.cost.billing_lake import exporter_may_use_key, exporter_may_write
from components.aws.data.dynamo_table import DynamoTable, DynamoTableArgs, KeyAttribute
from components.aws.data.msk import IAM_PORT, MskCluster, MskClusterArgs
from components.aws.data.postgres import PostgresDatabase, PostgresDatabaseArgs
from components.aws.eks.cluster import Cluster, ClusterArgs
from components.aws.iam.statements import Statement
from components.aws.network.vpc import Vpc, VpcArgs, ZoneArgs
from components.aws.storage.bucket import Bucket, BucketArgs, ObjectLock
from components.aws.storage.bucket_replication import BucketReplication, BucketReplicationArgs
from components.aws.storage.image_repository import ImageRepository, ImageRepositoryArgs
from components.aws.storage.kms_key import (
    KmsKey,
    KmsKeyArgs,
    Purpose,
    auto_scaling_may_use_key,
    observability_may_use_key,
)
from quantos.environment.conventions import FUNCTIONS_IMAGE, POSTGRES_PORT
from quantos.environment.functions import topic_partitions
from quantos.environment.settings.environment import EnvironmentSettings
from stacks.function_access import anchors_refused, evidence_refused

KEEP_IMAGES = 50
KEEP_VERSIONS_DAYS = 90


def program(settings: EnvironmentSettings) -> None:
    """Declare the layer and export what the layers above it need, plain values only."""
    names = settings.names()
    data_key = _data_key(settings)
    signing_key = _key(settings, "plan-signing", alias=names.plan_signing_key, purpose="sign")
    network = _network(settings, data_key)
    cluster = _cluster(settings, network, key=data_key)
    database = _database(settings, network, cluster=cluster, key=data_key)
    _buckets(settings, key=data_key)
    pulumi.export("vpc_id", network.vpc_id)
    pulumi.export("private_subnet_ids", network.private_subnet_ids)
    pulumi.export("function_security_group_id", network.function_group_id)
    pulumi.export("cluster_name", cluster.cluster_name)
    pulumi.export("cluster_endpoint", cluster.endpoint)
    pulumi.export("cluster_certificate_authority", cluster.certificate_authority)
    pulumi.export("cluster_security_group_id", cluster.security_group_id)
    pulumi.export("node_role_arn", cluster.node_role_arn)
    pulumi.export("launch_templates", _node_templates(settings, key=data_key))
    pulumi.export("data_key_arn", data_key.arn)
    pulumi.export("plan_signing_key_arn", signing_key.arn)
    if settings.bus.kind == "msk":
        bus = _bus(settings, network, cluster=cluster, key=data_key)
        pulumi.export("msk_cluster_arn", bus.cluster_arn)
        pulumi.export("msk_bootstrap_brokers", bus.bootstrap_brokers)
    pulumi.export("database_endpoint", database.host)
    pulumi.export("database_port", database.port)
    pulumi.export("database_master_secret_arn", database.master_secret_arn)
    pulumi.export("database_resource_id", database.resource_id)
    urls = {name: _repository(settings, name, key=data_key) for name in (FUNCTIONS_IMAGE, *settings.platform.images)}
    pulumi.export("repository_url", urls[FUNCTIONS_IMAGE])
    pulumi.export("repository_urls", urls)
    for name, table in (("coordination", names.coordination_table), ("switches", names.switch_table)):
        pulumi.export(f"{name}_table", _table(settings, name, table_name=table, key=data_key).table_name)


def _data_key(settings: EnvironmentSettings) -> KmsKey:
    """The key of everything that is kept; services of AWS that write in our name may use it."""
    names = settings.names()
    log_groups = (f"/{names.prefix}*", f"/aws/eks/{names.cluster}/*", f"/aws/lambda/{names.prefix}-*")
    log_groups += (f"/aws/rds/instance/{names.prefix}-*",)
    users = observability_may_use_key(account_id=settings.account_id, region=settings.region, log_groups=log_groups)
    users += auto_scaling_may_use_key(settings.account_id)
    users += (exporter_may_use_key(settings.account_id),)
    return _key(settings, "data", alias=f"alias/{names.prefix}-data", purpose="encrypt", statements=users)


def _table(settings: EnvironmentSettings, name: str, *, table_name: str, key: KmsKey) -> DynamoTable:
    args = DynamoTableArgs(
        table_name=table_name,
        hash_key=KeyAttribute(name="pk"),
        range_key=KeyAttribute(name="sk"),
        kms_key_arn=key.arn,
        deletion_protection=settings.deletion_protection,
        tags=settings.tags(),
    )
    return DynamoTable(name, args)


def _key(
    settings: EnvironmentSettings, name: str, *, alias: str, purpose: Purpose, statements: tuple[Statement, ...] = ()
) -> KmsKey:
    args = KmsKeyArgs(
        alias=alias,
        description=f"{name} of {settings.names().prefix}",
        purpose=purpose,
        account_id=settings.account_id,
        deletion_window_days=settings.key_deletion_window_days,
        statements=statements,
        tags=settings.tags(),
    )
    return KmsKey(name, args)


def _network(settings: EnvironmentSettings, key: KmsKey) -> Vpc:
    zones = [
        ZoneArgs(name=zone.name, public_cidr=str(zone.public_cidr), private_cidr=str(zone.private_cidr))
        for zone in settings.network.zones
    ]
    args = VpcArgs(
        name=settings.names().prefix,
        account_id=settings.account_id,
        region=settings.region,
        cluster_name=settings.names().cluster,
        cidr=str(settings.network.cidr),
        zones=zones,
        nat_per_zone=settings.network.nat_per_zone,
        bus_port=IAM_PORT,
        database_port=POSTGRES_PORT,
        endpoint_services=settings.network.endpoint_services,
        kms_key_arn=key.arn,
        log_retention_days=settings.cluster.log_retention_days,
        tags=settings.tags(),
    )
    return Vpc("network", args)


def _cluster(settings: EnvironmentSettings, network: Vpc, *, key: KmsKey) -> Cluster:
    cluster = settings.cluster
    args = ClusterArgs(
        cluster_name=settings.names().cluster,
        account_id=settings.account_id,
        kubernetes_version=cluster.kubernetes_version,
        addon_versions=cluster.addons,
        admin_role_arns=cluster.admins,
        system_instance_types=cluster.system_nodes.instance_types,
        system_nodes=cluster.system_nodes.nodes,
        system_disk_gib=cluster.system_nodes.disk_gib,
        vpc_id=network.vpc_id,
        public_subnet_ids=list(network.public_subnet_ids.values()),
        private_subnet_ids=list(network.private_subnet_ids.values()),
        public_endpoint=cluster.answers_publicly,
        public_access_cidrs=[str(cidr) for cidr in cluster.public_access_cidrs],
        kms_key_arn=key.arn,
        log_retention_days=cluster.log_retention_days,
        deletion_protection=settings.deletion_protection,
        tags=settings.tags(),
    )
    return Cluster("cluster", args)


def _node_templates(settings: EnvironmentSettings, *, key: KmsKey) -> dict[str, dict[str, pulumi.Output[str]]]:
    """Id and version of each pool's launch template: with the shapes, which are people's, and not with the sizes."""
    made = {
        name: NodeTemplate(
            f"{name}-nodes",
            NodeTemplateArgs(
                template_name=f"{settings.names().prefix}-{name}",
                disk_gib=pool.disk_gib,
                kms_key_arn=key.arn,
                tags=settings.pool_tags(name),
            ),
        )
        for name, pool in settings.pools.items()
    }
    return {name: {"id": template.template_id, "version": template.version} for name, template in made.items()}


def _bus(settings: EnvironmentSettings, network: Vpc, *, cluster: Cluster, key: KmsKey) -> MskCluster:
    args = MskClusterArgs(
        cluster_name=settings.names().prefix,
        kafka_version=settings.bus.kafka_version,
        broker_type=settings.bus.broker_type,
        brokers=settings.bus.brokers,
        volume_gib=settings.bus.volume_gib,
        vpc_id=network.vpc_id,
        vpc_cidr=str(settings.network.cidr),
        subnet_ids=list(network.private_subnet_ids.values()),
        client_group_ids={"functions": network.function_group_id, "nodes": cluster.security_group_id},
        topic_partitions=topic_partitions(),
        kms_key_arn=key.arn,
        log_retention_days=settings.cluster.log_retention_days,
        tags=settings.tags(),
    )
    return MskCluster("bus", args)


def _repository(settings: EnvironmentSettings, name: str, *, key: KmsKey) -> pulumi.Output[str]:
    args = ImageRepositoryArgs(
        repository_name=settings.names().repository(name),
        kms_key_arn=key.arn,
        keep_images=KEEP_IMAGES,
        deletion_protection=settings.deletion_protection,
        tags=settings.tags(),
    )
    return ImageRepository(name, args).repository_url


def _database(settings: EnvironmentSettings, network: Vpc, *, cluster: Cluster, key: KmsKey) -> PostgresDatabase:
    database = settings.database
    args = PostgresDatabaseArgs(
        identifier=f"{settings.names().prefix}-registry",
        account_id=settings.account_id,
        database_name="registry",
        master_username="quantos",
        engine_version=database.engine_version,
        instance_class=database.instance_class,
        storage_gib=database.storage_gib,
        max_storage_gib=database.max_storage_gib,
        multi_az=database.multi_az,
        backup_days=database.backup_days,
        vpc_id=network.vpc_id,
        subnet_ids=list(network.private_subnet_ids.values()),
        client_group_ids={"nodes": cluster.security_group_id, "functions": network.function_group_id},
        kms_key_arn=key.arn,
        log_retention_days=settings.cluster.log_retention_days,
        deletion_protection=settings.deletion_protection,
        tags=settings.tags(),
    )
    return PostgresDatabase("database", args)


def _buckets(settings: EnvironmentSettings, *, key: KmsKey) -> None:
    audit = settings.audit
    lock = ObjectLock(mode=audit.lock_mode, retention_days=audit.retention_days)
    names = settings.names()
    bill = exporter_may_write(names.bucket("lake"), account_id=settings.account_id, prefix=names.billing_prefix)
    evidence = evidence_refused(settings)
    for purpose, writers in {"plans": (), "lake": (bill,), "artifacts": (evidence,)}.items():
        pulumi.export(f"{purpose}_bucket", _bucket(settings, purpose, key=key, writers=writers).bucket_name)
    locked = _bucket(settings, "audit", key=key, lock=lock, writers=(anchors_refused(settings),))
    pulumi.export("audit_bucket", locked.bucket_name)
    if audit.replica_region is None:
        return
    replica = BucketReplicationArgs(
        source_name=locked.bucket_name,
        source_region=settings.region,
        source_key_arn=key.arn,
        replica_name=settings.names().replica_bucket("audit", region=audit.replica_region),
        replica_region=audit.replica_region,
        account_id=settings.account_id,
        name_prefix=f"{settings.names().prefix}-audit",
        object_lock=lock,
        keep_noncurrent_days=KEEP_VERSIONS_DAYS,
        key_deletion_window_days=settings.key_deletion_window_days,
        deletion_protection=settings.deletion_protection,
        tags=settings.tags(),
    )
    pulumi.export("audit_replica_bucket", BucketReplication("audit", replica).replica_name)


def _bucket(
    settings: EnvironmentSettings,
    purpose: str,
    *,
    key: KmsKey,
    lock: ObjectLock | None = None,
    writers: tuple[Statement, ...] = (),
) -> Bucket:
    args = BucketArgs(
        bucket_name=settings.names().bucket(purpose),
        kms_key_arn=key.arn,
        keep_noncurrent_days=KEEP_VERSIONS_DAYS,
        deletion_protection=settings.deletion_protection,
        object_lock=lock,
        statements=writers,
        tags=settings.tags(),
    )
    return Bucket(purpose, args)

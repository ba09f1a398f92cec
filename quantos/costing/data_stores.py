"""Buckets, tables, databases, the bus, images, and queries over what they keep."""

from collections.abc import Iterator, Mapping
from typing import Final

from quantos.costing.resource import Resource
from quantos.costing.tariff import Entry, Pricer, Tariff

FREE_INSIGHT_DAYS: Final = 7
FREE_RDS_GP3_IOPS: Final = 12_000


def _bucket(bucket: Resource, tariff: Tariff) -> Iterator[Entry]:
    """All of it in the standard class, old versions included; both are what the assumption has to count."""
    yield tariff.used("s3-standard", "s3_gib", unit="GiB-month", by=bucket, what="S3 storage")
    yield tariff.used("s3-write-requests", "s3_million_writes", unit="million", by=bucket)
    yield tariff.used("s3-read-requests", "s3_million_reads", unit="million", by=bucket)


def _replication(replication: Resource, tariff: Tariff) -> Iterator[Entry]:
    """The way to the other region; what lies there is the other bucket's."""
    yield tariff.used("transfer-to-region", "s3_replicated_gib", unit="GiB", by=replication)
    times = (rule.part("destination").part("replicationTime") for rule in replication.parts("rules"))
    if any(time.properties.get("status") == "Enabled" for time in times):
        yield tariff.used("s3-replication-time-control", "s3_replicated_gib", unit="GiB", by=replication)


def _table(table: Resource, tariff: Tariff) -> Iterator[Entry]:
    if table.sequence("replicas"):
        raise table.unreadable("replicas", "a global table")
    if table.text("billingMode", default="PROVISIONED") == "PAY_PER_REQUEST":
        yield tariff.used("dynamodb-write-requests", "dynamodb_million_writes", unit="million", by=table)
        yield tariff.used("dynamodb-read-requests", "dynamodb_million_reads", unit="million", by=table)
    else:
        yield tariff.hourly("dynamodb-write-capacity", count=table.number("writeCapacity"))
        yield tariff.hourly("dynamodb-read-capacity", count=table.number("readCapacity"))
    yield tariff.used("dynamodb-storage", "dynamodb_gib", unit="GiB-month", by=table)
    if table.part("pointInTimeRecovery").flag("enabled"):
        yield tariff.used("dynamodb-point-in-time-recovery", "dynamodb_gib", unit="GiB-month", by=table)


def _database(database: Resource, tariff: Tariff) -> Iterator[Entry]:
    """A PostgreSQL instance; one over two zones is two of everything but backups."""
    engine, kind = database.text("engine"), database.text("storageType", default="gp2")
    if engine != "postgres":
        raise database.unreadable("engine", engine)
    copies = 2 if database.flag("multiAz") else 1
    name = database.text("instanceClass")
    zones = ", two zones" if copies == 2 else ""
    yield tariff.hourly(f"rds-postgres-{name}", count=copies, what=f"PostgreSQL {name}{zones}")
    least = database.number("allocatedStorage")
    most = max(least, database.number("maxAllocatedStorage", default=least))
    what = f"{kind} storage{zones}"
    yield tariff.declared(f"rds-{kind}", most * copies, unit="GiB-month", floor=least * copies, what=what)
    yield from _database_iops(database, tariff, kind=kind, copies=copies)
    if database.number("backupRetentionPeriod", default=0) > 0:
        yield tariff.used("rds-backup", "rds_backup_gib", unit="GiB-month", by=database, what="backups beyond its size")
    insight_days = database.number("performanceInsightsRetentionPeriod", default=FREE_INSIGHT_DAYS)
    if database.flag("performanceInsightsEnabled") and insight_days > FREE_INSIGHT_DAYS:
        raise database.unreadable("performanceInsightsRetentionPeriod", insight_days)


def _database_iops(database: Resource, tariff: Tariff, *, kind: str, copies: int) -> Iterator[Entry]:
    included = FREE_RDS_GP3_IOPS if kind == "gp3" else 0
    more = database.number("iops", default=0) - included
    if kind != "gp2" and more > 0:
        yield tariff.declared(f"rds-{kind}-iops", more * copies, unit="IOPS-month")


def _bus(bus: Resource, tariff: Tariff) -> Iterator[Entry]:
    """Brokers, their disks, and metrics by topic or partition, which CloudWatch bills as custom ones."""
    brokers, nodes = bus.number("numberOfBrokerNodes"), bus.part("brokerNodeGroupInfo")
    if (mode := bus.text("storageMode", default="LOCAL")) != "LOCAL":
        raise bus.unreadable("storageMode", mode)
    kind = nodes.text("instanceType")
    disk = nodes.part("storageInfo").part("ebsStorageInfo")
    throughput = disk.part("provisionedThroughput")
    yield tariff.hourly(f"msk-{kind}", count=brokers, what=f"{kind} brokers")
    yield tariff.declared(
        "msk-storage", brokers * disk.number("volumeSize"), unit="GiB-month", what="storage of brokers"
    )
    if throughput.flag("enabled"):
        yield tariff.declared(
            "msk-storage-throughput", brokers * throughput.number("volumeThroughput"), unit="MiBps-month"
        )
    if bus.text("enhancedMonitoring", default="DEFAULT") != "DEFAULT":
        yield tariff.used(
            "cloudwatch-metric", "msk_paid_metrics", unit="metric-month", by=bus, what="metrics of brokers"
        )


def _images(repository: Resource, tariff: Tariff) -> Iterator[Entry]:
    yield tariff.used("ecr-storage", "ecr_gib", unit="GiB-month", by=repository, what="images")


def _glue(job: Resource, tariff: Tariff) -> Iterator[Entry]:
    yield tariff.used("glue-dpu", "glue_dpu_hours", unit="hour", by=job, what="Glue DPU")


def _workgroup(workgroup: Resource, tariff: Tariff) -> Iterator[Entry]:
    yield tariff.used("athena-scanned", "athena_tib_scanned", unit="TiB", by=workgroup, what="Athena queries")


PRICERS: Final[Mapping[str, Pricer]] = {
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": _replication,
    "aws:dynamodb/table:Table": _table,
    "aws:rds/instance:Instance": _database,
    "aws:msk/cluster:Cluster": _bus,
    "aws:ecr/repository:Repository": _images,
    "aws:glue/crawler:Crawler": _glue,
    "aws:glue/job:Job": _glue,
    "aws:athena/workgroup:Workgroup": _workgroup,
}

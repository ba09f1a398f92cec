"""Buckets, tables, databases, the bus, images, and queries over what they keep."""

from collections.abc import Iterator, Mapping
from typing import Final

from quantos.costing.cost import DAYS_PER_MONTH
from quantos.costing.resource import Resource
from quantos.costing.tariff import Entry, Pricer, Tariff

REPLICATION: Final = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
FREE_INSIGHT_DAYS: Final = 7
LARGE_GP3_GIB: Final = 400
"""From this size on RDS stripes a volume over four, and sells more than what is included."""
GP3_INCLUDED: Final[Mapping[str, tuple[float, float]]] = {"iops": (3_000, 12_000), "storageThroughput": (125, 500)}
"""What a small and a large gp3 volume includes: IOPS, and MiB/s."""


def _bucket(bucket: Resource, tariff: Tariff) -> Iterator[Entry]:
    """All of it in the standard class, old versions included; both are what the assumption has to count."""
    yield tariff.used("s3-standard", "s3_gib", unit="GiB-month", by=bucket, what="S3 storage")
    yield tariff.used("s3-write-requests", "s3_million_writes", unit="million", by=bucket)
    yield tariff.used("s3-read-requests", "s3_million_reads", unit="million", by=bucket)
    inline = bucket.part("replicationConfiguration")
    if inline.sequence("rules") and not any(_is_of(other, bucket) for other in tariff.resources.values()):
        yield from _replication(inline, tariff)


def _is_of(other: Resource, bucket: Resource) -> bool:
    """Whether a replication is this bucket's: AWS then tells it of the bucket, too."""
    return other.type == REPLICATION and other.properties.get("bucket") == bucket.properties.get("bucket")


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
        for part in (table, *table.parts("globalSecondaryIndexes")):
            of = "" if part is table else f" of index {part.properties.get('name')}"
            for kind in ("write", "read"):
                count = part.number(f"{kind}Capacity")
                yield tariff.hourly(f"dynamodb-{kind}-capacity", count=count, what=f"dynamodb {kind} capacity{of}")
    yield tariff.used("dynamodb-storage", "dynamodb_gib", unit="GiB-month", by=table)
    if table.part("pointInTimeRecovery").flag("enabled"):
        yield tariff.used("dynamodb-point-in-time-recovery", "dynamodb_gib", unit="GiB-month", by=table)


def _database(database: Resource, tariff: Tariff) -> Iterator[Entry]:
    """A PostgreSQL instance; one over two zones is two of everything but backups."""
    engine, kind = database.text("engine"), _storage(database)
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
    yield from _beside_storage(database, tariff)
    if database.number("backupRetentionPeriod", default=0) > 0:
        yield tariff.used("rds-backup", "rds_backup_gib", unit="GiB-month", by=database, what="backups beyond its size")
    insight_days = database.number("performanceInsightsRetentionPeriod", default=FREE_INSIGHT_DAYS)
    if database.flag("performanceInsightsEnabled") and insight_days > FREE_INSIGHT_DAYS:
        raise database.unreadable("performanceInsightsRetentionPeriod", insight_days)


def _storage(database: Resource) -> str:
    """Its kind; where nobody says, IOPS make it io1."""
    return database.text("storageType", default="io1" if database.number("iops", default=0) else "gp2")


def _beside_storage(database: Resource, tariff: Tariff) -> Iterator[Entry]:
    version = database.text("engineVersion", default="").partition(".")[0]
    leaves = database.text("engineLifecycleSupport", default="").endswith("disabled")
    if version and not leaves and tariff.is_extended(database, "rds-postgres", version):
        raise database.unreadable("engineVersion", f"{version}, whose extended support is billed by the vCPU")
    if database.flag("publiclyAccessible"):
        yield tariff.hourly("public-ipv4", what="public address")
    if database.number("monitoringInterval", default=0) > 0:
        what = "enhanced monitoring"
        yield tariff.used("logs-ingested", "log_gib_per_day", unit="GiB", by=database, times=DAYS_PER_MONTH, what=what)
    if database.flag("manageMasterUserPassword"):
        yield tariff.declared("secret", 1, unit="month", what="the master's secret")


def _database_iops(database: Resource, tariff: Tariff, *, kind: str, copies: int) -> Iterator[Entry]:
    if kind == "gp3":
        yield from _gp3(database, tariff, copies=copies)
    elif kind != "gp2" and (iops := database.number("iops", default=0)) > 0:
        yield tariff.declared(f"rds-{kind}-iops", iops * copies, unit="IOPS-month")


def _gp3(database: Resource, tariff: Tariff, *, copies: int) -> Iterator[Entry]:
    """Beyond what is included. A small volume has what is included and no more: RDS refuses to sell it any."""
    large = database.number("allocatedStorage") >= LARGE_GP3_GIB
    for key, item, unit in (
        ("iops", "rds-gp3-iops", "IOPS-month"),
        ("storageThroughput", "rds-gp3-throughput", "MiBps-month"),
    ):
        stated = database.number(key, default=0)
        more = stated - GP3_INCLUDED[key][large]
        if more > 0 and not large:
            raise database.unreadable(key, f"{stated:g}, which RDS sells from {LARGE_GP3_GIB} GiB on")
        if more > 0:
            yield tariff.declared(item, more * copies, unit=unit)


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
    REPLICATION: _replication,
    "aws:dynamodb/table:Table": _table,
    "aws:rds/instance:Instance": _database,
    "aws:msk/cluster:Cluster": _bus,
    "aws:ecr/repository:Repository": _images,
    "aws:glue/crawler:Crawler": _glue,
    "aws:glue/job:Job": _glue,
    "aws:athena/workgroup:Workgroup": _workgroup,
}

"""What is lost can be brought back, and a protected environment is hard to lose."""

from collections.abc import Iterator

from quantos.policy.controls import firm, fsbp
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule
from quantos.policy.security.values import at, is_true, number, text

BUCKET = "aws:s3/bucket:Bucket"
DATABASES = ("aws:rds/instance:Instance", "aws:rds/cluster:Cluster")
PROTECTED_BACKUP_DAYS = 7


def _few_backups(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    days = number(resource.properties, "backupRetentionPeriod") or 0
    least = PROTECTED_BACKUP_DAYS if limits.protected else 1
    if days < least and not text(resource.properties, "replicateSourceDb"):
        yield f"{resource.name} keeps its backups for {days:.0f} days; {limits.environment} wants {least}"


def _deletable_database(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    if limits.protected and not is_true(resource.properties, "deletionProtection"):
        yield f"{resource.name} can be deleted in one call"
    if limits.protected and is_true(resource.properties, "skipFinalSnapshot"):
        yield f"{resource.name} leaves no snapshot behind when it is deleted"


def _one_zone(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    if limits.protected and not is_true(resource.properties, "multiAz"):
        yield f"{resource.name} stands in one zone"


def _no_recovery(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if not is_true(resource.properties, "pointInTimeRecovery", "enabled"):
        yield f"{resource.name} cannot be restored to a point in time"


def _deletable_table(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    if limits.protected and not is_true(resource.properties, "deletionProtectionEnabled"):
        yield f"{resource.name} can be deleted in one call"


def _unversioned(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if text(resource.properties, "versioningConfiguration", "status") != "Enabled":
        yield f"{resource.name} keeps no versions"


def _deletable_bucket(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    if not limits.protected:
        return
    if is_true(resource.properties, "forceDestroy"):
        yield f"{resource.name} is deleted with everything in it"
    if not resource.protected:
        yield f"{resource.name} may be deleted by an update"


def _unlocked_audit(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    named = text(resource.properties, "bucket") == limits.audit_bucket
    if named and not is_true(resource.properties, "objectLockEnabled"):
        yield f"{resource.name} holds the audit chain and cannot lock it"


def _bypassable_lock(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    if text(resource.properties, "bucket") != limits.audit_bucket:
        return
    mode = text(resource.properties, "rule", "defaultRetention", "mode")
    if limits.protected and mode != "COMPLIANCE":
        yield f"{resource.name} locks audit records in mode {mode or 'none'}, which can be bypassed"
    if not any(number(resource.properties, "rule", "defaultRetention", unit) for unit in ("days", "years")):
        yield f"{resource.name} locks audit records for no time"


def _deletable_cluster(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    if limits.protected and not is_true(resource.properties, "deletionProtection"):
        yield f"{resource.name} can be deleted in one call"


def _still_key(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    spec = text(resource.properties, "customerMasterKeySpec") or "SYMMETRIC_DEFAULT"
    imported = at(resource.properties, "origin") not in {None, "AWS_KMS"}
    if spec == "SYMMETRIC_DEFAULT" and not imported and not is_true(resource.properties, "enableKeyRotation"):
        yield f"{resource.name} never turns its key material"


RESILIENCE_RULES: tuple[ResourceRule, ...] = (
    ResourceRule(
        name="database-backups",
        description=f"Databases are backed up; in protected environments for {PROTECTED_BACKUP_DAYS} days at least.",
        remedy="set backupRetentionPeriod to these days or more",
        control=fsbp("RDS.11"),
        types=DATABASES,
        complaints=_few_backups,
    ),
    ResourceRule(
        name="database-deletion-protection",
        description="Databases of protected environments cannot be deleted by one call, nor without a snapshot.",
        remedy="set deletionProtection, and skipFinalSnapshot to false",
        control=fsbp("RDS.8"),
        types=DATABASES,
        complaints=_deletable_database,
    ),
    ResourceRule(
        name="database-multi-az",
        description="Databases of protected environments stand in two zones.",
        remedy="set multiAz",
        control=fsbp("RDS.5"),
        types=("aws:rds/instance:Instance",),
        complaints=_one_zone,
    ),
    ResourceRule(
        name="table-point-in-time-recovery",
        description="Tables can be restored to a point in time.",
        remedy="set pointInTimeRecovery.enabled",
        control=fsbp("DynamoDB.2"),
        types=("aws:dynamodb/table:Table",),
        complaints=_no_recovery,
    ),
    ResourceRule(
        name="table-deletion-protection",
        description="Tables of protected environments cannot be deleted by one call.",
        remedy="set deletionProtectionEnabled",
        control=fsbp("DynamoDB.6"),
        types=("aws:dynamodb/table:Table",),
        complaints=_deletable_table,
    ),
    ResourceRule(
        name="bucket-versioned",
        description="Buckets keep versions.",
        remedy="set versioningConfiguration.status to Enabled",
        control=fsbp("S3.14"),
        types=("aws:s3/bucketVersioning:BucketVersioning",),
        complaints=_unversioned,
    ),
    ResourceRule(
        name="bucket-deletion-protection",
        description="No update deletes or empties a bucket of a protected environment.",
        remedy="set the resource option protect, and forceDestroy to false",
        control=firm("a protected environment is hard to lose", section="protection"),
        types=(BUCKET,),
        complaints=_deletable_bucket,
    ),
    ResourceRule(
        name="audit-bucket-lockable",
        description="The audit bucket can lock its objects.",
        remedy="set objectLockEnabled",
        control=fsbp("S3.15"),
        types=(BUCKET,),
        complaints=_unlocked_audit,
    ),
    ResourceRule(
        name="audit-bucket-lock",
        description="Audit records are locked for a time, in protected environments so that nobody can end it.",
        remedy="set a default retention, of mode COMPLIANCE where the environment is protected",
        control=fsbp("S3.15"),
        types=("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",),
        complaints=_bypassable_lock,
    ),
    ResourceRule(
        name="cluster-deletion-protection",
        description="Clusters of protected environments cannot be deleted by one call.",
        remedy="set deletionProtection",
        control=firm("a protected environment is hard to lose", section="protection"),
        types=("aws:eks/cluster:Cluster",),
        complaints=_deletable_cluster,
    ),
    ResourceRule(
        name="key-rotation",
        description="Encryption keys turn their material by themselves.",
        remedy="set enableKeyRotation",
        control=fsbp("KMS.4"),
        types=("aws:kms/key:Key",),
        complaints=_still_key,
    ),
)

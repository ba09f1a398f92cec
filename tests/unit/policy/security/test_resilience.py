"""What only a protected environment must have, others may leave."""

from dataclasses import replace

import pytest

from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, concerns
from quantos.policy.security.rules import RESOURCE_RULES
from tests.support.changed import changed
from tests.support.secure_resources import LIMITS, PROPERTIES, resource

DYNAMO, RDS, CLUSTER = "aws:dynamodb/table:Table", "aws:rds/instance:Instance", "aws:eks/cluster:Cluster"
BUCKET, LOG = "aws:s3/bucket:Bucket", "aws:cloudwatch/logGroup:LogGroup"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"


def said(one: Resource, limits: SecurityLimits = LIMITS) -> set[str]:
    """Rules that refuse a resource."""
    return {rule.name for rule in RESOURCE_RULES if concerns(rule.types, one.type) and rule.messages(one, limits)}


def test_a_bucket_that_an_update_may_delete_is_refused_where_the_environment_is_protected() -> None:
    loose = resource(BUCKET, protected=False)
    assert said(loose) == {"bucket-deletion-protection"}
    assert said(loose, replace(LIMITS, protected=False)) == set()


@pytest.mark.parametrize(
    ("kind", "path", "new"),
    [
        pytest.param(RDS, "deletionProtection", False, id="database"),
        pytest.param(RDS, "skipFinalSnapshot", True, id="snapshot"),
        pytest.param(RDS, "multiAz", False, id="zones"),
        pytest.param(RDS, "backupRetentionPeriod", 1, id="backups"),
        pytest.param(DYNAMO, "deletionProtectionEnabled", False, id="table"),
        pytest.param(CLUSTER, "deletionProtection", False, id="cluster"),
        pytest.param(LOCK, "rule.defaultRetention.mode", "GOVERNANCE", id="lock"),
        pytest.param(LOG, "retentionInDays", 30, id="log"),
    ],
)
def test_what_only_a_protected_environment_must_have_others_may_leave(kind: str, path: str, new: object) -> None:
    one = resource(kind, changed(PROPERTIES[kind], path, new))
    assert said(one) != set()
    assert said(one, replace(LIMITS, protected=False)) == set()

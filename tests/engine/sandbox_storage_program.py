"""What the foundation layer adds to the program of every resource type: databases and replicated buckets."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import pulumi_aws as aws

T = TypeVar("T")


class Turn(Protocol):
    """Which of its two states the program describes."""

    def of(self, first: T, second: T) -> T: ...


def database(turn: Turn, subnets: Sequence[aws.ec2.Subnet], key: aws.kms.Key) -> None:
    group = aws.rds.SubnetGroup("db", subnet_ids=[subnet.id for subnet in subnets], tags={"a": turn.of("1", "2")})
    slow = {"name": "log_min_duration_statement", "value": turn.of("1000", "500")}
    parameters = aws.rds.ParameterGroup("db", family="postgres17", parameters=[{"name": "x", "value": "1"}, slow])
    aws.rds.Instance(
        "db",
        engine="postgres",
        engine_version="17",
        instance_class=turn.of("db.t4g.small", "db.t4g.medium"),
        allocated_storage=20,
        max_allocated_storage=turn.of(50, 100),
        storage_type="gp3",
        storage_encrypted=True,
        kms_key_id=key.arn,
        multi_az=turn.of(False, True),
        db_name="main",
        username="main",
        manage_master_user_password=True,
        master_user_secret_kms_key_id=key.arn,
        iam_database_authentication_enabled=turn.of(False, True),
        parameter_group_name=parameters.name,
        db_subnet_group_name=group.name,
        backup_retention_period=turn.of(1, 7),
        backup_window="03:00-04:00",
        maintenance_window="sun:04:30-sun:05:30",
        enabled_cloudwatch_logs_exports=turn.of(["postgresql"], ["postgresql", "upgrade"]),
        performance_insights_enabled=True,
        performance_insights_kms_key_id=key.arn,
        skip_final_snapshot=True,
        tags={"a": turn.of("1", "2")},
    )


def replication(turn: Turn, role: aws.iam.Role) -> None:
    versions = []
    for name in ("source", "replica"):
        bucket = aws.s3.Bucket(name, force_destroy=True)
        versions.append(
            aws.s3.BucketVersioning(name, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"})
        )
    destination = {"bucket": versions[1].bucket.apply(lambda name: f"arn:aws:s3:::{name}")}
    rule = {"id": "all", "status": turn.of("Enabled", "Disabled"), "destination": destination}
    aws.s3.BucketReplicationConfig("source", bucket=versions[0].bucket, role=role.arn, rules=[rule])

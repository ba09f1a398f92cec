"""A program with every resource type that the AWS stand-in has a row for, in two states."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from tests.engine import sandbox_control_program, sandbox_storage_program

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/quantos@sha256:" + "a" * 64


@dataclass
class Turn:
    """Which state the program describes: 0 as created, 1 as changed in place."""

    number: int = 0

    def of(self, first, second):
        return second if self.number else first


def document(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def network(turn: Turn) -> tuple[aws.ec2.Vpc, list[aws.ec2.Subnet], aws.ec2.SecurityGroup]:
    vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16", enable_dns_hostnames=turn.of(True, False), tags={"a": "1"})
    subnets = [
        aws.ec2.Subnet(
            f"net-{zone}",
            vpc_id=vpc.id,
            cidr_block=f"10.0.{n}.0/24",
            availability_zone=f"us-east-1{zone}",
            map_public_ip_on_launch=turn.of(False, True),
        )
        for n, zone in enumerate("ab")
    ]
    gateway = aws.ec2.InternetGateway("net", vpc_id=vpc.id, tags={"a": turn.of("1", "2")})
    address = aws.ec2.Eip("nat", domain="vpc")
    nat = aws.ec2.NatGateway("nat", allocation_id=address.id, subnet_id=subnets[0].id)
    table = aws.ec2.RouteTable("net", vpc_id=vpc.id)
    target = turn.of({"gateway_id": gateway.id}, {"nat_gateway_id": nat.id})
    aws.ec2.Route("out", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", **target)
    aws.ec2.RouteTableAssociation("net", route_table_id=table.id, subnet_id=subnets[1].id)
    aws.ec2.VpcEndpoint(
        "s3",
        vpc_id=vpc.id,
        service_name="com.amazonaws.us-east-1.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=[table.id],
    )
    group = aws.ec2.SecurityGroup("app", vpc_id=vpc.id, description="app", tags={"a": "1"})
    aws.ec2.VpcEndpoint(
        "sts",
        vpc_id=vpc.id,
        service_name="com.amazonaws.us-east-1.sts",
        vpc_endpoint_type="Interface",
        subnet_ids=[subnet.id for subnet in subnets],
        security_group_ids=[group.id],
        private_dns_enabled=True,
    )
    ingress = [
        {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": [turn.of("10.0.0.0/16", "10.0.0.0/8")]}
    ]
    aws.ec2.SecurityGroup("inline", vpc_id=vpc.id, description="inline", ingress=ingress)
    aws.ec2.DefaultSecurityGroup("default", vpc_id=vpc.id, tags={"a": turn.of("1", "2")})
    aws.vpc.SecurityGroupIngressRule(
        "https",
        security_group_id=group.id,
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        cidr_ipv4="10.0.0.0/16",
        description="https",
    )
    aws.vpc.SecurityGroupEgressRule("out", security_group_id=group.id, ip_protocol="-1", cidr_ipv4="0.0.0.0/0")
    aws.ec2.SecurityGroupRule(
        "older",
        security_group_id=group.id,
        type="ingress",
        protocol="tcp",
        from_port=8443,
        to_port=8443,
        cidr_blocks=["10.0.0.0/16"],
        description="of the older kind",
    )
    return vpc, subnets, group


def access(turn: Turn) -> aws.iam.Role:
    role = aws.iam.Role("role", assume_role_policy=TRUST, description=turn.of("one", "two"), tags={"a": "1"})
    aws.iam.RolePolicy("inline", role=role.name, policy=document(turn.of("s3:GetObject", "s3:PutObject")))
    policy = aws.iam.Policy("own", policy=document(turn.of("sqs:SendMessage", "sqs:ReceiveMessage")))
    aws.iam.RolePolicyAttachment("own", role=role.name, policy_arn=policy.arn)
    managed = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
    aws.iam.RolePolicyAttachment("managed", role=role.name, policy_arn=managed)
    aws.iam.OpenIdConnectProvider(
        "oidc",
        url="https://oidc.eks.us-east-1.amazonaws.com/id/ABC",
        client_id_lists=["sts.amazonaws.com"],
        thumbprint_lists=[turn.of("a", "b") * 40],
    )
    aws.iam.InstanceProfile("nodes", role=role.name)
    return role


def buckets(turn: Turn, key: aws.kms.Key) -> None:
    lake = aws.s3.Bucket("lake", force_destroy=True, tags={"a": turn.of("1", "2")})
    aws.s3.BucketVersioning("lake", bucket=lake.bucket, versioning_configuration={"status": "Enabled"})
    encryption = {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn}
    rules = [{"apply_server_side_encryption_by_default": encryption, "bucket_key_enabled": True}]
    aws.s3.BucketServerSideEncryptionConfiguration("lake", bucket=lake.bucket, rules=rules)
    aws.s3.BucketPublicAccessBlock("lake", bucket=lake.bucket, block_public_acls=True, block_public_policy=True)
    expiry = {"id": "old", "status": "Enabled", "filter": {"prefix": "tmp/"}, "expiration": {"days": turn.of(7, 9)}}
    aws.s3.BucketLifecycleConfiguration("lake", bucket=lake.bucket, rules=[expiry])
    aws.s3.BucketOwnershipControls("lake", bucket=lake.bucket, rule={"object_ownership": "BucketOwnerEnforced"})
    aws.s3.BucketPolicy("lake", bucket=lake.bucket, policy=document(turn.of("s3:GetObject", "s3:ListBucket")))
    audit = aws.s3.Bucket("audit", object_lock_enabled=True, force_destroy=True)
    retention = {"default_retention": {"mode": "GOVERNANCE", "days": turn.of(1, 2)}}
    aws.s3.BucketObjectLockConfiguration("audit", bucket=audit.bucket, rule=retention)
    logs = aws.s3.Bucket("logs", force_destroy=True)
    delivery = logs.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "logging.s3.amazonaws.com"},
                        "Action": "s3:PutObject",
                        "Resource": f"{arn}/logs/*",
                    }
                ],
            }
        )
    )
    granted = aws.s3.BucketPolicy("logs", bucket=logs.bucket, policy=delivery)
    aws.s3.BucketLogging(
        "lake",
        bucket=lake.bucket,
        target_bucket=logs.bucket,
        target_prefix="logs/",
        opts=pulumi.ResourceOptions(depends_on=[granted]),
    )


def cluster(turn: Turn, subnets: list[aws.ec2.Subnet], role: aws.iam.Role) -> None:
    main = aws.eks.Cluster(
        "main",
        role_arn=role.arn,
        vpc_config={"subnet_ids": [s.id for s in subnets], "endpoint_private_access": turn.of(True, False)},
        access_config={"authentication_mode": "API"},
        enabled_cluster_log_types=turn.of(["api"], ["api", "audit"]),
        tags={"a": turn.of("1", "2")},
    )
    template = aws.ec2.LaunchTemplate(
        "nodes",
        update_default_version=True,
        tag_specifications=[{"resource_type": "instance", "tags": {"a": "1"}}],
        metadata_options={"http_tokens": "required", "http_put_response_hop_limit": turn.of(1, 2)},
        block_device_mappings=[
            {"device_name": "/dev/xvda", "ebs": {"volume_size": 50, "volume_type": "gp3", "encrypted": "true"}}
        ],
    )
    group = aws.eks.NodeGroup(
        "pool",
        cluster_name=main.name,
        node_role_arn=role.arn,
        subnet_ids=[subnet.id for subnet in subnets],
        scaling_config={"min_size": turn.of(1, 2), "desired_size": 2, "max_size": turn.of(3, 4)},
        labels=turn.of({"a": "1", "b": "2"}, {"a": "2"}),
        taints=[{"key": "k", "value": turn.of("1", "2"), "effect": "NO_SCHEDULE"}],
        update_config={"max_unavailable": turn.of(1, 2)},
        launch_template={"id": template.id, "version": template.latest_version.apply(str)},
    )
    name = group.resources.apply(lambda found: found[0].autoscaling_groups[0].name)
    tag = {"key": "k8s.io/cluster-autoscaler/enabled", "value": turn.of("true", "false"), "propagate_at_launch": False}
    aws.autoscaling.Tag("enabled", autoscaling_group_name=name, tag=tag)
    aws.eks.Addon("cni", cluster_name=main.name, addon_name="vpc-cni", addon_version=turn.of("v1.0", "v1.1"))
    entry = aws.eks.AccessEntry(
        "team", cluster_name=main.name, principal_arn=role.arn, kubernetes_groups=[turn.of("a", "b")]
    )
    aws.eks.AccessPolicyAssociation(
        "team",
        cluster_name=main.name,
        principal_arn=role.arn,
        policy_arn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        access_scope={"type": "cluster"},
        opts=pulumi.ResourceOptions(depends_on=[entry]),
    )
    aws.eks.PodIdentityAssociation(
        "app", cluster_name=main.name, namespace="app", service_account="app", role_arn=role.arn
    )


def bus(turn: Turn, subnets: list[aws.ec2.Subnet], group: aws.ec2.SecurityGroup) -> aws.msk.Cluster:
    settings = aws.msk.Configuration("bus", server_properties=turn.of("a=1", "a=2"), kafka_versions=["3.7.x"])
    kafka = aws.msk.Cluster(
        "bus",
        kafka_version="3.7.x",
        number_of_broker_nodes=turn.of(2, 4),
        broker_node_group_info={
            "instance_type": "kafka.m7g.large",
            "client_subnets": [subnet.id for subnet in subnets],
            "security_groups": [group.id],
        },
        client_authentication={"sasl": {"iam": True}},
        encryption_info={"encryption_in_transit": {"client_broker": "TLS", "in_cluster": True}},
        configuration_info={"arn": settings.arn, "revision": settings.latest_revision},
    )
    aws.msk.Topic("jobs", cluster_arn=kafka.arn, name="jobs", partition_count=turn.of(3, 6), replication_factor=2)
    pulumi.export("brokers", kafka.bootstrap_brokers_sasl_iam)
    return kafka


def functions(turn: Turn, where: tuple, *, role: aws.iam.Role, key: aws.kms.Key, kafka: aws.msk.Cluster) -> None:
    _, subnets, group = where
    lost = aws.sqs.Queue(
        "lost", visibility_timeout_seconds=turn.of(60, 90), kms_master_key_id=key.id, tags={"a": turn.of("1", "2")}
    )
    aws.sqs.QueuePolicy("lost", queue_url=lost.id, policy=document(turn.of("sqs:SendMessage", "sqs:*")))
    function = aws.lambda_.Function(
        "resize",
        package_type="Image",
        image_uri=turn.of(IMAGE, IMAGE.replace("a" * 64, "b" * 64)),
        image_config={"commands": ["lambdas.resize.handler.handler"]},
        role=role.arn,
        memory_size=turn.of(512, 1024),
        timeout=turn.of(60, 90),
        reserved_concurrent_executions=turn.of(1, 2),
        vpc_config={"subnet_ids": [subnet.id for subnet in subnets], "security_group_ids": [group.id]},
        environment={"variables": {"TURN": turn.of("1", "2")}},
        dead_letter_config={"target_arn": lost.arn},
        tracing_config={"mode": "Active"},
        publish=True,
        tags={"a": turn.of("1", "2")},
    )
    alias = aws.lambda_.Alias("live", function_name=function.name, function_version=function.version, name="live")
    aws.lambda_.ProvisionedConcurrencyConfig(
        "live",
        function_name=function.name,
        qualifier=alias.name,
        provisioned_concurrent_executions=turn.of(1, 2),
    )
    aws.lambda_.EventSourceMapping(
        "plans",
        function_name=alias.arn,
        event_source_arn=kafka.arn,
        topics=["capacity.plans"],
        starting_position="TRIM_HORIZON",
        batch_size=turn.of(1, 2),
        amazon_managed_kafka_event_source_config={"consumer_group_id": "resize"},
        destination_config={"on_failure": {"destination_arn": lost.arn}},
    )
    aws.lambda_.FunctionEventInvokeConfig(
        "resize",
        function_name=function.name,
        qualifier=alias.name,
        maximum_retry_attempts=turn.of(1, 2),
        destination_config={"on_failure": {"destination": lost.arn}},
    )
    schedules = aws.scheduler.ScheduleGroup("dev", tags={"a": turn.of("1", "2")})
    aws.scheduler.Schedule(
        "forecast",
        group_name=schedules.name,
        schedule_expression=turn.of("rate(5 minutes)", "rate(10 minutes)"),
        flexible_time_window={"mode": "OFF"},
        target={
            "arn": function.arn,
            "role_arn": role.arn,
            "input": json.dumps({"stack": "dev-capacity"}),
            "retry_policy": {"maximum_retry_attempts": turn.of(2, 3)},
            "dead_letter_config": {"arn": lost.arn},
        },
    )
    aws.lambda_.Permission(
        "scheduler",
        action="lambda:InvokeFunction",
        function=function.name,
        qualifier=alias.name,
        principal="scheduler.amazonaws.com",
        source_arn=schedules.arn,
    )
    pulumi.export("alias", alias.arn)
    sandbox_control_program.http_api(turn, alias, aws.cloudwatch.LogGroup("access"))


def watching(turn: Turn, key: aws.kms.Key) -> None:
    logs = aws.cloudwatch.LogGroup("app", retention_in_days=turn.of(7, 14), kms_key_id=key.arn, tags={"a": "1"})
    aws.cloudwatch.LogMetricFilter(
        "errors",
        log_group_name=logs.name,
        pattern=turn.of("ERROR", "FATAL"),
        metric_transformation={"name": "errors", "namespace": "quantos", "value": "1", "default_value": "0"},
    )
    topic = aws.sns.Topic("alarms", display_name=turn.of("one", "two"), kms_master_key_id=key.id, tags={"a": "1"})
    aws.sns.TopicPolicy("alarms", arn=topic.arn, policy=document(turn.of("sns:Publish", "sns:*")))
    aws.sns.TopicSubscription("mail", topic=topic.arn, protocol="email", endpoint="desk@example.com")
    aws.cloudwatch.MetricAlarm(
        "errors",
        comparison_operator="GreaterThanThreshold",
        evaluation_periods=1,
        metric_name="Errors",
        namespace="AWS/Lambda",
        period=300,
        statistic="Sum",
        threshold=turn.of(0, 1),
        dimensions={"FunctionName": "resize"},
        alarm_actions=[topic.arn],
        treat_missing_data="notBreaching",
        tags={"a": "1"},
    )
    sandbox_control_program.cost(turn, topic)
    sandbox_control_program.billing(turn)


def storage(turn: Turn, key: aws.kms.Key) -> None:
    aws.dynamodb.Table(
        "demand",
        billing_mode="PAY_PER_REQUEST",
        hash_key="series",
        range_key="hour",
        attributes=[{"name": "series", "type": "S"}, {"name": "hour", "type": "S"}],
        ttl={"attribute_name": "expires_at", "enabled": True},
        point_in_time_recovery={"enabled": turn.of(True, False)},
        server_side_encryption={"enabled": True, "kms_key_arn": key.arn},
        deletion_protection_enabled=turn.of(True, False),
        tags={"a": turn.of("1", "2")},
    )
    repository = aws.ecr.Repository(
        "images",
        image_tag_mutability=turn.of("IMMUTABLE", "MUTABLE"),
        image_scanning_configuration={"scan_on_push": True},
        encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}],
        force_delete=True,
        tags={"a": turn.of("1", "2")},
    )
    rule = {
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": turn.of(5, 6)},
        "action": {"type": "expire"},
    }
    aws.ecr.LifecyclePolicy("images", repository=repository.name, policy=json.dumps({"rules": [rule]}))


def everything(turn: Turn) -> None:
    """Every row once; `turn` says in which of its two states."""
    where = network(turn)
    role = access(turn)
    key = aws.kms.Key(
        "main", description=turn.of("one", "two"), enable_key_rotation=turn.of(True, False), deletion_window_in_days=7
    )
    aws.kms.Alias("main", target_key_id=key.id)
    logs = aws.cloudwatch.LogGroup("flow")
    aws.ec2.FlowLog("net", vpc_id=where[0].id, traffic_type="ALL", log_destination=logs.arn, iam_role_arn=role.arn)
    buckets(turn, key)
    sandbox_storage_program.database(turn, where[1], key)
    sandbox_storage_program.replication(turn, role)
    cluster(turn, where[1], role)
    functions(turn, where, role=role, key=key, kafka=bus(turn, where[1], where[2]))
    watching(turn, key)
    storage(turn, key)

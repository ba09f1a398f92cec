"""Resources that break no security rule, one of each judged type, for tests that break one thing each."""

import json
from collections.abc import Mapping

from quantos.policy.security.limits import NamespaceLevel, SecurityLimits
from quantos.policy.security.resource import Resource

ACCOUNT = "123456789012"
REGISTRY = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
IMAGE = f"{REGISTRY}/quantos@sha256:{'0' * 64}"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/x"
LIMITS = SecurityLimits(
    environment="prod",
    account_id=ACCOUNT,
    accounts=(ACCOUNT,),
    allowed_regions=("us-east-1", "us-west-2"),
    protected=True,
    public_cluster_endpoint=False,
    audit_bucket="audit",
    registries=(REGISTRY,),
    pod_registries=(REGISTRY,),
    cluster_admins=(f"arn:aws:iam::{ACCOUNT}:role/admin",),
    weaker_namespaces={"node-agents": NamespaceLevel(level="privileged", reason="they read the node's files")},
)


def document(**changes: object) -> str:
    """A policy document of one statement, with changes; None leaves a part out."""
    statement = {
        "Sid": "Read",
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": ["arn:aws:s3:::lake/*"],
        **changes,
    }
    kept = {key: value for key, value in statement.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [kept]})


TLS_ONLY = document(
    Sid="RefusePlainHttp",
    Effect="Deny",
    Principal={"AWS": ["*"]},
    Action=["s3:*"],
    Resource=["arn:aws:s3:::audit", "arn:aws:s3:::audit/*"],
    Condition={"Bool": {"aws:SecureTransport": "false"}},
)
OWNED = document(Principal={"AWS": [f"arn:aws:iam::{ACCOUNT}:root"]}, Action=["kms:*"], Resource=["*"])
TRUST = document(Principal={"Service": "lambda.amazonaws.com"}, Action="sts:AssumeRole", Resource=None)
TO_SERVICE = document(
    Principal={"Service": ["events.amazonaws.com"]},
    Action=["sqs:SendMessage"],
    Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}},
)

PROPERTIES: Mapping[str, dict[str, object]] = {
    "aws:s3/bucket:Bucket": {"bucket": "audit", "objectLockEnabled": True, "forceDestroy": False},
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "bucket": "audit",
        "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}}],
    },
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
        "bucket": "audit",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    },
    "aws:s3/bucketPolicy:BucketPolicy": {"bucket": "audit", "policy": TLS_ONLY},
    "aws:s3/bucketVersioning:BucketVersioning": {
        "bucket": "audit",
        "versioningConfiguration": {"status": "Enabled"},
    },
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": {
        "bucket": "audit",
        "rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 2557}},
    },
    "aws:dynamodb/table:Table": {
        "serverSideEncryption": {"enabled": True, "kmsKeyArn": KEY},
        "pointInTimeRecovery": {"enabled": True},
        "deletionProtectionEnabled": True,
    },
    "aws:rds/instance:Instance": {
        "storageEncrypted": True,
        "kmsKeyId": KEY,
        "publiclyAccessible": False,
        "parameterGroupName": "quantos",
        "backupRetentionPeriod": 7,
        "deletionProtection": True,
        "skipFinalSnapshot": False,
        "multiAz": True,
        "availabilityZone": "us-east-1a",
    },
    "aws:rds/parameterGroup:ParameterGroup": {
        "family": "postgres17",
        "parameters": [{"name": "rds.force_ssl", "value": "1"}],
    },
    "aws:sqs/queue:Queue": {"name": "lost", "arn": "arn:aws:sqs:us-east-1:1:lost", "kmsMasterKeyId": KEY},
    "aws:sqs/queuePolicy:QueuePolicy": {"policy": TO_SERVICE},
    "aws:sns/topic:Topic": {"kmsMasterKeyId": KEY},
    "aws:ecr/repository:Repository": {
        "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": KEY}],
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
    },
    "aws:msk/cluster:Cluster": {
        "encryptionInfo": {
            "encryptionAtRestKmsKeyArn": KEY,
            "encryptionInTransit": {"clientBroker": "TLS", "inCluster": True},
        },
        "clientAuthentication": {"sasl": {"iam": True}, "unauthenticated": False},
        "brokerNodeGroupInfo": {"connectivityInfo": {"publicAccess": {"type": "DISABLED"}}},
    },
    "aws:cloudwatch/logGroup:LogGroup": {"kmsKeyId": KEY, "retentionInDays": 365},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {
        "alarmActions": ["arn:aws:sns:us-east-1:1:alarms"],
        "dimensions": {"FunctionName": "ingest"},
    },
    "aws:ebs/volume:Volume": {"encrypted": True, "kmsKeyId": KEY},
    "aws:ec2/launchTemplate:LaunchTemplate": {
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encrypted": "true", "kmsKeyId": KEY}}],
        "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1},
        "networkInterfaces": [{"associatePublicIpAddress": "false"}],
    },
    "aws:lambda/function:Function": {
        "name": "ingest",
        "arn": "arn:aws:lambda:us-east-1:1:function:ingest",
        "packageType": "Image",
        "imageUri": IMAGE,
        "environment": {"variables": {"QUANTOS_ENVIRONMENT": "prod"}},
        "kmsKeyArn": KEY,
        "tracingConfig": {"mode": "Active"},
        "vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]},
    },
    "aws:lambda/permission:Permission": {
        "principal": "events.amazonaws.com",
        "sourceArn": f"arn:aws:events:us-east-1:{ACCOUNT}:rule/x",
    },
    "aws:lambda/functionUrl:FunctionUrl": {"authorizationType": "AWS_IAM"},
    "aws:eks/cluster:Cluster": {
        "encryptionConfig": {"provider": {"keyArn": KEY}, "resources": ["secrets"]},
        "vpcConfig": {"endpointPrivateAccess": True, "endpointPublicAccess": False},
        "enabledClusterLogTypes": ["api", "audit", "authenticator"],
        "deletionProtection": True,
    },
    "aws:athena/workgroup:Workgroup": {
        "configuration": {
            "enforceWorkgroupConfiguration": True,
            "resultConfiguration": {"encryptionConfiguration": {"encryptionOption": "SSE_KMS", "kmsKeyArn": KEY}},
        }
    },
    "aws:secretsmanager/secret:Secret": {"kmsKeyId": KEY},
    "aws:secretsmanager/secretVersion:SecretVersion": {"secretId": "x", "secretStringWo": "written only"},
    "aws:ssm/parameter:Parameter": {"type": "String", "value": "x"},
    "aws:lb/loadBalancer:LoadBalancer": {"internal": True},
    "aws:lb/listener:Listener": {"protocol": "TLS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
    "aws:ec2/instance:Instance": {
        "rootBlockDevice": {"encrypted": True, "kmsKeyId": KEY},
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
    },
    "aws:sns/topicSubscription:TopicSubscription": {
        "protocol": "sqs",
        "endpoint": f"arn:aws:sqs:us-east-1:{ACCOUNT}:alarms",
    },
    "aws:cloudwatch/eventTarget:EventTarget": {
        "arn": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default",
        "deadLetterConfig": {"arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:lost"},
    },
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": {
        "rules": [{"destination": {"bucket": "arn:aws:s3:::copy", "account": ACCOUNT}}]
    },
    "aws:s3/bucketAcl:BucketAcl": {
        "accessControlPolicy": {"owner": {"id": "me"}, "grants": [{"grantee": {"type": "CanonicalUser", "id": "me"}}]}
    },
    "pulumi:providers:aws": {"region": "us-east-1"},
    "aws:lb/targetGroup:TargetGroup": {"protocol": "TLS", "targetType": "ip"},
    "aws:apigatewayv2/integration:Integration": {"integrationUri": "arn:aws:lambda:us-east-1:1:function:ingest"},
    "aws:apigateway/method:Method": {"authorization": "AWS_IAM"},
    "aws:apigateway/restApi:RestApi": {"endpointConfiguration": {"types": "PRIVATE"}},
    "aws:eks/nodeGroup:NodeGroup": {"launchTemplate": {"id": "lt-1", "version": "1"}},
    "aws:eks/accessEntry:AccessEntry": {"principalArn": ROLE_ARN},
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
        "principalArn": f"arn:aws:iam::{ACCOUNT}:role/admin",
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        "accessScope": {"type": "cluster"},
    },
    "aws:rds/clusterInstance:ClusterInstance": {"publiclyAccessible": False},
    "aws:apigatewayv2/domainName:DomainName": {"domainNameConfiguration": {"securityPolicy": "TLS_1_2"}},
    "aws:apigatewayv2/route:Route": {"authorizationType": "JWT"},
    "aws:apigatewayv2/api:Api": {"corsConfiguration": {"allowOrigins": ["https://desk.example"]}},
    "aws:apigatewayv2/stage:Stage": {
        "accessLogSettings": {"destinationArn": "arn:aws:logs:us-east-1:1:log-group:api"},
        "defaultRouteSettings": {"throttlingRateLimit": 50, "throttlingBurstLimit": 100},
    },
    "aws:ec2/subnet:Subnet": {"mapPublicIpOnLaunch": False, "availabilityZone": "us-east-1a"},
    "aws:ec2/securityGroup:SecurityGroup": {"ingress": [{"cidrBlocks": ["10.0.0.0/8"]}]},
    "aws:ec2/securityGroupRule:SecurityGroupRule": {"type": "egress", "cidrBlocks": ["0.0.0.0/0"]},
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {"vpcId": "vpc-1"},
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"cidrIpv4": "10.0.0.0/16"},
    "aws:ec2/vpc:Vpc": {"arn": "arn:aws:ec2:us-east-1:1:vpc/vpc-1"},
    "aws:ec2/flowLog:FlowLog": {"vpcId": "vpc-1", "trafficType": "ALL"},
    "aws:iam/policy:Policy": {"policy": document()},
    "aws:iam/role:Role": {"assumeRolePolicy": TRUST},
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
        "policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
    },
    "aws:kms/key:Key": {"policy": OWNED, "enableKeyRotation": True},
    "kubernetes:core/v1:Namespace": {
        "kind": "Namespace",
        "metadata": {"name": "ray", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    },
    "kubernetes:rbac.authorization.k8s.io/v1:Role": {"rules": [{"verbs": ["get"], "resources": ["pods"]}]},
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": {"roleRef": {"name": "reader"}},
    "kubernetes:core/v1:Service": {"kind": "Service", "spec": {"type": "ClusterIP"}},
    "kubernetes:argoproj.io/v1alpha1:Workflow": {"kind": "Workflow", "metadata": {"name": "x", "namespace": "ray"}},
    "kubernetes:networking.k8s.io/v1:Ingress": {"kind": "Ingress", "metadata": {"name": "x", "namespace": "ray"}},
    "kubernetes:core/v1:Secret": {"kind": "Secret", "metadata": {"name": "x", "namespace": "ray"}},
}
"""Inputs, or outputs, by type."""


def resource(resource_type: str, properties: Mapping[str, object] | None = None, **changes: object) -> Resource:
    """A resource of a type with the properties above, or with others."""
    name = resource_type.rpartition(":")[2].lower()
    return Resource(
        **{
            "type": resource_type,
            "name": name,
            "urn": f"urn:pulumi:prod-foundation::quantos::{resource_type}::{name}",
            "properties": PROPERTIES[resource_type] if properties is None else properties,
            "protected": True,
            **changes,
        }
    )

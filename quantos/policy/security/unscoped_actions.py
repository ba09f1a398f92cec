"""Actions that IAM can hold to no resource, or cannot where they are needed, each with the reason.

Source: the tables of actions, resources and condition keys in AWS's Service Authorization Reference.
"""

from collections.abc import Mapping

_DESCRIBING = "it describes, and names no resource"
_INTERFACE = "Lambda asks for it before the interface exists, and checks the permission itself"

UNSCOPED_ACTIONS: Mapping[str, str] = {
    "xray:PutTraceSegments": "X-Ray has no resource for traces",
    "xray:PutTelemetryRecords": "X-Ray has no resource for traces",
    "xray:GetSamplingRules": "X-Ray has no resource for sampling",
    "xray:GetSamplingTargets": "X-Ray has no resource for sampling",
    "ec2:CreateNetworkInterface": _INTERFACE,
    "ec2:DeleteNetworkInterface": _INTERFACE,
    "ec2:AssignPrivateIpAddresses": _INTERFACE,
    "ec2:UnassignPrivateIpAddresses": _INTERFACE,
    "ec2:DescribeAccountAttributes": _DESCRIBING,
    "ec2:DescribeAddresses": _DESCRIBING,
    "ec2:DescribeAvailabilityZones": _DESCRIBING,
    "ec2:DescribeCoipPools": _DESCRIBING,
    "ec2:DescribeImages": _DESCRIBING,
    "ec2:DescribeInstances": _DESCRIBING,
    "ec2:DescribeInstanceTypes": _DESCRIBING,
    "ec2:DescribeInternetGateways": _DESCRIBING,
    "ec2:DescribeIpamPools": _DESCRIBING,
    "ec2:DescribeLaunchTemplateVersions": _DESCRIBING,
    "ec2:DescribeNetworkInterfaces": _DESCRIBING,
    "ec2:DescribeRouteTables": _DESCRIBING,
    "ec2:DescribeSecurityGroups": _DESCRIBING,
    "ec2:DescribeSnapshots": _DESCRIBING,
    "ec2:DescribeSpotPriceHistory": _DESCRIBING,
    "ec2:DescribeSubnets": _DESCRIBING,
    "ec2:DescribeTags": _DESCRIBING,
    "ec2:DescribeVolumes": _DESCRIBING,
    "ec2:DescribeVolumesModifications": _DESCRIBING,
    "ec2:DescribeVolumeStatus": _DESCRIBING,
    "ec2:DescribeVpcPeeringConnections": _DESCRIBING,
    "ec2:DescribeVpcs": _DESCRIBING,
    "ec2:GetCoipPoolUsage": _DESCRIBING,
    "ec2:GetInstanceTypesFromInstanceRequirements": _DESCRIBING,
    "ec2:GetSecurityGroupsForVpc": _DESCRIBING,
    "autoscaling:DescribeAutoScalingGroups": _DESCRIBING,
    "autoscaling:DescribeAutoScalingInstances": _DESCRIBING,
    "autoscaling:DescribeLaunchConfigurations": _DESCRIBING,
    "autoscaling:DescribeScalingActivities": _DESCRIBING,
    "autoscaling:DescribeTags": _DESCRIBING,
    "elasticloadbalancing:DescribeLoadBalancers": _DESCRIBING,
    "elasticloadbalancing:DescribeLoadBalancerAttributes": _DESCRIBING,
    "elasticloadbalancing:DescribeListeners": _DESCRIBING,
    "elasticloadbalancing:DescribeListenerAttributes": _DESCRIBING,
    "elasticloadbalancing:DescribeListenerCertificates": _DESCRIBING,
    "elasticloadbalancing:DescribeSSLPolicies": _DESCRIBING,
    "elasticloadbalancing:DescribeRules": _DESCRIBING,
    "elasticloadbalancing:DescribeTargetGroups": _DESCRIBING,
    "elasticloadbalancing:DescribeTargetGroupAttributes": _DESCRIBING,
    "elasticloadbalancing:DescribeTargetHealth": _DESCRIBING,
    "elasticloadbalancing:DescribeTags": _DESCRIBING,
    "elasticloadbalancing:DescribeTrustStores": _DESCRIBING,
    "elasticloadbalancing:DescribeCapacityReservation": _DESCRIBING,
    "ecr:GetAuthorizationToken": "one token serves every repository of the account",
    "acm:DescribeCertificate": "whoever seeks a name's certificate looks at all; it reads public parts only",
    "acm:ListCertificates": "it lists, and names no resource",
    "logs:CreateLogDelivery": "deliveries of logs have no resource",
    "logs:GetLogDelivery": "deliveries of logs have no resource",
    "logs:UpdateLogDelivery": "deliveries of logs have no resource",
    "logs:DeleteLogDelivery": "deliveries of logs have no resource",
    "logs:ListLogDeliveries": "deliveries of logs have no resource",
    "logs:DescribeLogGroups": _DESCRIBING,
    "logs:DescribeResourcePolicies": _DESCRIBING,
    "cloudwatch:PutMetricData": "metrics have no resource; a condition on cloudwatch:namespace holds it",
    "pricing:GetProducts": "the price list has no resource",
    "ce:GetCostAndUsage": "costs of an account have no resource",
    "sts:GetCallerIdentity": "it is about the caller alone",
}
"""Actions by name, as IAM writes them."""

TOLERATED_PATTERNS: Mapping[str, str] = {
    "kms:ReEncrypt*": "re-encrypting from and to a key are two actions that are of use together only",
    "kms:GenerateDataKey*": "services take the key with or without its plain text, and documents say both",
}
"""Patterns of actions that a document may hold."""

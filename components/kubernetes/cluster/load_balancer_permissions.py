"""What the load-balancer controller may do in AWS: load balancers and groups that carry its cluster's tag."""

from typing import Final, TypeAlias

from components.aws.iam.statements import Statement

CLUSTER_TAG: Final = "elbv2.k8s.aws/cluster"
SERVICE: Final = "elasticloadbalancing.amazonaws.com"
CREATES: Final = ("CreateListener", "CreateLoadBalancer", "CreateRule", "CreateTargetGroup")

Condition: TypeAlias = dict[str, dict[str, str]]


def statements(*, cluster_name: str, account_id: str, region: str) -> tuple[Statement, ...]:
    """Everything it may do; what it makes it tags with the cluster, and it changes nothing that is not so tagged."""
    made = {"StringEquals": {f"aws:RequestTag/{CLUSTER_TAG}": cluster_name}}
    owned = {"StringEquals": {f"aws:ResourceTag/{CLUSTER_TAG}": cluster_name}}
    ec2 = f"arn:aws:ec2:{region}:{account_id}"
    return (
        _look(),
        Statement(
            sid="MakeServiceRole",
            actions=("iam:CreateServiceLinkedRole",),
            resources=(f"arn:aws:iam::{account_id}:role/aws-service-role/{SERVICE}/*",),
            conditions={"StringEquals": {"iam:AWSServiceName": SERVICE}},
        ),
        *_load_balancers(f"arn:aws:elasticloadbalancing:{region}:{account_id}", made=made, owned=owned),
        *_make_groups(ec2, made=made),
        *_change_groups(f"{ec2}:security-group/*", cluster_name=cluster_name, owned=owned),
    )


def _load_balancers(balancing: str, *, made: Condition, owned: Condition) -> tuple[Statement, ...]:
    """Load balancers, what they listen to and whom they pass it to; `balancing` begins their ARNs."""
    load_balancers = tuple(f"{balancing}:{kind}/*" for kind in ("loadbalancer", "targetgroup"))
    listeners = tuple(f"{balancing}:{kind}/*" for kind in ("listener", "listener-rule"))
    return (
        Statement(
            sid="MakeLoadBalancers",
            actions=("elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"),
            resources=load_balancers,
            conditions=made,
        ),
        Statement(
            sid="TagAsMade",
            actions=("elasticloadbalancing:AddTags",),
            resources=(*load_balancers, *listeners),
            conditions={"StringEquals": {**made["StringEquals"], "elasticloadbalancing:CreateAction": CREATES}},
        ),
        _change(resources=(*load_balancers, *listeners), owned=owned),
    )


def _make_groups(ec2: str, *, made: Condition) -> tuple[Statement, ...]:
    """New security groups, tagged as they are made; `ec2` begins their ARNs."""
    groups = f"{ec2}:security-group/*"
    return (
        Statement(
            sid="MakeSecurityGroups",
            actions=("ec2:CreateSecurityGroup",),
            resources=(groups,),
            conditions=made,
        ),
        Statement(
            sid="MakeSecurityGroupsInVpc",
            actions=("ec2:CreateSecurityGroup",),
            resources=(f"{ec2}:vpc/*",),
        ),
        Statement(
            sid="TagSecurityGroupsAsMade",
            actions=("ec2:CreateTags",),
            resources=(groups,),
            conditions={"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup", **made["StringEquals"]}},
        ),
    )


def _change_groups(groups: str, *, cluster_name: str, owned: Condition) -> tuple[Statement, ...]:
    """Its own groups, and in those of the cluster's nodes who may come in."""
    return (
        Statement(
            sid="ChangeOwnSecurityGroups",
            actions=("ec2:CreateTags", "ec2:DeleteTags", "ec2:DeleteSecurityGroup"),
            resources=(groups,),
            conditions=owned,
        ),
        Statement(
            sid="LetLoadBalancersReachPods",
            actions=("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"),
            resources=(groups,),
            conditions={"StringEquals": {f"aws:ResourceTag/kubernetes.io/cluster/{cluster_name}": "owned"}},
        ),
        Statement(
            sid="LetClientsReachOwnLoadBalancers",
            actions=("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"),
            resources=(groups,),
            conditions=owned,
        ),
    )


def _look() -> Statement:
    return Statement(
        sid="Look",
        actions=(
            "ec2:DescribeAccountAttributes",
            "ec2:DescribeAddresses",
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeInstances",
            "ec2:DescribeInternetGateways",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeTags",
            "ec2:DescribeVpcs",
            "elasticloadbalancing:DescribeCapacityReservation",
            "elasticloadbalancing:DescribeListenerAttributes",
            "elasticloadbalancing:DescribeListenerCertificates",
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeLoadBalancerAttributes",
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeRules",
            "elasticloadbalancing:DescribeSSLPolicies",
            "elasticloadbalancing:DescribeTags",
            "elasticloadbalancing:DescribeTargetGroupAttributes",
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTargetHealth",
            "elasticloadbalancing:DescribeTrustStores",
        ),
        resources=("*",),
        why_wildcard="describing load balancers and groups names no resource",
    )


def _change(*, resources: tuple[str, ...], owned: Condition) -> Statement:
    return Statement(
        sid="ChangeOwnLoadBalancers",
        actions=(
            "elasticloadbalancing:AddListenerCertificates",
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:CreateListener",
            "elasticloadbalancing:CreateRule",
            "elasticloadbalancing:DeleteListener",
            "elasticloadbalancing:DeleteLoadBalancer",
            "elasticloadbalancing:DeleteRule",
            "elasticloadbalancing:DeleteTargetGroup",
            "elasticloadbalancing:DeregisterTargets",
            "elasticloadbalancing:ModifyListener",
            "elasticloadbalancing:ModifyListenerAttributes",
            "elasticloadbalancing:ModifyLoadBalancerAttributes",
            "elasticloadbalancing:ModifyRule",
            "elasticloadbalancing:ModifyTargetGroup",
            "elasticloadbalancing:ModifyTargetGroupAttributes",
            "elasticloadbalancing:RegisterTargets",
            "elasticloadbalancing:RemoveListenerCertificates",
            "elasticloadbalancing:RemoveTags",
            "elasticloadbalancing:SetIpAddressType",
            "elasticloadbalancing:SetRulePriorities",
            "elasticloadbalancing:SetSecurityGroups",
            "elasticloadbalancing:SetSubnets",
        ),
        resources=resources,
        conditions=owned,
    )

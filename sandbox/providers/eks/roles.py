"""Roles that EKS and its nodes take."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

CLUSTER_POLICIES = ("AmazonEKSClusterPolicy",)
NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly")


def _trust(service: str, actions: Sequence[str]) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": [*actions]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def service_role(
    name: str,
    *,
    service: str,
    policies: Sequence[str],
    tags: Any,  # noqa: ANN401  an input of unknown depth
    child: pulumi.ResourceOptions,
    actions: Sequence[str] = ("sts:AssumeRole",),
) -> aws.iam.Role:
    """A role that an AWS service takes, with managed policies of AWS attached."""
    role = aws.iam.Role(f"{name}-role", assume_role_policy=_trust(service, actions), tags=tags, opts=child)
    for policy in policies:
        arn = f"arn:aws:iam::aws:policy/{policy}"
        aws.iam.RolePolicyAttachment(f"{name}-{policy}", role=role.name, policy_arn=arn, opts=child)
    return role

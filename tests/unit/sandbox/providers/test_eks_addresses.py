"""Every cluster of the sandbox has an issuer and an address of its own."""

from typing import cast

import boto3
import pytest
from moto import mock_aws

from sandbox.providers.eks_addresses import endpoint, issuer
from sandbox.providers.kubernetes.place import _EKS_HOST
from sandbox.providers.values import Document

ROLE = "arn:aws:iam::123456789012:role/cluster"


@pytest.fixture
def described() -> list[Document]:
    """One cluster, and another twice."""
    with mock_aws():
        eks = boto3.client("eks", region_name="us-east-1")
        for name in ("quantos-staging", "quantos-prod"):
            eks.create_cluster(name=name, roleArn=ROLE, resourcesVpcConfig={"subnetIds": []})
        names = ("quantos-staging", "quantos-prod", "quantos-prod")
        return [cast("Document", eks.describe_cluster(name=name)["cluster"]) for name in names]


@pytest.mark.parametrize("told", [issuer, endpoint])
def test_two_clusters_share_nothing_and_one_keeps_what_it_has(told, described: list[Document]) -> None:
    staging, prod, again = (told(description) for description in described)
    assert staging != prod
    assert prod == again


def test_both_have_the_form_of_awss(described: list[Document]) -> None:
    _, prod, _ = described
    assert issuer(prod).startswith("https://oidc.eks.us-east-1.amazonaws.com/id/")
    assert len(issuer(prod).rpartition("/")[2]) == 32
    host = _EKS_HOST.match(endpoint(prod))
    assert host is not None
    assert host["region"] == "us-east-1"

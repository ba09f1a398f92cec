"""What an EKS cluster answers with."""

import boto3
import pytest
from moto import mock_aws

from sandbox.providers.aws.rows.eks import _issuer

ROLE = "arn:aws:iam::123456789012:role/cluster"


@pytest.fixture
def described() -> list[str]:
    with mock_aws():
        eks = boto3.client("eks", region_name="us-east-1")
        for name in ("quantos-staging", "quantos-prod"):
            eks.create_cluster(name=name, roleArn=ROLE, resourcesVpcConfig={"subnetIds": []})
        names = ("quantos-staging", "quantos-prod", "quantos-prod")
        return [_issuer(eks.describe_cluster(name=name)["cluster"]) for name in names]


def test_every_cluster_has_an_issuer_of_its_own_and_keeps_it(described: list[str]) -> None:
    staging, prod, again = described
    assert staging != prod
    assert prod == again
    assert prod.startswith("https://oidc.eks.us-east-1.amazonaws.com/id/")
    assert len(prod.rpartition("/")[2]) == 32

"""Environments beside each other in one account, by the real engine."""

from collections.abc import Iterator

import pytest

from tests.support.layer_stacks import PROGRAMS, fresh_account, make_layers, only_same

pytestmark = pytest.mark.engine

REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"


@pytest.fixture(scope="module")
def one_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An account for all that come up in it, one after the other."""
    with fresh_account(tmp_path_factory.mktemp("one-account")):
        yield


@pytest.mark.parametrize("environment", ["staging", "prod"])
@pytest.mark.usefixtures("one_account")
def test_the_other_environments_come_up_side_by_side_and_stay(environment: str) -> None:
    layers = make_layers(environment)
    for layer in PROGRAMS:
        made = layers.stack(layer)
        made.up()
        assert only_same(made.preview(refresh=True).change_summary)
    resources = [*layers.resources("foundation"), *layers.resources("control")]
    gateways = [resource for resource in resources if resource["type"] == "aws:ec2/natGateway:NatGateway"]
    assert len(gateways) == (3 if layers.settings.network.nat_per_zone else 1)
    kept = {"aws:s3/bucket:Bucket", "aws:dynamodb/table:Table", "aws:rds/instance:Instance"}
    guarded = {resource.get("protect", False) for resource in resources if resource["type"] in kept}
    assert guarded == {layers.settings.deletion_protection}
    replicas = [one["inputs"] for one in resources if one["type"] == REPLICATION]
    assert len(replicas) == (layers.settings.audit.replica_region is not None)
    for replica in replicas:
        (rule,) = replica["rules"]
        assert rule["destination"]["bucket"].endswith(str(layers.settings.audit.replica_region))
        key = rule["destination"]["encryptionConfiguration"]["replicaKmsKeyId"]
        assert key.split(":")[3] == layers.settings.audit.replica_region
    warm = layers.inputs("control", "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig")
    assert {one["functionName"].rpartition("-")[2] for one in warm} == set(layers.settings.functions.warm)
    (api,) = layers.inputs("control", "aws:apigatewayv2/api:Api")
    (domain,) = layers.inputs("control", "aws:apigatewayv2/domainName:DomainName")
    assert api["disableExecuteApiEndpoint"]
    assert domain["mutualTlsAuthentication"]["truststoreUri"].startswith("s3://")

"""Nothing is exposed outside the VPC, and no render makes a certificate of its own."""

from dataclasses import replace

import pytest

from components.kubernetes.cluster.load_balancer_controller import LoadBalancerControllerArgs, class_parameters, values
from components.kubernetes.cluster.load_balancer_permissions import CLUSTER_TAG, statements

ARGS = LoadBalancerControllerArgs(
    namespace="ingress",
    cluster_name="quantos-dev",
    account_id="123456789012",
    region="us-east-1",
    vpc_id="vpc-1",
    client_cidr="10.20.0.0/16",
    certificate_arn="arn:aws:acm:us-east-1:123456789012:certificate/c",
    deletion_protection=False,
    replicas=2,
    tags={"owner": "platform"},
)


def test_the_webhooks_certificate_is_not_made_by_the_chart() -> None:
    assert values(ARGS)["enableCertManager"] is True


def test_load_balancers_are_internal_by_class_and_by_default() -> None:
    assert values(ARGS)["defaultLoadBalancerScheme"] == "internal"
    assert class_parameters(ARGS)["scheme"] == "internal"
    assert class_parameters(ARGS)["inboundCIDRs"] == ["10.20.0.0/16"]
    assert class_parameters(ARGS)["certificateArn"] == [ARGS.certificate_arn]


@pytest.mark.parametrize("protected", [True, False])
def test_load_balancers_are_protected_where_the_environment_is(protected: bool) -> None:
    attributes = class_parameters(replace(ARGS, deletion_protection=protected))["loadBalancerAttributes"]
    assert {"key": "deletion_protection.enabled", "value": str(protected).lower()} in attributes


def test_whatever_changes_something_names_the_clusters_tag() -> None:
    for statement in statements(cluster_name="quantos-dev", account_id="1", region="us-east-1"):
        changes = [
            action for action in statement.actions if not action.partition(":")[2].startswith(("Describe", "List"))
        ]
        if not changes or statement.sid in {"MakeServiceRole", "MakeSecurityGroupsInVpc"}:
            continue
        keys = statement.conditions["StringEquals"]
        assert any(key.endswith((f"/{CLUSTER_TAG}", "/kubernetes.io/cluster/quantos-dev")) for key in keys), (
            statement.sid
        )
        assert "*" not in statement.resources

"""The EKS component and Kubernetes manifests in the sandbox, by the real engine."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks
import pulumi_kubernetes as k8s
import pytest
from pulumi import automation

pytestmark = pytest.mark.engine


def test_an_eks_cluster_has_the_outputs_of_the_real_component_and_settles(stack) -> None:
    def program() -> None:
        vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
        subnet = aws.ec2.Subnet("net", vpc_id=vpc.id, cidr_block="10.0.0.0/24", availability_zone="us-east-1a")
        made = eks.Cluster(
            "main",
            name="dev-test",
            vpc_id=vpc.id,
            private_subnet_ids=[subnet.id],
            authentication_mode=eks.AuthenticationMode.API,
            skip_default_node_group=True,
            create_oidc_provider=True,
        )
        pulumi.export("name", made.eks_cluster.apply(lambda cluster: cluster.name))
        pulumi.export("oidc", made.oidc_provider_arn)
        pulumi.export("groups", [made.cluster_security_group_id, made.node_security_group_id])
        pulumi.export("kubeconfig", made.kubeconfig_json)

    made = stack(program)
    outputs = made.up().outputs
    assert outputs["name"].value == "dev-test"
    assert outputs["oidc"].value.startswith("arn:aws:iam::123456789012:oidc-provider/")
    assert [group[:3] for group in outputs["groups"].value] == ["sg-", "sg-"]
    assert json.loads(outputs["kubeconfig"].value)["clusters"][0]["cluster"]["server"].startswith("https://")
    assert set(made.preview(refresh=True).change_summary) == {"same"}


def test_an_eks_input_that_is_not_modelled_is_refused_by_name(stack) -> None:
    made = stack(lambda: eks.Cluster("main", skip_default_node_group=True, fargate=True) and None)
    with pytest.raises(automation.CommandError, match="fargate: the EKS stand-in does not model it"):
        made.preview()


def test_manifests_are_written_changed_and_removed(stack, sandbox) -> None:
    labels = {"team": "one"}
    made = stack(lambda: k8s.core.v1.Namespace("apps", metadata={"name": "apps", "labels": labels}) and None)
    made.up()
    path = sandbox.manifest_dir / "cluster" / "namespace-apps.json"
    labels["team"] = "two"
    assert made.up().summary.resource_changes == {"same": 1, "update": 1}
    assert json.loads(path.read_text())["metadata"]["labels"] == {"team": "two"}
    made.destroy()
    assert not path.exists()


def test_a_manifest_with_a_wrong_field_is_refused(stack) -> None:
    properties = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"labls": {}}}
    made = stack(lambda: pulumi.CustomResource("kubernetes:core/v1:Namespace", "apps", properties) and None)
    with pytest.raises(automation.CommandError, match="labls is not a property of this type; did you mean labels"):
        made.preview()

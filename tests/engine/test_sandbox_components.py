"""The EKS component and Kubernetes manifests in the sandbox, by the real engine."""

import json

import boto3
import pulumi
import pulumi_aws as aws
import pulumi_eks as eks
import pulumi_kubernetes as k8s
import pytest
from pulumi import automation

from sandbox.providers.account import Account
from sandbox.providers.eks.kubeconfig import kubeconfig
from sandbox.providers.eks_addresses import endpoint
from sandbox.providers.kubernetes.cluster_objects import ClusterObjects
from sandbox.providers.kubernetes.configuration import provider_settings
from sandbox.providers.kubernetes.manifest_folder import ManifestFolder
from sandbox.providers.kubernetes.place import place_of_objects
from sandbox.providers.kubernetes.readiness import Patience
from sandbox.providers.store import Store
from sandbox.providers.values import mapping

pytestmark = pytest.mark.engine


def test_an_eks_cluster_and_its_parts_have_the_outputs_of_the_real_ones_and_settle(stack, sandbox, monkeypatch) -> None:
    monkeypatch.delenv("QUANTOS_KUBECONFIG", raising=False)
    known: dict[str, object] = {}

    def program() -> None:
        vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
        subnet = aws.ec2.Subnet("net", vpc_id=vpc.id, cidr_block="10.0.0.0/24", availability_zone="us-east-1a")
        made = eks.Cluster(
            "main",
            name="dev-test",
            vpc_id=vpc.id,
            private_subnet_ids=[subnet.id],
            authentication_mode=eks.AuthenticationMode.API_AND_CONFIG_MAP,
            skip_default_node_group=True,
            create_oidc_provider=True,
            create_instance_role=True,
            access_entries={"reader": {"principal_arn": "arn:aws:iam::123456789012:role/reader"}},
        )
        eks.Addon("pods", cluster=made, addon_name="eks-pod-identity-agent", configuration_values={"agent": {"on": 1}})
        role = made.instance_roles.apply(lambda roles: roles[0].arn)
        sizes = aws.eks.NodeGroupScalingConfigArgs(min_size=1, desired_size=2, max_size=3)
        nodes = eks.ManagedNodeGroup("nodes", cluster=made, node_role_arn=role, scaling_config=sizes)
        more = eks.ManagedNodeGroup("more", cluster=made.core, node_role_arn=role)
        group = eks.NodeGroupSecurityGroup(
            "own",
            cluster_security_group=made.cluster_security_group,
            eks_cluster=made.eks_cluster,
            vpc_id=vpc.id,
        )
        shown = {
            "name": made.eks_cluster.apply(lambda cluster: cluster.name),
            "oidc": made.oidc_provider_arn,
            "groups": [made.cluster_security_group_id, made.node_security_group_id],
            "rule": made.eks_cluster_ingress_rule.apply(lambda rule: rule and rule.source_security_group_id),
            "kubeconfig": made.kubeconfig_json,
            "of_role": made.get_kubeconfig(role_arn="arn:aws:iam::123456789012:role/reader"),
            "provider": made.core.apply(lambda core: core.provider.urn),
            "entries": made.core.apply(lambda core: [entry.principal_arn for entry in core.access_entries]),
            "role": made.core.apply(lambda core: core.cluster_iam_role.arn),
            "nodes": nodes.node_group.apply(lambda group: group.cluster_name),
            "more": more.node_group.apply(lambda group: group.scaling_config.max_size),
            "own": group.security_group_rule.apply(lambda rule: rule.source_security_group_id),
        }
        for name, output in shown.items():
            pulumi.export(name, output)
            pulumi.Output.from_input(output).apply(lambda value, name=name: known.setdefault(name, value))

    made = stack(program)
    made.preview()
    assert known == {"name": "dev-test", "nodes": "dev-test", "more": 2}
    outputs = {name: output.value for name, output in made.up().outputs.items()}
    assert outputs["name"] == outputs["nodes"] == "dev-test"
    assert outputs["oidc"].startswith("arn:aws:iam::123456789012:oidc-provider/")
    assert [group[:3] for group in outputs["groups"]] == ["sg-", "sg-"]
    assert outputs["rule"] == outputs["groups"][1]
    assert json.loads(outputs["kubeconfig"])["clusters"][0]["cluster"]["server"].startswith("https://")
    assert json.loads(outputs["of_role"])["users"][0]["user"]["exec"]["args"][-1].endswith(":role/reader")
    assert outputs["provider"].endswith("pulumi:providers:kubernetes::main-eks-k8s")
    assert outputs["own"].startswith("sg-")
    assert ":role/" in outputs["role"]
    assert outputs["entries"][1] == "arn:aws:iam::123456789012:role/reader"
    access = sandbox.manifest_dir / "@dev-test" / "kube-system" / "configmap-aws-auth.json"
    assert "system:nodes" in json.loads(access.read_text())["data"]["mapRoles"]
    assert set(made.preview(refresh=True).change_summary) == {"same"}
    made.destroy()
    assert not access.exists()


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


def test_manifests_of_yaml_and_custom_kinds_go_to_disk_with_a_warning(stack, sandbox, tmp_path) -> None:
    text = "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {}, namespace: yaml}}}}"
    (tmp_path / "second.yaml").write_text(text.format("second"))

    def program() -> None:
        k8s.yaml.ConfigGroup("first", yaml=[text.format("first")])
        k8s.yaml.v2.ConfigFile("second", file=str(tmp_path / "second.yaml"))
        metadata = {"name": "third", "namespace": "yaml"}
        k8s.apiextensions.CustomResource("third", api_version="example.dev/v1", kind="Widget", metadata=metadata)

    made = stack(program)
    made.preview()
    result = made.up()
    assert "the Widget of example.dev/v1 is not held against its CRD" in result.stdout
    names = {"configmap-first.json", "configmap-second.json", "widget-third.json"}
    assert {path.name for path in (sandbox.manifest_dir / "yaml").iterdir()} == names


def test_objects_of_an_eks_cluster_go_to_its_folder_or_to_the_cluster_that_stands_behind_it(sandbox, tmp_path) -> None:
    eks_client = boto3.client("eks", region_name="us-east-1")
    subnets = {"subnetIds": [], "securityGroupIds": []}
    role = "arn:aws:iam::123456789012:role/any"
    eks_client.create_cluster(name="behind", roleArn=role, resourcesVpcConfig=subnets)
    account = Account("us-east-1", Store.from_environment())
    made = mapping(account.call("eks", "describe_cluster", {"name": "behind"}).get("cluster"))
    content = kubeconfig("behind", endpoint=endpoint(made), certificate="", region="us-east-1")
    settings = provider_settings({"kubeconfig": json.dumps(content)}, environment={})
    environment = {"AWS_ENDPOINT_URL": sandbox.endpoint_url}
    folder = place_of_objects(settings, waiting=Patience(), environment=environment)
    assert folder == ManifestFolder(sandbox.manifest_dir / "@behind", "default")
    path = tmp_path / "config"
    path.write_text(json.dumps(kubeconfig("own", endpoint="https://127.0.0.1:1", certificate="", region="none")))
    environment["QUANTOS_KUBECONFIG"] = str(path)
    assert isinstance(place_of_objects(settings, waiting=Patience(), environment=environment), ClusterObjects)

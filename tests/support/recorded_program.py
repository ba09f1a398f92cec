"""Small programs for the recorder: it starts them in processes of their own, so they stand in a module."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s


def below() -> None:
    role = aws.iam.Role("role", name="reader", assume_role_policy="{}")
    group = aws.eks.NodeGroup(
        "group", cluster_name="c", node_role_arn=role.arn, subnet_ids=[], scaling_config={"min_size": 1, "max_size": 1}
    )
    pulumi.export("role_arn", role.arn)
    pulumi.export("scaling_groups", {"cpu": group.resources.apply(lambda made: made[0].autoscaling_groups[0].name)})
    pulumi.export("database_host", group.resources.apply(lambda made: made[0].remote_access_security_group_id))


def platform() -> None:
    foundation = pulumi.StackReference("organization/quantos/dev-foundation")
    cluster = pulumi.ResourceOptions(provider=k8s.Provider("cluster", kubeconfig="{}"))
    space = k8s.core.v1.Namespace("space", metadata={"name": "one"}, opts=cluster)
    release = k8s.helm.v3.Release(
        "broker",
        name="broker",
        chart="broker",
        version="1.2.3",
        namespace=space.metadata["name"],
        repository_opts={"repo": "https://charts.example.dev"},
        values={
            "replicas": 2,
            "roleArn": foundation.require_output("role_arn"),
            "group": foundation.require_output("scaling_groups").apply(lambda found: found["cpu"]),
            "auth": {"user": "quantos", "password": pulumi.Output.secret("hunter2")},
            "samples": None,
        },
        opts=cluster,
    )
    k8s.apiextensions.CustomResource(
        "widget",
        api_version="example.dev/v1",
        kind="Widget",
        metadata={"namespace": release.status.namespace, "name": "one"},
        spec={"size": 3, "until": None},
        opts=cluster,
    )
    k8s.core.v1.Secret(
        "token", metadata={"name": "token", "namespace": "one"}, string_data={"t": "s3cret"}, opts=cluster
    )
    aws.eks.PodIdentityAssociation(
        "reader",
        cluster_name="c",
        namespace="one",
        service_account="broker",
        role_arn=foundation.require_output("role_arn"),
    )
    statements = [
        {"Effect": "Allow", "Action": ["s3:GetObject", "sns:Publish"], "Resource": "*"},
        {"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"},
    ]
    aws.iam.RolePolicy("reader", role="reader", policy=json.dumps({"Statement": statements}))
    aws.iam.RolePolicy("other", role="other", policy=json.dumps({"Statement": {"Effect": "Allow", "Action": "sqs:*"}}))
    k8s.helm.v3.Release(
        "node", chart="oci://registry.example.dev/charts/node", version="1.0.0", namespace="one", opts=cluster
    )


def asking() -> None:
    pulumi.export("zones", aws.get_availability_zones().names)


def rendering() -> None:
    k8s.yaml.v2.ConfigGroup("group", yaml="kind: X")

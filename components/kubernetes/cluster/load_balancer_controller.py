"""Ingress: load balancers inside the VPC, made from Ingresses and Services by the AWS Load Balancer Controller."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.aws.eks.pod_identity import with_role
from components.kubernetes.base.charts import AWS_LOAD_BALANCER_CONTROLLER
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, POD_SECURITY_CONTEXT, resources
from components.kubernetes.base.layout import survives_drain, zone_spread
from components.kubernetes.base.release import release
from components.kubernetes.cluster.load_balancer_permissions import statements

SERVICE_ACCOUNT: Final = "aws-load-balancer-controller"
INGRESS_CLASS: Final = "internal"
CONTROLLER: Final = "ingress.k8s.aws/alb"
TLS_POLICY: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"


@dataclass(frozen=True, kw_only=True)
class LoadBalancerControllerArgs:
    """`client_cidr` is who may connect to what is exposed, by TLS with the certificate of `certificate_arn`."""

    namespace: str
    cluster_name: str
    account_id: str
    region: str
    vpc_id: pulumi.Input[str]
    client_cidr: str
    certificate_arn: str
    deletion_protection: bool
    replicas: int
    tags: Mapping[str, str]

    @property
    def role_name(self) -> str:
        """The role of the controller's pods, one a cluster."""
        return f"{self.cluster_name}-load-balancers"


class LoadBalancerController(pulumi.ComponentResource):
    """The controller and the one class of Ingresses: internal, by TLS 1.2 and up.

    The certificate of its webhooks is cert-manager's, which must be there: the chart alone would make another one at
    every render.

    Outputs: `ingress_class`, the name of the default class, known once all of this stands.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted` and the admission rule on load
    balancers; its class and its role by the security pack.
    """

    ingress_class: pulumi.Output[str]

    def __init__(self, name: str, args: LoadBalancerControllerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/cluster:LoadBalancerController", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        as_role = with_role(
            name,
            args,
            service_account=SERVICE_ACCOUNT,
            statements=statements(cluster_name=args.cluster_name, account_id=args.account_id, region=args.region),
            opts=child,
        )
        installed = release(
            name,
            AWS_LOAD_BALANCER_CONTROLLER,
            namespace=args.namespace,
            values=values(args),
            opts=as_role,
        )
        after = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[installed]))
        ingress_class = _ingress_class(f"{name}-class", args, parameters_opts=after, opts=child)
        self.ingress_class = ingress_class.metadata.name.apply(lambda name: name or INGRESS_CLASS)
        self.register_outputs({"ingressClass": self.ingress_class})


def _ingress_class(
    name: str,
    args: LoadBalancerControllerArgs,
    *,
    parameters_opts: pulumi.ResourceOptions,
    opts: pulumi.ResourceOptions,
) -> k8s.networking.v1.IngressClass:
    """The default class, after its parameters."""
    parameters = k8s.apiextensions.CustomResource(
        name,
        api_version="elbv2.k8s.aws/v1beta1",
        kind="IngressClassParams",
        metadata={"name": INGRESS_CLASS},
        spec=class_parameters(args),
        opts=parameters_opts,
    )
    return k8s.networking.v1.IngressClass(
        name,
        metadata={
            "name": INGRESS_CLASS,
            "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"},
        },
        spec={
            "controller": CONTROLLER,
            "parameters": {"api_group": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": INGRESS_CLASS},
        },
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[parameters])),
    )


def class_parameters(args: LoadBalancerControllerArgs) -> dict[str, object]:
    """What holds for every Ingress of the class; it overrides what an Ingress says of itself."""
    return {
        "scheme": "internal",
        "ipAddressType": "ipv4",
        "targetType": "ip",
        "inboundCIDRs": [args.client_cidr],
        "sslPolicy": TLS_POLICY,
        "certificateArn": [args.certificate_arn],
        "tags": [{"key": key, "value": value} for key, value in args.tags.items()],
        "loadBalancerAttributes": [
            {"key": "deletion_protection.enabled", "value": "true" if args.deletion_protection else "false"},
            {"key": "routing.http.drop_invalid_header_fields.enabled", "value": "true"},
        ],
    }


def values(args: LoadBalancerControllerArgs) -> dict[str, object]:
    """Values of the chart. Its own class is left out: the controller does not check the parameters of that one."""
    labels = {"app.kubernetes.io/name": AWS_LOAD_BALANCER_CONTROLLER.name}
    return {
        "clusterName": args.cluster_name,
        "region": args.region,
        "vpcId": args.vpc_id,
        "defaultTags": dict(args.tags),
        "defaultTargetType": "ip",
        "defaultLoadBalancerScheme": "internal",
        "defaultSSLPolicy": TLS_POLICY,
        "enableCertManager": True,
        "createIngressClassResource": False,
        # A Service says itself that it wants a load balancer of this controller; admission refuses those that do not.
        "enableServiceMutatorWebhook": False,
        "enableShield": False,
        "enableWaf": False,
        "enableWafv2": False,
        "replicaCount": args.replicas,
        "podDisruptionBudget": {"maxUnavailable": 1} if survives_drain(args.replicas) else {},
        "topologySpreadConstraints": zone_spread(labels),
        "priorityClassName": "system-cluster-critical",
        "podSecurityContext": POD_SECURITY_CONTEXT,
        "securityContext": CONTAINER_SECURITY_CONTEXT,
        "resources": resources(cpu="100m", memory="256Mi", memory_limit="512Mi"),
        "serviceAccount": {"create": True, "name": SERVICE_ACCOUNT},
        "clusterSecretsPermissions": {"allowAllSecrets": False},
        "serviceMonitor": {"enabled": True, "namespace": args.namespace},
    }

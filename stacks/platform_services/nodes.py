"""What the cluster is made of below its services: disks, certificates, load balancers and how many nodes there are."""

from components.kubernetes.cluster.cert_manager import CertManager, CertManagerArgs, CertManagerMonitor
from components.kubernetes.cluster.ebs_csi import EbsCsi, EbsCsiArgs, EbsCsiMonitor
from components.kubernetes.cluster.load_balancer_controller import LoadBalancerController, LoadBalancerControllerArgs
from components.kubernetes.scaling.cluster_autoscaler import ClusterAutoscaler, ClusterAutoscalerArgs
from quantos.capacity.pools.autoscaler_priority import pools_by_preference
from quantos.catalog.catalog import load_catalog
from quantos.environment.namespaces import AGENTS
from stacks.platform_services.context import PlatformContext

IDLE_BINS = 2
"""A node goes when as many decisions in a row have had no use for it: by then the robot has seen it idle too."""


def declare_disks(place: PlatformContext) -> EbsCsi:
    """Declare the classes of disks."""
    settings = place.settings
    return EbsCsi(
        "ebs-csi",
        EbsCsiArgs(
            namespace="storage",
            node_namespace=AGENTS,
            cluster_name=settings.names().cluster,
            account_id=settings.account_id,
            region=settings.region,
            kms_key_arn=place.output("data_key_arn"),
            replicas=settings.platform.replicas,
            tags=settings.tags(),
        ),
        place.inside("storage", AGENTS),
    )


def declare_disks_monitor(place: PlatformContext) -> EbsCsiMonitor:
    """Declare how the disks' plugin on every node is measured."""
    return EbsCsiMonitor("ebs-csi-node", AGENTS, place.inside(AGENTS))


def declare_autoscaler(place: PlatformContext) -> ClusterAutoscaler:
    """Declare what moves each pool's size between the bounds of the applied plan."""
    settings = place.settings
    return ClusterAutoscaler(
        "cluster-autoscaler",
        ClusterAutoscalerArgs(
            namespace="autoscaling",
            cluster_name=settings.names().cluster,
            account_id=settings.account_id,
            region=settings.region,
            pools=pools_by_preference(settings, load_catalog()),
            idle_seconds=IDLE_BINS * settings.decisions.bin_seconds,
            start_seconds=2 * settings.decisions.lead_seconds,
            replicas=settings.platform.replicas,
            tags=settings.tags(),
        ),
        place.inside("autoscaling"),
    )


def declare_certificates(place: PlatformContext) -> CertManager:
    """Declare what issues certificates inside the cluster."""
    args = CertManagerArgs(namespace="cert-manager", replicas=place.settings.platform.replicas)
    return CertManager("cert-manager", args, place.inside("cert-manager"))


def declare_certificates_monitor(place: PlatformContext) -> CertManagerMonitor:
    """Declare how the issuer of certificates is measured."""
    return CertManagerMonitor("cert-manager-monitor", "cert-manager", place.inside("cert-manager"))


def declare_ingress(place: PlatformContext, certificates: CertManager) -> LoadBalancerController:
    """Declare how services are reached from the VPC; its webhooks have their certificate from `certificates`."""
    settings = place.settings
    return LoadBalancerController(
        "load-balancers",
        LoadBalancerControllerArgs(
            namespace="ingress",
            cluster_name=settings.names().cluster,
            account_id=settings.account_id,
            region=settings.region,
            vpc_id=place.output("vpc_id"),
            client_cidr=str(settings.network.cidr),
            certificate_arn=settings.platform.certificate_arn,
            deletion_protection=settings.deletion_protection,
            replicas=settings.platform.replicas,
            tags=settings.tags(),
        ),
        place.inside("ingress", after=(certificates,)),
    )

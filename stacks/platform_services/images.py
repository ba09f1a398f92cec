"""Where the firm's own images and charts are kept."""

from components.kubernetes.cluster.ebs_csi import DEFAULT_CLASS
from components.kubernetes.cluster.load_balancer_controller import LoadBalancerController
from components.kubernetes.data.database_users import DatabaseUsers
from components.kubernetes.registries.harbor import NAME, Harbor, HarborArgs
from quantos.environment.conventions import POSTGRES_PORT
from stacks.platform_services.context import PlatformContext

SCAN_PROJECT = "mirror"
"""The project of Harbor in which people keep a copy of the scanner's database."""


def declare(place: PlatformContext, ingress: LoadBalancerController, *, users: DatabaseUsers) -> Harbor:
    """Declare the registry, reached through `ingress`, whose database is among `users`."""
    settings, names = place.settings, place.settings.names()
    host = f"{NAME}.{settings.platform.domain}"
    return Harbor(
        NAME,
        HarborArgs(
            namespace=NAME,
            cluster_name=names.cluster,
            region=settings.region,
            role_name=names.role(NAME),
            host=host,
            ingress_class=ingress.ingress_class,
            bucket_name=place.output("artifacts_bucket"),
            kms_key_arn=place.output("data_key_arn"),
            database_host=place.output("database_endpoint"),
            database_port=str(POSTGRES_PORT),
            database_user=NAME,
            secret=names.secret("services/harbor"),
            token_secret=names.secret("services/harbor-token"),
            tls_secret=names.secret("services/harbor-tls"),
            scan_database=f"{host}/{SCAN_PROJECT}",
            storage_class=DEFAULT_CLASS,
            replicas=settings.platform.replicas,
            tags=settings.tags(),
        ),
        place.inside(NAME, after=(users,)),
    )

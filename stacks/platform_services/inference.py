"""The inference gateway, on the pool that its environment file names."""

from components.kubernetes.compute.kuberay import KubeRay
from components.kubernetes.compute.ray_serve import NAME, RayServe, RayServeArgs
from quantos.catalog.catalog import load_catalog
from stacks.platform_services.compute import INFERENCE_NAMESPACE
from stacks.platform_services.context import PlatformContext
from stacks.platform_services.pools import worker_group

APPLICATION = "inference.gateway:application"


def declare(place: PlatformContext, *, ray: KubeRay) -> RayServe:
    """Declare the gateway, which `ray` runs."""
    settings, names = place.settings, place.settings.names()
    wanted = settings.platform.inference
    return RayServe(
        "inference",
        RayServeArgs(
            namespace=INFERENCE_NAMESPACE,
            cluster_name=names.cluster,
            role_name=names.role(NAME),
            image=names.image(NAME, settings.platform.images[NAME]),
            application=APPLICATION,
            workers=worker_group(
                wanted.pool,
                settings.pools[wanted.pool],
                size=wanted.workers,
                least=wanted.workers.minimum,
                catalog=load_catalog(),
            ),
            artifacts_bucket=names.bucket("artifacts"),
            kms_key_arn=place.output("data_key_arn"),
            tags=settings.tags(),
        ),
        place.inside(INFERENCE_NAMESPACE, after=(ray,)),
    )

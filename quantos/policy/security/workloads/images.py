"""What runs is what was looked at: images by digest, from registries whose tags do not move."""

from collections.abc import Iterator

from quantos.policy.controls import firm, fsbp
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule
from quantos.policy.security.values import elements, is_true, text
from quantos.policy.security.workloads.pods import BY_DIGEST, from_registries

FUNCTION = "aws:lambda/function:Function"
REPOSITORY = "aws:ecr/repository:Repository"


def _moving_function(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    image = text(resource.properties, "imageUri")
    if text(resource.properties, "packageType") != "Image":
        yield f"{resource.name} runs an archive, which no digest names"
    elif BY_DIGEST.fullmatch(image) is None:
        yield f"{resource.name} runs {image or 'no image'}, which a tag may move"


def _foreign_function(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    image = text(resource.properties, "imageUri")
    if image and not from_registries(image, limits.registries):
        yield f"{resource.name} runs {image}, which is not of the account's own registry"


def _exposed_function(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if not elements(resource.properties, "vpcConfig", "subnetIds"):
        yield f"{resource.name} runs outside the VPC"


def _moving_tags(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if text(resource.properties, "imageTagMutability") != "IMMUTABLE":
        yield f"{resource.name} lets a tag be moved to another image"


def _unscanned(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if not is_true(resource.properties, "imageScanningConfiguration", "scanOnPush"):
        yield f"{resource.name} takes images without looking for known flaws"


IMAGE_RULES: tuple[ResourceRule, ...] = (
    ResourceRule(
        name="function-image-digest",
        description="Functions run an image by its digest.",
        remedy="set packageType to Image and imageUri to repository@sha256 and 64 hexadecimal digits",
        control=firm("what runs is what was looked at", section="images"),
        types=(FUNCTION,),
        complaints=_moving_function,
    ),
    ResourceRule(
        name="function-image-registry",
        description="Functions run images of the account's own registry.",
        remedy="push the image to the environment's repository",
        control=firm("images come from registries the firm holds or trusts", section="images"),
        types=(FUNCTION,),
        complaints=_foreign_function,
    ),
    ResourceRule(
        name="function-in-vpc",
        description="Functions run in the VPC, where security groups say whom they reach.",
        remedy="set vpcConfig to the private subnets and the functions' security group",
        control=fsbp("Lambda.3"),
        types=(FUNCTION,),
        complaints=_exposed_function,
    ),
    ResourceRule(
        name="repository-tags-immutable",
        description="A tag of an image never moves.",
        remedy="set imageTagMutability to IMMUTABLE",
        control=fsbp("ECR.2"),
        types=(REPOSITORY,),
        complaints=_moving_tags,
    ),
    ResourceRule(
        name="repository-scanned",
        description="Images are searched for known flaws when they are pushed.",
        remedy="set imageScanningConfiguration.scanOnPush",
        control=fsbp("ECR.1"),
        types=(REPOSITORY,),
        complaints=_unscanned,
    ),
)

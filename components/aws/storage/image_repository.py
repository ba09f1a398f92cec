"""The registry of one of the project's own images."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class ImageRepositoryArgs:
    """`keep_images` is how many of the newest images stay; a digest in use must be among them."""

    repository_name: str
    kms_key_arn: pulumi.Input[str]
    keep_images: int
    deletion_protection: bool
    tags: Mapping[str, str]


class ImageRepository(pulumi.ComponentResource):
    """An ECR repository in which a tag never moves and every image is scanned.

    Outputs: `repository_url`, `arn`.

    Guarded by the security and cost packs, since its objects are plain.
    """

    repository_url: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: ImageRepositoryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/storage:ImageRepository", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        repository = aws.ecr.Repository(
            name,
            name=args.repository_name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.kms_key_arn}],
            force_delete=not args.deletion_protection,
            tags=args.tags,
            opts=child,
        )
        rule = {
            "rulePriority": 1,
            "description": f"keep the newest {args.keep_images}",
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": args.keep_images},
            "action": {"type": "expire"},
        }
        aws.ecr.LifecyclePolicy(name, repository=repository.name, policy=json.dumps({"rules": [rule]}), opts=child)
        self.repository_url = repository.repository_url
        self.arn = repository.arn
        self.register_outputs({"repositoryUrl": self.repository_url, "arn": self.arn})

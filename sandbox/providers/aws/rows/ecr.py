"""ECR: image repositories."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.aws.api_object import ApiObject, Update
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row, Tagging
from sandbox.providers.aws.rows.iam import policy_text
from sandbox.providers.values import Document, Json

_GONE = frozenset({"RepositoryNotFoundException", "LifecyclePolicyNotFoundException"})


class _Repository(ApiObject):
    """A repository; `forceDelete` takes its images with it."""

    def delete(self, context: HandlerContext, existing: ResourceState) -> None:
        """Delete the repository; see `Handler`."""
        request: Document = {"repositoryName": existing.id, "force": bool(existing.state.get("forceDelete"))}
        context.account.call("ecr", "delete_repository", request)


REPOSITORY = Row(
    resource="aws:ecr/repository:Repository",
    name="name",
    name_limit=256,
    replaces=frozenset({"encryptionConfigurations", "name"}),
    local=frozenset({"forceDelete"}),
    kept=frozenset({"imageTagMutabilityExclusionFilters"}),
    differs="nothing is scanned; no image can be pushed",
    handler=_Repository(
        service="ecr",
        create_operation="create_repository",
        read_operation="describe_repositories",
        delete_operation="delete_repository",
        identity={"repositoryNames[]": "{id}"},
        id_format="{name}",
        at="repositories[0]",
        gone=_GONE,
        renames={
            "name": "repositoryName",
            "arn": "repositoryArn",
            "repositoryUrl": "repositoryUri",
            "encryptionConfigurations": "encryptionConfiguration",
        },
        tagging=Tagging(
            add="tag_resource",
            remove="untag_resource",
            identity=("resourceArn", "arn:{partition}:ecr:{region}:{account}:repository/{id}"),
            listing="list_tags_for_resource",
        ),
        updates=(
            Update(
                names=frozenset({"imageTagMutability"}),
                send=lambda context, change: _set(
                    context, change, "put_image_tag_mutability", name="imageTagMutability"
                ),
            ),
            Update(
                names=frozenset({"imageScanningConfiguration"}),
                send=lambda context, change: _set(
                    context, change, "put_image_scanning_configuration", name="imageScanningConfiguration"
                ),
            ),
        ),
    ),
)


def _set(context: HandlerContext, change: Change, operation: str, *, name: str) -> None:
    context.account.call("ecr", operation, {"repositoryName": change.existing.id, name: change.new.get(name)})


def _lifecycle_request(context: HandlerContext, inputs: Mapping[str, Json], request: Document) -> Document:
    del context
    return {**request, "lifecyclePolicyText": policy_text(inputs["policy"])}


def _put_lifecycle(context: HandlerContext, change: Change) -> None:
    request: Document = {
        "repositoryName": change.existing.id,
        "lifecyclePolicyText": policy_text(change.new["policy"]),
    }
    context.account.call("ecr", "put_lifecycle_policy", request)


LIFECYCLE_POLICY = Row(
    resource="aws:ecr/lifecyclePolicy:LifecyclePolicy",
    replaces=frozenset({"repository"}),
    differs="nothing expires",
    handler=ApiObject(
        service="ecr",
        create_operation="put_lifecycle_policy",
        read_operation="get_lifecycle_policy",
        delete_operation="delete_lifecycle_policy",
        identity={"repositoryName": "{id}"},
        id_format="{repository}",
        gone=_GONE,
        renames={"repository": "repositoryName", "policy": "lifecyclePolicyText"},
        handled=frozenset({"policy"}),
        prepare=_lifecycle_request,
        updates=(Update(names=frozenset({"policy"}), send=_put_lifecycle),),
    ),
)

ROWS = (REPOSITORY, LIFECYCLE_POLICY)

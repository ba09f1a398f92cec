"""Lambda: functions from images, and their aliases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandbox.providers.aws.api_object import ApiObject, Update
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row, Tagging
from sandbox.providers.aws.rows import lambda_calls
from sandbox.providers.aws.translation import Encoding
from sandbox.providers.validation import Failure
from sandbox.providers.values import Document, Json, at_path, items, mapping, text

_GONE = frozenset({"ResourceNotFoundException"})
_CODE_ELSEWHERE = ("code", "s3Bucket", "s3Key", "s3ObjectVersion", "runtime", "handler", "layers")
_CONFIGURATION = frozenset(
    {
        "deadLetterConfig",
        "description",
        "environment",
        "ephemeralStorage",
        "imageConfig",
        "kmsKeyArn",
        "loggingConfig",
        "memorySize",
        "role",
        "timeout",
        "tracingConfig",
        "vpcConfig",
    }
)


def _image_only(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    if inputs.get("packageType") != "Image":
        yield Failure(
            "packageType", "the stand-in holds functions from images only: give packageType Image and imageUri"
        )
    for name in _CODE_ELSEWHERE:
        if inputs.get(name) is not None:
            yield Failure(name, f"a function from an image has no {name}")
    concurrency = inputs.get("reservedConcurrentExecutions")
    if isinstance(concurrency, int) and concurrency < -1:
        yield Failure("reservedConcurrentExecutions", f"expected at least (-1), got {concurrency}")


def _recoded(context: HandlerContext, change: Change) -> None:
    request: Document = {"FunctionName": change.existing.id, "ImageUri": change.new.get("imageUri")}
    context.account.call("lambda", "update_function_code", request)


def _published(context: HandlerContext, change: Change) -> None:
    if change.new.get("publish"):
        context.account.call("lambda", "publish_version", {"FunctionName": change.existing.id})


def _reserved(context: HandlerContext, change: Change) -> None:
    request: Document = {"FunctionName": change.existing.id}
    wanted = change.new.get("reservedConcurrentExecutions")
    if isinstance(wanted, int) and wanted >= 0:
        context.account.call("lambda", "put_function_concurrency", {**request, "ReservedConcurrentExecutions": wanted})
    elif change.old:
        context.account.call("lambda", "delete_function_concurrency", request)


def _reconfigured(context: HandlerContext, change: Change) -> None:
    shape = context.account.input_shape("lambda", "update_function_configuration")
    wanted = {name: change.new.get(name) for name in change.names & _CONFIGURATION}
    request = Encoding(FUNCTION_RENAMES).request(wanted, shape)
    empty: Document = {
        "environment": {"Variables": {}},
        "vpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
        "description": "",
        "deadLetterConfig": {"TargetArn": ""},
    }
    for name, value in empty.items():
        if name in wanted and wanted[name] is None:
            request[name[0].upper() + name[1:]] = value
    context.account.call("lambda", "update_function_configuration", {"FunctionName": change.existing.id, **request})


def _function(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    answer = context.account.call("lambda", "get_function", {"FunctionName": existing.id})
    versions = context.account.call("lambda", "list_versions_by_function", {"FunctionName": existing.id})
    numbers = [text(mapping(part).get("Version")) for part in items(versions.get("Versions"))]
    published = max((int(number) for number in numbers if number.isdigit()), default=0)
    version = str(published) if existing.state.get("publish") and published else "$LATEST"
    arn = text(description.get("FunctionArn"))
    gateway = f"arn:{context.account.partition}:apigateway:{context.account.region}:lambda:path"
    subnets = at_path(description, "VpcConfig.SubnetIds")
    reserved = at_path(answer, "Concurrency.ReservedConcurrentExecutions")
    return {
        "arn": arn,
        "imageUri": at_path(answer, "Code.ImageUri"),
        "reservedConcurrentExecutions": -1 if reserved is None else reserved,
        "version": version,
        "qualifiedArn": f"{arn}:{version}",
        "invokeArn": f"{gateway}/2015-03-31/functions/{arn}/invocations",
        "qualifiedInvokeArn": f"{gateway}/2015-03-31/functions/{arn}:{version}/invocations",
        "responseStreamingInvokeArn": f"{gateway}/2021-11-15/functions/{arn}/response-streaming-invocations",
        "sourceCodeSize": description.get("CodeSize"),
        "sourceCodeHash": description.get("CodeSha256"),
        "vpcConfig": description.get("VpcConfig") and _vpc(description) if subnets else None,
        "layers": None,
        "handler": None,
        "runtime": None,
        "snapStart": None,
        "imageConfig": existing.state.get("imageConfig"),
    }


def _vpc(description: Document) -> Document:
    config = mapping(description.get("VpcConfig"))
    return {
        "subnetIds": config.get("SubnetIds"),
        "securityGroupIds": config.get("SecurityGroupIds"),
        "vpcId": config.get("VpcId") or "",
    }


FUNCTION_RENAMES = {
    "name": "FunctionName",
    "arn": "FunctionArn",
    "imageConfig.commands": "Command",
    "imageConfig.entryPoints": "EntryPoint",
}

FUNCTION = Row(
    resource="aws:lambda/function:Function",
    name="name",
    name_limit=64,
    replaces=frozenset({"name", "packageType", "architectures"}),
    kept=frozenset(
        {
            "deadLetterConfig",
            "ephemeralStorage",
            "imageConfig",
            "kmsKeyArn",
            "loggingConfig",
            "tracingConfig",
            "vpcConfig.ipv6AllowedForDualStack",
        }
    ),
    local=frozenset(
        {
            "publish",
            "replaceSecurityGroupsOnDestroy",
            "replacementSecurityGroupIds",
            "skipDestroy",
            "sourceCodeHash",
            "useResourceTimeoutForPropagation",
        }
    ),
    volatile=frozenset({"lastModified", "version", "qualifiedArn", "qualifiedInvokeArn"}),
    refusals=_image_only,
    source="AWS: CreateFunction, UpdateFunctionConfiguration; provider: ForceNew marks",
    differs="runs nothing: the sandbox's event loop calls the handlers in Python; the image is not looked up; changed"
    " architectures replace the function, where the provider updates its code; functions from zip archives are refused",
    requests=(
        ApiRequest(service="lambda", operation="put_function_concurrency"),
        ApiRequest(service="lambda", operation="create_function", renames={"imageUri": "Code.ImageUri"}),
    ),
    handler=ApiObject(
        service="lambda",
        create_operation="create_function",
        read_operation="get_function",
        delete_operation="delete_function",
        identity={"FunctionName": "{id}"},
        id_format="{name}",
        at="Configuration",
        gone=_GONE,
        renames=FUNCTION_RENAMES,
        tagging=Tagging(
            member="Tags",
            add="tag_resource",
            remove="untag_resource",
            keys="TagKeys",
            identity=("Resource", "{arn}"),
            listing="list_tags",
            described="Tags",
        ),
        handled=frozenset({"imageUri"}),
        outside=frozenset({"reservedConcurrentExecutions"}),
        prepare=lambda _, inputs, request: {**request, "Code": {"ImageUri": inputs.get("imageUri")}},
        present=_function,
        updates=(
            Update(names=frozenset({"imageUri"}), send=_recoded),
            Update(names=frozenset({"reservedConcurrentExecutions"}), settles=True, send=_reserved),
            Update(names=_CONFIGURATION, send=_reconfigured),
            Update(names=_CONFIGURATION | {"imageUri"}, send=_published),
        ),
    ),
)

ALIAS = Row(
    resource="aws:lambda/alias:Alias",
    name="name",
    name_limit=128,
    replaces=frozenset({"functionName", "name"}),
    handler=ApiObject(
        service="lambda",
        create_operation="create_alias",
        read_operation="get_alias",
        delete_operation="delete_alias",
        identity={"FunctionName": "{functionName}", "Name": "{name}"},
        id_at="AliasArn",
        gone=_GONE,
        renames={"arn": "AliasArn"},
        outputs={"invokeArn": "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations"},
        present=lambda _, __, existing: {"functionName": existing.state.get("functionName")},
        updates=(
            Update(names=frozenset({"description", "functionVersion", "routingConfig"}), operation="update_alias"),
        ),
    ),
)

ROWS = (FUNCTION, ALIAS, *lambda_calls.ROWS)

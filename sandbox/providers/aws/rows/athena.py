"""Athena's workgroups, in the stand-in's store: moto cannot change one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.kept_object import KeptObject
from sandbox.providers.aws.row import HandlerContext, Row
from sandbox.providers.validation import Failure
from sandbox.providers.values import Document, Json, at_path, mapping

_LEAST_CUTOFF_BYTES = 10 * 2**20


def _refusals(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    configuration = mapping(inputs.get("configuration"))
    cutoff = configuration.get("bytesScannedCutoffPerQuery")
    if isinstance(cutoff, int) and cutoff < _LEAST_CUTOFF_BYTES:
        path = "configuration.bytesScannedCutoffPerQuery"
        yield Failure(path, f"expected at least {_LEAST_CUTOFF_BYTES}, got {cutoff}")
    encryption = mapping(at_path(configuration, "resultConfiguration.encryptionConfiguration"))
    if encryption.get("encryptionOption") in {"SSE_KMS", "CSE_KMS"} and not encryption.get("kmsKeyArn"):
        path = "configuration.resultConfiguration.encryptionConfiguration.kmsKeyArn"
        yield Failure(path, f"{encryption['encryptionOption']} needs a key")


def _workgroup(context: HandlerContext, identity: str, inputs: Mapping[str, Json]) -> Document:
    settled: Document = {
        "enforceWorkgroupConfiguration": True,
        "publishCloudwatchMetricsEnabled": True,
        "requesterPaysEnabled": False,
        "engineVersion": {"selectedEngineVersion": "AUTO", "effectiveEngineVersion": "Athena engine version 3"},
    }
    return {
        "arn": context.account.arn("athena", f"workgroup/{identity}"),
        "configuration": {**settled, **mapping(inputs.get("configuration"))},
        "region": inputs.get("region") or context.account.region,
        "state": inputs.get("state") or "ENABLED",
    }


WORKGROUP = Row(
    resource="aws:athena/workgroup:Workgroup",
    stored=True,
    name="name",
    name_limit=128,
    replaces=frozenset({"name"}),
    local=frozenset({"forceDestroy"}),
    refusals=_refusals,
    differs="runs no query; the result location is not looked up",
    requests=(
        ApiRequest(service="athena", operation="create_work_group"),
        ApiRequest(service="athena", operation="update_work_group"),
    ),
    handler=KeptObject(
        service="athena",
        id_format="{name}",
        compute=_workgroup,
        mutable=frozenset({"configuration", "description", "state"}),
    ),
)

ROWS = (WORKGROUP,)

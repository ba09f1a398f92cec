"""Auto Scaling: tags on the groups of node groups, in the stand-in's store, as moto makes no such groups."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.kept_object import KeptObject
from sandbox.providers.aws.row import HandlerContext, Row
from sandbox.providers.values import Json, at_path, items, text


def _group_there(context: HandlerContext, inputs: Mapping[str, Json]) -> None:
    wanted = text(inputs["autoscalingGroupName"])
    for cluster in items(context.account.call("eks", "list_clusters", {}).get("clusters")):
        groups = context.account.call("eks", "list_nodegroups", {"clusterName": cluster})
        for name in items(groups.get("nodegroups")):
            answer = context.account.call("eks", "describe_nodegroup", {"clusterName": cluster, "nodegroupName": name})
            if at_path(answer, "nodegroup.resources.autoScalingGroups[0].name") == wanted:
                return
    raise ApiError(
        service="autoscaling",
        operation="CreateOrUpdateTags",
        reason="ValidationError",
        message=f"AutoScalingGroup name not found - {wanted}",
    )


TAG = Row(
    resource="aws:autoscaling/tag:Tag",
    stored=True,
    replaces=frozenset({"autoscalingGroupName", "tag.key"}),
    differs="the group itself is not there: only node groups' group names are known, and no tag reaches an instance",
    requests=(ApiRequest(service="autoscaling", operation="create_or_update_tags", renames={"tag": "Tags"}),),
    handler=KeptObject(
        service="autoscaling",
        id_format="",
        id_of=lambda _, inputs: f"{text(inputs['autoscalingGroupName'])},{text(at_path(inputs['tag'], 'key'))}",
        compute=lambda *_: {},
        requires=_group_there,
        mutable=frozenset({"tag"}),
        tagged=False,
    ),
)

ROWS = (TAG,)

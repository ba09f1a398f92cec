"""EventBridge Scheduler: schedules and their groups."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.aws.api_object import ApiObject, Update
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row, Tagging
from sandbox.providers.aws.translation import Encoding
from sandbox.providers.values import Document, Json, text

_GONE = frozenset({"ResourceNotFoundException"})


class _Schedule(ApiObject):
    """A schedule; the id has the default group where the program names none, and a change writes it whole."""

    def create(self, context: HandlerContext, inputs: Mapping[str, Json]) -> str:
        """Create the schedule; see `Handler`."""
        return super().create(context, {"groupName": "default", **inputs})

    def update(self, context: HandlerContext, change: Change) -> None:
        """Write the schedule whole; see `Handler`."""
        shape = context.account.input_shape("scheduler", "update_schedule")
        plain = {name: value for name, value in change.new.items() if name != "region"}
        request = Encoding(self.renames).request({"groupName": "default", **plain}, shape)
        context.account.call("scheduler", "update_schedule", request)

    def changeable(self, name: str) -> bool:
        """All but names, which replace."""
        return name not in {"name", "groupName"}


def _schedule(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    del context, existing
    return {
        "scheduleExpressionTimezone": description.get("ScheduleExpressionTimezone") or "UTC",
        "groupName": description.get("GroupName") or "default",
        "state": text(description.get("State")) or "ENABLED",
    }


SCHEDULE = Row(
    resource="aws:scheduler/schedule:Schedule",
    name="name",
    name_limit=64,
    replaces=frozenset({"groupName", "name", "namePrefix"}),
    kept=frozenset({"actionAfterCompletion"}),
    differs="fires nothing: the sandbox's event loop calls handlers itself; expressions are not parsed",
    handler=_Schedule(
        service="scheduler",
        create_operation="create_schedule",
        read_operation="get_schedule",
        delete_operation="delete_schedule",
        identity={"GroupName": "{groupName}", "Name": "{name}"},
        id_format="{groupName}/{name}",
        gone=_GONE,
        present=_schedule,
    ),
)

SCHEDULE_GROUP = Row(
    resource="aws:scheduler/scheduleGroup:ScheduleGroup",
    name="name",
    name_limit=64,
    replaces=frozenset({"name", "namePrefix"}),
    handler=ApiObject(
        service="scheduler",
        create_operation="create_schedule_group",
        read_operation="get_schedule_group",
        delete_operation="delete_schedule_group",
        identity={"Name": "{id}"},
        id_format="{name}",
        gone=_GONE,
        updates=(Update(names=frozenset()),),
        tagging=Tagging(
            member="Tags",
            add="tag_resource",
            remove="untag_resource",
            keys="TagKeys",
            identity=("ResourceArn", "arn:{partition}:scheduler:{region}:{account}:schedule-group/{id}"),
            listing="list_tags_for_resource",
            described="Tags",
        ),
    ),
)

ROWS = (SCHEDULE, SCHEDULE_GROUP)

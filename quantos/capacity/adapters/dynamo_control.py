"""What governs resizes: floors planned lately in the coordination table, kill switches in a table of their own.

Both have one item a stack: (`pk` = stack, `sk` = `floors`) with an attribute `f<sequence>-<plan_id>` for each plan, so
that plans never overwrite one another, those of one bin neither; (`pk` = stack, `sk` = `switch`) which the robot's role
may read and not write.
"""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from quantos.adapters.aws import AWS
from quantos.capacity.resize.ports import PlannedFloors, Switch
from quantos.errors import CapacityError
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

PREFIX: Final = "f"
MOST_STALE: Final = 64
"""Floors too old to hold anything are removed so many at a time, which keeps the item small and most writes single."""


@dataclass(frozen=True)
class DynamoFloors:
    """Floors planned within the last `keep_seconds`, by stack."""

    client: "DynamoDBClient"
    table: str
    keep_seconds: int

    def remember(self, stack: str, *, sequence: int, plan_id: str, floors: Mapping[str, int]) -> PlannedFloors:
        """Keep the floors of one plan beside all others, and return them all: one write. Key: `plan_id`."""
        with _reached(self.table):
            answer = self.client.update_item(
                TableName=self.table,
                Key=_key(stack, "floors"),
                UpdateExpression="SET #plan = :floors",
                ExpressionAttributeNames={"#plan": f"{PREFIX}{sequence}-{plan_id}"},
                ExpressionAttributeValues={":floors": {"S": json.dumps(dict(floors))}},
                ReturnValues="ALL_NEW",
            )
            item = answer.get("Attributes", {})
            kept = self._parsed(stack, item)
            stale = sorted(name for name in _plans(item) if _sequence(name) <= max(kept) - self.keep_seconds)
            if len(stale) >= MOST_STALE:
                self._forget(stack, stale)
        return kept

    def read(self, stack: str) -> PlannedFloors:
        """All that are kept."""
        return self._parsed(stack, _item(self.client, self.table, _key(stack, "floors")))

    def _forget(self, stack: str, plans: list[str]) -> None:
        names = {f"#p{place}": plan for place, plan in enumerate(plans)}
        self.client.update_item(
            TableName=self.table,
            Key=_key(stack, "floors"),
            UpdateExpression=f"REMOVE {', '.join(names)}",
            ExpressionAttributeNames=names,
        )

    def _parsed(self, stack: str, item: Mapping[str, "AttributeValueTypeDef"]) -> PlannedFloors:
        kept: dict[int, dict[str, int]] = {}
        try:
            for name in _plans(item):
                floors = kept.setdefault(_sequence(name), {})
                for pool, nodes in json.loads(item[name].get("S", "")).items():
                    floors[str(pool)] = max(int(nodes), floors.get(str(pool), 0))
        except (AttributeError, TypeError, ValueError) as exc:
            raise CapacityError(
                f"the floors planned lately for {stack} are not readable: {exc}",
                remedy=f"delete the item ({stack}, floors) of table {self.table}; the next plan starts it anew",
            ) from exc
        return kept


@dataclass(frozen=True)
class DynamoSwitches:
    """Kill switches."""

    client: "DynamoDBClient"
    table: str

    def read(self, stack: str) -> Switch:
        """The switch as it stands; not paused at first."""
        item = _item(self.client, self.table, _key(stack, "switch"))
        if not item:
            return Switch(paused=False, actor="", reason="")
        try:
            document = json.loads(item["document"].get("S", ""))
            return Switch(paused=bool(document["paused"]), actor=str(document["actor"]), reason=str(document["reason"]))
        except (KeyError, TypeError, ValueError) as exc:
            raise CapacityError(
                f"the kill switch of {stack} is not readable: {exc}", remedy="throw it again: `quantos pause`"
            ) from exc

    def throw(self, stack: str, switch: Switch) -> None:
        """Set the kill switch; the next event sees it."""
        document = {"paused": switch.paused, "actor": switch.actor, "reason": switch.reason}
        with _reached(self.table):
            self.client.put_item(
                TableName=self.table, Item={**_key(stack, "switch"), "document": {"S": json.dumps(document)}}
            )


def _plans(item: Mapping[str, "AttributeValueTypeDef"]) -> list[str]:
    return [name for name in item if name not in {"pk", "sk"}]


def _sequence(name: str) -> int:
    return int(name.removeprefix(PREFIX).partition("-")[0])


def _item(
    client: "DynamoDBClient", table: str, key: Mapping[str, "AttributeValueTypeDef"]
) -> Mapping[str, "AttributeValueTypeDef"]:
    """One item by a consistent read; empty when there is none."""
    with _reached(table):
        return client.get_item(TableName=table, Key=dict(key), ConsistentRead=True).get("Item", {})


def _key(stack: str, kind: str) -> dict[str, "AttributeValueTypeDef"]:
    return {"pk": {"S": stack}, "sk": {"S": kind}}


def _reached(table: str) -> AbstractContextManager[None]:
    return translated(
        AWS,
        into=CapacityError,
        what=f"the table {table} could not be used",
        remedy="check that the foundation layer is up and that this role may use the table",
    )

"""Leases, switches and the actuator's memory in the coordination table.

One item per (stack, kind): `pk` = stack name, `sk` = `lease` | `switch` | `memory`. Times are epoch milliseconds.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from quantos.capacity.ports import ActuatorMemory, Lease, StackControl, Switch
from quantos.errors import CapacityError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FREE = "-"


@dataclass(frozen=True)
class DynamoLeases:
    """Leases by conditional update; the condition is DynamoDB's, so two takers cannot both win."""

    client: "DynamoDBClient"
    table: str

    def take(self, stack: str, *, holder: str, sequence: int, now: datetime, expires_at: datetime) -> Lease | None:
        """The lease, or None when another holds one that has not expired at `now`."""
        try:
            response = self.client.update_item(
                TableName=self.table,
                Key=_key(stack, "lease"),
                UpdateExpression="SET holder = :holder, plan_sequence = :sequence, expires = :expires, taken = :now",
                ConditionExpression="attribute_not_exists(pk) OR holder = :free OR expires <= :now",
                ExpressionAttributeValues={
                    ":holder": {"S": holder},
                    ":sequence": {"N": str(sequence)},
                    ":expires": {"N": str(_milliseconds(expires_at))},
                    ":now": {"N": str(_milliseconds(now))},
                    ":free": {"S": FREE},
                },
                ReturnValues="ALL_OLD",
            )
        except ClientError as exc:
            if _refused(exc):
                return None
            raise _unreachable(self.table, exc) from exc
        except BotoCoreError as exc:
            raise _unreachable(self.table, exc) from exc
        return Lease(
            stack=stack,
            holder=holder,
            sequence=sequence,
            taken_at=now,
            expires_at=expires_at,
            previous_expires_at=_abandoned(response.get("Attributes", {})),
        )

    def renew(self, lease: Lease, *, expires_at: datetime) -> Lease | None:
        """The lease with a later end, or None when it is no longer ours."""
        ours = self._update_if_ours(lease, "SET expires = :value", {"N": str(_milliseconds(expires_at))})
        return replace(lease, expires_at=expires_at) if ours else None

    def release(self, lease: Lease) -> None:
        """Give the lease back; nothing happens when it is no longer ours."""
        self._update_if_ours(lease, "SET holder = :value", {"S": FREE})

    def _update_if_ours(self, lease: Lease, update: str, value: "AttributeValueTypeDef") -> bool:
        try:
            self.client.update_item(
                TableName=self.table,
                Key=_key(lease.stack, "lease"),
                UpdateExpression=update,
                ConditionExpression="holder = :holder",
                ExpressionAttributeValues={":holder": {"S": lease.holder}, ":value": value},
            )
        except ClientError as exc:
            if _refused(exc):
                return False
            raise _unreachable(self.table, exc) from exc
        except BotoCoreError as exc:
            raise _unreachable(self.table, exc) from exc
        return True


@dataclass(frozen=True)
class DynamoControl:
    """Kill switches and the actuator's memory."""

    client: "DynamoDBClient"
    table: str

    def read(self, stack: str) -> StackControl:
        """Both as they stand, in one consistent read."""
        try:
            response = self.client.query(
                TableName=self.table,
                KeyConditionExpression="pk = :stack",
                ExpressionAttributeValues={":stack": {"S": stack}},
                ConsistentRead=True,
            )
        except (BotoCoreError, ClientError) as exc:
            raise _unreachable(self.table, exc) from exc
        documents = {
            item["sk"].get("S", ""): json.loads(item["document"].get("S", "{}"))
            for item in response["Items"]
            if "document" in item
        }
        return StackControl(_switch(documents.get("switch")), self._memory(stack, documents.get("memory")))

    def throw(self, stack: str, switch: Switch) -> None:
        """Set the kill switch."""
        self._put(stack, "switch", {"paused": switch.paused, "actor": switch.actor, "reason": switch.reason})

    def _memory(self, stack: str, item: Mapping[str, object] | None) -> ActuatorMemory:
        if item is None:
            return ActuatorMemory(floors={}, last_resize_sequence=0)
        floors = item["floors"]
        last = item["last_resize_sequence"]
        if not isinstance(floors, dict) or not isinstance(last, int):
            raise CapacityError(
                f"the actuator's memory of {stack} is not readable",
                remedy=f"delete the item ({stack}, memory) of table {self.table}; the next plan starts it anew",
            )
        return ActuatorMemory(
            floors={int(sequence): {str(k): int(v) for k, v in pools.items()} for sequence, pools in floors.items()},
            last_resize_sequence=last,
        )

    def remember(self, stack: str, memory: ActuatorMemory) -> None:
        """Replace the actuator's memory."""
        floors = {str(sequence): dict(pools) for sequence, pools in memory.floors.items()}
        self._put(stack, "memory", {"floors": floors, "last_resize_sequence": memory.last_resize_sequence})

    def _put(self, stack: str, kind: str, document: Mapping[str, object]) -> None:
        try:
            self.client.put_item(
                TableName=self.table, Item={**_key(stack, kind), "document": {"S": json.dumps(document)}}
            )
        except (BotoCoreError, ClientError) as exc:
            raise _unreachable(self.table, exc) from exc


def _switch(item: Mapping[str, object] | None) -> Switch:
    if item is None:
        return Switch(paused=False, actor="", reason="")
    return Switch(paused=bool(item["paused"]), actor=str(item["actor"]), reason=str(item["reason"]))


def _key(stack: str, kind: str) -> dict[str, "AttributeValueTypeDef"]:
    return {"pk": {"S": stack}, "sk": {"S": kind}}


def _milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _abandoned(old: Mapping[str, "AttributeValueTypeDef"]) -> datetime | None:
    """When the lease found ended, if its holder never gave it back."""
    if not old or old.get("holder", {}).get("S") == FREE:
        return None
    return EPOCH + timedelta(milliseconds=int(old["expires"].get("N", "0")))


def _refused(exc: ClientError) -> bool:
    return exc.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException"


def _unreachable(table: str, exc: Exception) -> CapacityError:
    return CapacityError(
        f"the coordination table {table} could not be used: {exc}",
        remedy="check that the foundation layer is up and that this role may use the table",
    )

"""Leases in the coordination table: one item a stack, `pk` = stack, `sk` = `lease`. Times are epoch milliseconds.

`lease_id` is random and what every write is conditional on; `holder` is for people; `engines` are those recorded and
not cleaned up after, which stay when the lease changes hands.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from quantos.adapters.aws import AWS, error_code
from quantos.deployment.holders import EngineMark, LeaseHolder, ProcessMark
from quantos.deployment.ports import Lease
from quantos.errors import CapacityError
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FREE = "-"
REFUSED = "ConditionalCheckFailedException"


@dataclass(frozen=True)
class DynamoLeases:
    """Leases by conditional update; the condition is DynamoDB's, so two takers cannot both win."""

    client: "DynamoDBClient"
    table: str

    def read(self, stack: str) -> Lease | None:
        """The lease as it stands, run out or not; None when nobody holds it."""
        with self._reached():
            item = self.client.get_item(TableName=self.table, Key=_key(stack), ConsistentRead=True).get("Item", {})
        return None if not item or _text(item, "lease_id") == FREE else self._parsed(stack, item)

    def take(
        self,
        stack: str,
        *,
        holder: LeaseHolder,
        sequence: int,
        now: datetime,
        expires_at: datetime,
        instead_of: str | None,
    ) -> Lease | None:
        """The lease, with the engines recorded before; None when another holds one that has not run out.

        Key: the holder's `lease_id`; a take whose answer was lost may be repeated.
        """
        values: dict[str, AttributeValueTypeDef] = {
            ":id": {"S": holder.lease_id},
            ":name": {"S": holder.name},
            ":process": {"S": json.dumps(asdict(holder.process))},
            ":ends": {"N": str(0 if holder.ends_at is None else _milliseconds(holder.ends_at))},
            ":sequence": {"N": str(sequence)},
            ":expires": {"N": str(_milliseconds(expires_at))},
            ":now": {"N": str(_milliseconds(now))},
            ":free": {"S": FREE},
        }
        condition = "attribute_not_exists(pk) OR lease_id = :free OR lease_id = :id OR expires <= :now"
        if instead_of is not None:
            values[":instead"] = {"S": instead_of}
            condition += " OR lease_id = :instead"
        with self._reached():
            try:
                response = self.client.update_item(
                    TableName=self.table,
                    Key=_key(stack),
                    UpdateExpression="SET lease_id = :id, holder = :name, process = :process, ends = :ends, "
                    "plan_sequence = :sequence, expires = :expires, taken = :now",
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values,
                    ReturnValues="ALL_NEW",
                )
            except ClientError as exc:
                if error_code(exc) == REFUSED:
                    return None
                raise
        return self._parsed(stack, response.get("Attributes", {}))

    def renew(self, lease: Lease, *, expires_at: datetime) -> Lease | None:
        """The lease with a later end, or None when it is no longer ours."""
        ours = self._update(lease, "SET expires = :value", {":value": {"N": str(_milliseconds(expires_at))}})
        return replace(lease, expires_at=expires_at) if ours else None

    def record(self, lease: Lease, *, engines: Sequence[EngineMark]) -> bool:
        """Make these the recorded engines; False when the lease is no longer ours."""
        return self._update(lease, "SET engines = :value", {":value": {"S": _written(engines)}})

    def release(self, lease: Lease, *, engines: Sequence[EngineMark]) -> None:
        """Give the lease back with what is still to clean up after; nothing happens when it is no longer ours."""
        self._update(
            lease, "SET lease_id = :free, engines = :value", {":free": {"S": FREE}, ":value": {"S": _written(engines)}}
        )

    def _update(self, lease: Lease, update: str, values: Mapping[str, "AttributeValueTypeDef"]) -> bool:
        with self._reached():
            try:
                self.client.update_item(
                    TableName=self.table,
                    Key=_key(lease.stack),
                    UpdateExpression=update,
                    ConditionExpression="lease_id = :id",
                    ExpressionAttributeValues={":id": {"S": lease.holder.lease_id}, **values},
                )
            except ClientError as exc:
                if error_code(exc) == REFUSED:
                    return False
                raise
        return True

    def _parsed(self, stack: str, item: Mapping[str, "AttributeValueTypeDef"]) -> Lease:
        try:
            ends = int(item["ends"].get("N", "0"))
            holder = LeaseHolder(
                lease_id=_text(item, "lease_id"),
                name=_text(item, "holder"),
                process=ProcessMark(**json.loads(_text(item, "process"))),
                ends_at=_moment(ends) if ends else None,
            )
            return Lease(
                stack=stack,
                holder=holder,
                sequence=int(item["plan_sequence"].get("N", "0")),
                taken_at=_moment(int(item["taken"].get("N", "0"))),
                expires_at=_moment(int(item["expires"].get("N", "0"))),
                engines=_engines(_text(item, "engines") or "[]"),
            )
        except (KeyError, TypeError, ValueError) as exc:
            raise CapacityError(
                f"the lease of {stack} is not readable: {exc}",
                remedy=f"see that nothing works on {stack}, then delete the item ({stack}, lease) of {self.table}",
            ) from exc

    def _reached(self) -> AbstractContextManager[None]:
        return translated(
            AWS,
            into=CapacityError,
            what=f"the coordination table {self.table} could not be used",
            remedy="check that the foundation layer is up and that this role may use the table",
        )


def _written(engines: Sequence[EngineMark]) -> str:
    return json.dumps(
        [
            {
                "process": asdict(engine.process),
                "hostname": engine.hostname,
                "started": engine.started_at.isoformat(),
                "ends": None if engine.ends_at is None else engine.ends_at.isoformat(),
            }
            for engine in engines
        ]
    )


def _engines(text: str) -> tuple[EngineMark, ...]:
    return tuple(
        EngineMark(
            process=ProcessMark(**engine["process"]),
            hostname=engine["hostname"],
            started_at=datetime.fromisoformat(engine["started"]),
            ends_at=None if engine["ends"] is None else datetime.fromisoformat(engine["ends"]),
        )
        for engine in json.loads(text)
    )


def _key(stack: str) -> dict[str, "AttributeValueTypeDef"]:
    return {"pk": {"S": stack}, "sk": {"S": "lease"}}


def _text(item: Mapping[str, "AttributeValueTypeDef"], name: str) -> str:
    return item.get(name, {}).get("S", "")


def _milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _moment(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)

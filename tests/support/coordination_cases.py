"""The adapters by which a resize is coordinated, with a call of each public method that succeeds on a fresh account."""

import json
from datetime import UTC, datetime, timedelta

import boto3

from quantos.capacity.adapters import composition
from quantos.capacity.adapters.checkpoints import stack_checkpoint, state_secrets
from quantos.capacity.adapters.dynamo_control import DynamoFloors, DynamoSwitches
from quantos.capacity.adapters.engine_credentials import LeasedCredentials
from quantos.capacity.resize.ports import Switch
from quantos.deployment.adapters.backend_locks import S3Locks, backend_locks
from quantos.deployment.adapters.dynamo_leases import DynamoLeases
from quantos.deployment.holders import LeaseHolder, ProcessMark
from quantos.deployment.locks import BackendLock
from quantos.deployment.ports import Lease
from quantos.deployment.stop_order import StopOrder
from tests.support.environments import make_settings
from tests.support.faulty_aws import REGION, Call, create_table
from tests.support.plan_cases import STACK

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)
LOCKS = f".pulumi/locks/organization/quantos/{STACK}"
LOCK = {"pid": 1, "username": "ada", "hostname": "host", "timestamp": "2026-03-02T14:00:00Z"}


def _leases() -> dict[str, Call]:
    leases = DynamoLeases(boto3.client("dynamodb", REGION), "coordination")
    holder = LeaseHolder("id", "ada", ProcessMark("host", 1, "1"), None)

    def take() -> Lease:
        taken = leases.take(STACK, holder=holder, sequence=1, now=NOW, expires_at=LATER, instead_of="id")
        assert taken is not None
        return taken

    lease = take()
    return {
        "deployment.dynamo_leases:DynamoLeases.read": lambda: leases.read(STACK),
        "deployment.dynamo_leases:DynamoLeases.take": take,
        "deployment.dynamo_leases:DynamoLeases.renew": lambda: leases.renew(lease, expires_at=LATER),
        "deployment.dynamo_leases:DynamoLeases.record": lambda: leases.record(lease, engines=()),
        "deployment.dynamo_leases:DynamoLeases.release": lambda: leases.release(lease, engines=()),
    }


def _locks() -> dict[str, Call]:
    client = boto3.client("s3", REGION)
    client.create_bucket(Bucket="state")
    for number in range(2):
        client.put_object(Bucket="state", Key=f"{LOCKS}/{number}.json", Body=json.dumps(LOCK).encode())
    locks = S3Locks(client, bucket="state", prefix="", stack=STACK)
    lock = BackendLock(key=f"{LOCKS}/9.json", owner="ada", hostname="host", pid=1, taken_at=NOW, partial=False)
    return {
        "deployment.backend_locks:S3Locks.locks": locks.locks,
        "deployment.backend_locks:S3Locks.remove_lock": lambda: locks.remove_lock(lock),
    }


def coordination() -> dict[str, Call]:
    """Leases, locks, floors, switches, and credentials that end with a lease."""
    create_table("coordination", "pk", "sk")
    dynamo = boto3.client("dynamodb", REGION)
    floors, switches = DynamoFloors(dynamo, "coordination", keep_seconds=600), DynamoSwitches(dynamo, "coordination")
    role = boto3.client("iam", REGION).create_role(RoleName="resize", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    credentials = LeasedCredentials(boto3.client("sts", REGION).assume_role, role, lambda: NOW)
    return {
        **_leases(),
        **_locks(),
        "capacity.dynamo_control:DynamoFloors.remember": lambda: floors.remember(
            STACK, sequence=1, plan_id="p", floors={"cpu": 1}
        ),
        "capacity.dynamo_control:DynamoFloors.read": lambda: floors.read(STACK),
        "capacity.dynamo_control:DynamoSwitches.read": lambda: switches.read(STACK),
        "capacity.dynamo_control:DynamoSwitches.throw": lambda: switches.throw(
            STACK, Switch(paused=True, actor="ada", reason="x")
        ),
        "capacity.engine_credentials:LeasedCredentials": lambda: credentials(LATER),
    }


def compositions() -> dict[str, Call]:
    """What makes clients of the control path; nothing of it asks AWS."""
    settings = make_settings()
    return {
        "deployment.backend_locks:backend_locks": lambda: backend_locks("s3://state?region=us-east-1", stack=STACK),
        "capacity.checkpoints:stack_checkpoint": lambda: stack_checkpoint("s3://state?region=us-east-1", stack=STACK),
        "capacity.checkpoints:state_secrets": lambda: state_secrets("s3://state?region=us-east-1", stack=STACK),
        "capacity.composition:compose_credentials": lambda: composition.compose_credentials(
            settings, clock=lambda: NOW
        ),
        "capacity.composition:compose_desk": lambda: composition.compose_desk(
            settings, order=StopOrder(), clock=lambda: NOW
        ),
    }

"""Composes what an environment's capacity stands in: plans, signatures, switches and node groups, without an engine."""

from typing import TYPE_CHECKING

import boto3

from quantos.adapters.aws import making_clients
from quantos.adapters.control_clients import CONTROL_CONFIG
from quantos.capacity.adapters.dynamo_control import DynamoFloors, DynamoSwitches
from quantos.capacity.adapters.eks_node_groups import EksNodeGroups
from quantos.capacity.adapters.kms_signer import KmsSigner
from quantos.capacity.adapters.s3_plans import PlansBucket, S3PlanArchive, S3PlanLedger
from quantos.capacity.reporting.queries import CapacityReader
from quantos.deployment.adapters.dynamo_leases import DynamoLeases
from quantos.environment.settings.environment import EnvironmentSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def compose_groups(settings: EnvironmentSettings) -> EksNodeGroups:
    """The elastic pools of an environment as EKS has them."""
    with making_clients():
        client = boto3.client("eks", region_name=settings.region, config=CONTROL_CONFIG)
    return EksNodeGroups(client, settings.names().cluster, frozenset(settings.pools))


def compose_bucket(settings: EnvironmentSettings) -> PlansBucket:
    """The plans bucket of an environment."""
    with making_clients():
        client = boto3.client("s3", region_name=settings.region, config=CONTROL_CONFIG)
    return PlansBucket(client, settings.names().bucket("plans"))


def compose_plan_ledger(settings: EnvironmentSettings) -> S3PlanLedger:
    """The plan pointer of an environment's capacity stack."""
    return S3PlanLedger(compose_bucket(settings), settings, settings.names().stack("capacity"))


def compose_reader(settings: EnvironmentSettings) -> CapacityReader:
    """What answers questions about an environment's capacity stack."""
    archive = S3PlanArchive(compose_bucket(settings))
    return CapacityReader(settings.names().stack("capacity"), compose_plan_ledger(settings), archive)


def compose_signer(settings: EnvironmentSettings) -> KmsSigner:
    """The signer of an environment's plans."""
    with making_clients():
        client = boto3.client("kms", region_name=settings.region, config=CONTROL_CONFIG)
    return KmsSigner(client, settings.names().plan_signing_key)


def compose_switches(settings: EnvironmentSettings) -> DynamoSwitches:
    """Kill switches of an environment."""
    return DynamoSwitches(_dynamo(settings), settings.names().switch_table)


def compose_floors(settings: EnvironmentSettings) -> DynamoFloors:
    """Floors planned lately in an environment; twice as long as they hold, since plans may come late."""
    return DynamoFloors(_dynamo(settings), settings.names().coordination_table, 2 * settings.actuator.hold_seconds)


def compose_leases(settings: EnvironmentSettings) -> DynamoLeases:
    """The leases of an environment."""
    return DynamoLeases(_dynamo(settings), settings.names().coordination_table)


def _dynamo(settings: EnvironmentSettings) -> "DynamoDBClient":
    with making_clients():
        return boto3.client("dynamodb", region_name=settings.region, config=CONTROL_CONFIG)

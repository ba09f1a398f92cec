"""Composes what an environment's capacity stands in: plans, signatures, switches and node groups, without an engine."""

import boto3

from quantos.capacity.adapters.dynamo_control import DynamoControl
from quantos.capacity.adapters.eks_node_groups import EksNodeGroups
from quantos.capacity.adapters.kms_signer import KmsSigner
from quantos.capacity.adapters.s3_plans import PlansBucket, S3PlanArchive, S3PlanLedger
from quantos.capacity.reading import CapacityReader
from quantos.environment.adapters.aws import making_clients
from quantos.environment.settings import EnvironmentSettings


def compose_groups(settings: EnvironmentSettings) -> EksNodeGroups:
    """The elastic pools of an environment as EKS has them."""
    with making_clients():
        client = boto3.client("eks", region_name=settings.region)
    return EksNodeGroups(client, settings.names().cluster, frozenset(settings.pools))


def compose_bucket(settings: EnvironmentSettings) -> PlansBucket:
    """The plans bucket of an environment."""
    with making_clients():
        client = boto3.client("s3", region_name=settings.region)
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
        client = boto3.client("kms", region_name=settings.region)
    return KmsSigner(client, settings.names().plan_signing_key)


def compose_control(settings: EnvironmentSettings) -> DynamoControl:
    """Switches and the actuator's memory of an environment."""
    with making_clients():
        client = boto3.client("dynamodb", region_name=settings.region)
    return DynamoControl(client, settings.names().coordination_table)

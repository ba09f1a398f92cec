"""Composes the audit ledger and the intake of an environment from their AWS adapters."""

import boto3

from quantos.adapters.aws import making_clients
from quantos.audit.adapters.dynamo_index import DynamoChainIndex
from quantos.audit.adapters.s3_chain import S3ChainStore
from quantos.audit.intake import AuditIntake
from quantos.audit.ledger import AuditLedger
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.messaging.ports import Publisher


def compose_store(settings: EnvironmentSettings) -> S3ChainStore:
    """The store of the environment's chain."""
    with making_clients():
        client = boto3.client("s3", region_name=settings.region)
    return S3ChainStore(client=client, bucket=settings.names().bucket("audit"))


def compose_index(settings: EnvironmentSettings) -> DynamoChainIndex:
    """The index of the environment's chain."""
    with making_clients():
        client = boto3.client("dynamodb", region_name=settings.region)
    return DynamoChainIndex(client=client, table=settings.names().audit_table)


def compose_ledger(settings: EnvironmentSettings) -> AuditLedger:
    """The writer of the environment's chain."""
    return AuditLedger(store=compose_store(settings), index=compose_index(settings), chain=settings.names().audit_chain)


def compose_intake(settings: EnvironmentSettings, *, publisher: Publisher) -> AuditIntake:
    """The intake of the environment's chain."""
    return AuditIntake(ledger=compose_ledger(settings), publisher=publisher)

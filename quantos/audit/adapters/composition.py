"""Composes the audit ledger and the intake of an environment from their AWS adapters."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from quantos.adapters.aws import making_clients
from quantos.audit.adapters.dynamo_index import DynamoChainIndex
from quantos.audit.adapters.s3_anchors import S3AnchorStore
from quantos.audit.adapters.s3_chain import S3ChainStore
from quantos.audit.adapters.s3_folder import READERS
from quantos.audit.anchoring import AnchoringService
from quantos.audit.auditor import Auditor
from quantos.audit.intake import AuditIntake
from quantos.audit.ledger import AuditLedger
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.messaging.ports import Publisher

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def compose_store(settings: EnvironmentSettings) -> S3ChainStore:
    """The store of the environment's chain."""
    return S3ChainStore(client=_s3(settings), bucket=settings.names().bucket("audit"))


def compose_anchors(settings: EnvironmentSettings) -> S3AnchorStore:
    """The anchors of the environment's chain."""
    return S3AnchorStore(client=_s3(settings), bucket=settings.names().bucket("audit"))


def compose_index(settings: EnvironmentSettings) -> DynamoChainIndex:
    """The index of the environment's chain."""
    with making_clients():
        client = boto3.client("dynamodb", region_name=settings.region)
    return DynamoChainIndex(client=client, table=settings.names().audit_table)


def compose_ledger(settings: EnvironmentSettings) -> AuditLedger:
    """The writer of the environment's chain."""
    return AuditLedger(store=compose_store(settings), index=compose_index(settings), chain=settings.names().audit_chain)


def compose_auditor(settings: EnvironmentSettings) -> Auditor:
    """What reads all of the environment's chain, its table and its anchors."""
    return Auditor(
        store=compose_store(settings),
        index=compose_index(settings),
        anchors=compose_anchors(settings),
        chain=settings.names().audit_chain,
    )


def compose_anchoring(settings: EnvironmentSettings) -> AnchoringService:
    """What anchors the environment's chain once an hour."""
    return AnchoringService(compose_store(settings), compose_anchors(settings), settings.names().audit_chain)


def compose_intake(settings: EnvironmentSettings, *, publisher: Publisher) -> AuditIntake:
    """The intake of the environment's chain."""
    return AuditIntake(ledger=compose_ledger(settings), publisher=publisher)


def _s3(settings: EnvironmentSettings) -> "S3Client":
    """A client for as many readers as verification has."""
    with making_clients():
        return boto3.client("s3", region_name=settings.region, config=Config(max_pool_connections=READERS))

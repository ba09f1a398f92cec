"""An account with what orchestration stands on, in memory: tables, buckets, a bus, and the API before its function."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas import runtime
from lambdas.submit.handler import handler
from quantos.catalog.catalog import load_catalog
from quantos.environment.functions import SUBMIT, function_table, topic_partitions
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.messaging.adapters.memory import MemoryBus
from sandbox.api.gateway import Gateway, HttpAnswer
from sandbox.api.requests import HttpRequest
from sandbox.api.tokens import TokenIssuer, open_issuer
from sandbox.events.events import Account
from sandbox.events.loop import LocalFunction
from tests.support.desks import settings as dev_settings
from tests.support.faulty_aws import create_table

SCOPES = ("orch:submit", "orch:read", "orch:approve")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Api:
    """The API, and what lies behind it."""

    settings: EnvironmentSettings
    gateway: Gateway
    issuer: TokenIssuer
    bus: MemoryBus

    def ask(
        self,
        method: str,
        target: str,
        *,
        team: str = "research",
        subject: str = "ann",
        scopes: Any = SCOPES,
        **more: Any,
    ) -> HttpAnswer:
        """What the API answers to a member of a team."""
        token = self.issuer.token(team, subject, scopes=scopes)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json", **more.pop("headers", {})}
        body = more.pop("body", b"")
        return self.gateway.answer(
            HttpRequest(method=method, target=target, headers=headers, body=body, source="127.0.0.1")
        )


@contextmanager
def orchestration_api(monkeypatch: pytest.MonkeyPatch, folder: Path, **team: Any) -> Iterator[Api]:
    """The API of `dev`, whose team research is changed by `team`."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    settings = dev_settings(**team)
    names = settings.names()
    with mock_aws():
        for table in (names.orchestration_table, names.switch_table):
            create_table(table, "pk", "sk")
        s3 = boto3.client("s3", "us-east-1")
        for purpose in ("artifacts", "lake"):
            s3.create_bucket(Bucket=names.bucket(purpose))
        bus = MemoryBus(topic_partitions())
        catalog = load_catalog()
        runtime.use(
            runtime.Runtime(
                settings=settings, catalog=catalog, publisher=bus, clock=lambda: NOW, wall_clock=lambda: NOW
            )
        )
        specs = {spec.name: spec for spec in function_table(settings)}
        submit = LocalFunction(spec=specs[SUBMIT], handler=handler)
        issuer = open_issuer(folder, settings.api)
        account = Account(environment="dev", account_id=settings.account_id, region=settings.region)
        gateway = Gateway(functions={SUBMIT: submit}, issuer=issuer, account=account, clock=lambda: NOW)
        yield Api(settings, gateway, issuer, bus)

"""An environment that functions out of an image work on: `dev` with its capacity stack up, on a stand-in for AWS."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import boto3

from benchmarks.function_calls import SERIES, Calls
from benchmarks.measurement import ROOT
from images.running.function import AWS_PORT
from quantos.capacity.adapters.s3_plans import PlansBucket, S3StrategyRegistry
from quantos.contracts.strategy import StrategyBook
from quantos.environment.functions import RESIZE, FunctionSpec
from quantos.environment.settings.environment import EnvironmentSettings
from stacks.function_access import variables
from tests.support.demand_cases import make_strategy
from tests.support.environments import committed_settings
from tests.support.own_sandbox import own_sandbox
from tests.support.small_environment import make_small_environment

STAND_IN: Final = "/dev/standin"
"""Where a container finds the stand-in for the plugin of AWS, which no image has."""
_PLUGIN: Final = f"""#!/bin/sh
[ -e /tmp/store.json ] || cp {STAND_IN}/store.json /tmp/store.json
QUANTOS_SANDBOX_STORE=/tmp/store.json PYTHONPATH=$PYTHONPATH:{STAND_IN}/source \\
    exec python3 -u -P -m sandbox.providers.aws "$@"
"""


@dataclass(frozen=True, kw_only=True)
class FunctionAccount:
    """The environment, where its stand-in for AWS listens, and what stands for the plugin of AWS."""

    calls: Calls
    port: int
    plugin: Path
    store: Path

    def variables(self, spec: FunctionSpec) -> dict[str, str]:
        """What a function is told beside what Lambda tells it: as on an account, save for the bus and addresses."""
        settings = self.calls.settings
        told = {**variables(settings, spec, brokers=""), "QUANTOS_BUS": "memory://measured"}
        if spec.name != RESIZE:
            return told
        place = f"&endpoint=http://127.0.0.1:{AWS_PORT}&s3ForcePathStyle=true"
        path = f"{STAND_IN}/bin:/opt/bin:/usr/local/bin:/usr/bin:/bin"
        return {**told, "PATH": path, "PULUMI_BACKEND_URL": told["PULUMI_BACKEND_URL"] + place}

    def readable(self, spec: FunctionSpec) -> Mapping[str, Path]:
        """What a function may read of this machine."""
        if spec.name != RESIZE:
            return {}
        return {
            f"{STAND_IN}/bin": self.plugin,
            f"{STAND_IN}/source/sandbox": ROOT / "sandbox",
            f"{STAND_IN}/store.json": self.store,
        }


@contextmanager
def function_account(folder: Path) -> Iterator[FunctionAccount]:
    """Bring the environment up in a sandbox in `folder`, which lasts as long as the block; about a minute.

    Raises:
        QuantosError: the sandbox does not start, or the capacity stack does not come up.
    """
    settings = committed_settings()
    with own_sandbox(folder / "state") as sandbox:
        names, url = settings.names(), sandbox.endpoint_url
        os.environ["PULUMI_BACKEND_URL"] = (
            f"s3://{names.state_bucket}?region={settings.region}&endpoint={url}&s3ForcePathStyle=true"
        )
        os.environ["PULUMI_SECRETS_PROVIDER"] = f"awskms://{names.state_key}?region={settings.region}"
        _make(settings)
        make_small_environment(settings, project_dir=sandbox.project_dir, folder=folder / "packs")
        S3StrategyRegistry(PlansBucket(boto3.client("s3"), names.bucket("plans"))).replace(
            StrategyBook(strategies=(make_strategy(series=SERIES),))
        )
        plugin, store = folder / "plugin", Path(sandbox.environ()["QUANTOS_SANDBOX_STORE"])
        plugin.mkdir()
        (plugin / "pulumi-resource-aws").write_text(_PLUGIN, encoding="utf-8")
        (plugin / "pulumi-resource-aws").chmod(0o755)
        store.touch()
        port = urlsplit(url).port
        assert port is not None
        calls = Calls(settings=settings, endpoint_url=url, now=datetime.now(tz=UTC))
        yield FunctionAccount(calls=calls, port=port, plugin=plugin, store=store)


def _make(settings: EnvironmentSettings) -> None:
    """What other layers than the capacity layer would make."""
    names = settings.names()
    for table in (names.demand_table, names.audit_table, names.orchestration_table):
        boto3.client("dynamodb").create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
    s3, kms = boto3.client("s3"), boto3.client("kms")
    for purpose in ("audit", "artifacts", "lake", "state"):
        s3.create_bucket(Bucket=names.bucket(purpose), ObjectLockEnabledForBucket=purpose == "audit")
    kms.create_alias(AliasName=names.state_key, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])

"""What the function that runs the engine asks of AWS, engine and provider included, held against its role, both ways.

The engine's state lies on S3 here and its secrets under a KMS key, as on an account: every request of every process
goes by a proxy that writes it down.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import boto3
import pytest

from components.aws.iam.statements import policy_document
from lambdas import runtime
from lambdas.resize.handler import handler
from quantos.capacity.resize.ports import Switch
from quantos.catalog.catalog import load_catalog
from quantos.clock import utc_now
from quantos.contracts import topics
from quantos.contracts.plan import ScalingPlan, StrategyCost
from quantos.environment import functions
from quantos.environment.functions import function_table, topic_partitions
from quantos.messaging.adapters.memory import MemoryBus
from quantos.messaging.adapters.record import StoredRecord
from sandbox.events.events import Account, local_context, msk_event
from sandbox.lifecycle import Sandbox
from stacks.function_access import statements
from tests.support.granted_calls import (
    ACCOUNT,
    DECRYPTING,
    NEVER_A_CALL_OF_A_FUNCTION,
    Need,
    Request,
    Statement,
    granted,
    needs,
    unused,
)
from tests.support.plan_cases import NOW
from tests.support.recording_proxy import recording_proxy
from tests.support.small_environment import SmallEnvironment, make_small_environment, unhurried

pytestmark = pytest.mark.engine

MSK = f"arn:aws:kafka:us-east-1:{ACCOUNT}:cluster/quantos-dev/1f2e-7"
DATA_KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/data"
PLACE = Account(environment="dev", account_id=ACCOUNT, region="us-east-1")

NOT_HERE = {
    **NEVER_A_CALL_OF_A_FUNCTION,
    "FollowUpdates": "the real provider waits for an update by looking it up; the stand-in's is done at once. Source: "
    "https://github.com/hashicorp/terraform-provider-aws, internal/service/eks/node_group.go",
    "UseStateKey kms:GenerateDataKey": "S3 encrypts each state with the key on the caller's behalf",
}


def topic_arn(topic: str) -> str:
    return f"{MSK.replace(':cluster/', ':topic/')}/{topic}"


@dataclass(frozen=True)
class Worked:
    """How the function's calls ended, and what was asked of AWS meanwhile."""

    statuses: list[str]
    requests: list[Request]
    aliases: dict[str, str]
    published: set[str]
    environment: SmallEnvironment

    def asked(self) -> list[Need]:
        called = [need for request in self.requests for need in needs(request, aliases=self.aliases)]
        return called + [Need("kafka-cluster:WriteData", topic_arn(topic)) for topic in self.published]

    def policy(self) -> list[Statement]:
        settings = self.environment.settings
        spec = next(spec for spec in function_table(settings) if spec.name == functions.RESIZE)
        signing = self.aliases[settings.names().plan_signing_key]
        declared = statements(
            settings,
            spec,
            data_key_arn=DATA_KEY,
            signing_key_arn=f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{signing}",
            msk_cluster_arn=MSK,
        )
        return json.loads(policy_document(declared))["Statement"]


def call(plans: Sequence[ScalingPlan]) -> list[str]:
    context = local_context("resize", account=PLACE, invocation=1, timeout_seconds=840).as_lambda_context()
    statuses: list[str] = []
    for plan in plans:
        record = StoredRecord(topics.CAPACITY_PLANS, 0, 0, 0, b"dev-capacity", plan.to_json())
        statuses += handler(msk_event((record,), account=PLACE, bootstrap_servers="b-1:9098"), context).values()
    return statuses


def work(environment: SmallEnvironment, requests: list[Request]) -> tuple[list[str], list[Request]]:
    """A plan applied, delivered again, refused, and paused: how each ended, and what was asked meanwhile."""
    dear = {"quotes": StrategyCost(usd_per_hour=9.0, ceiling_usd_per_hour=3.0)}
    at = NOW + timedelta(seconds=300)
    applied = environment.plan({"cpu": 6}, at=NOW)
    del requests[:]
    statuses = call([applied, applied])
    asked = list(requests)
    refused = environment.plan({"cpu": 8}, at=at, strategy_costs=dear)
    later = environment.plan({"cpu": 8}, at=at + timedelta(seconds=300))
    del requests[:]
    statuses += call([refused])
    asked += requests
    environment.switches.throw(environment.stack, Switch(paused=True, actor="ada", reason="test"))
    del requests[:]
    return statuses + call([later]), asked + requests


@pytest.fixture(scope="module")
def worked(module_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worked]:
    settings = unhurried()
    names = settings.names()
    with recording_proxy(module_sandbox.endpoint_url) as (url, requests), pytest.MonkeyPatch.context() as patch:
        for name, value in module_sandbox.environ().items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket=names.state_bucket)
        key = boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]
        boto3.client("kms").create_alias(AliasName=names.state_key, TargetKeyId=key)
        patch.setenv("AWS_ENDPOINT_URL", url)
        patch.setenv(
            "PULUMI_BACKEND_URL", f"s3://{names.state_bucket}?region=us-east-1&endpoint={url}&s3ForcePathStyle=true"
        )
        patch.setenv("PULUMI_SECRETS_PROVIDER", f"awskms://{names.state_key}?region=us-east-1")
        patch.delenv("PULUMI_CONFIG_PASSPHRASE")  # of stacks made by hand; an account's functions have none
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        environment = make_small_environment(
            settings, project_dir=module_sandbox.project_dir, folder=tmp_path_factory.mktemp("packs")
        )
        bus = MemoryBus(topic_partitions(), clock=lambda: NOW)
        at = NOW + timedelta(minutes=8)
        patch.setattr(runtime, "_used", [])
        runtime.use(runtime.Runtime(settings, load_catalog(), publisher=bus, clock=lambda: at, wall_clock=utc_now))
        statuses, asked = work(environment, requests)
        aliases = {
            found["AliasName"]: found["TargetKeyId"]
            for found in boto3.client("kms").list_aliases()["Aliases"]
            if "TargetKeyId" in found
        }
        aliases[DECRYPTING] = key
        published = {topic for topic in topic_partitions() if bus.records(topic)}
        yield Worked(statuses, asked, aliases, published, environment)


def test_the_robot_may_do_everything_that_it_does(worked: Worked) -> None:
    assert worked.statuses == ["applied", "applied", "blocked", "paused"]
    role = worked.policy()
    assert {(need.action, need.resource) for need in worked.asked() if not granted(role, need)} == set()


def test_the_robot_may_do_nothing_that_it_never_does(worked: Worked) -> None:
    left = unused(worked.policy(), worked.asked(), besides=NOT_HERE)
    assert left == {f"WriteTopics {topic_arn(topics.dead_letter(topics.CAPACITY_PLANS))}"}, "Lambda sets plans aside"

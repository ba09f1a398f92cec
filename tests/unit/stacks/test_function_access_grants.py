"""What functions ask of AWS while they do their work, held against what their roles allow, both ways.

The function that runs the engine is in `tests/engine/test_resize_grants.py`.
"""

import base64
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest

from components.aws.iam.statements import policy_document
from lambdas import runtime
from lambdas.anchor.handler import handler as anchor
from lambdas.api.handler import handler as api
from lambdas.audit.handler import handler as audit
from lambdas.forecast.handler import handler as forecast
from lambdas.forecast.handler import service as decisions
from lambdas.ingest.handler import handler as ingest
from lambdas.learn.handler import handler as learn
from quantos.audit.adapters.s3_chain import object_key
from quantos.capacity.adapters.s3_plans import floors_document
from quantos.catalog.catalog import load_catalog
from quantos.contracts import topics
from quantos.contracts.demand import DemandSample
from quantos.contracts.strategy import Session, StrategyBook
from quantos.environment import functions
from quantos.environment.functions import function_table
from quantos.messaging.adapters.memory import MemoryBus
from quantos.messaging.ports import Message
from sandbox.events.events import Account, local_context, msk_event, schedule_event
from stacks.function_access import statements
from tests.support import audit_fakes
from tests.support.audit_fakes import create_audit_aws, make_record
from tests.support.demand_cases import make_strategy
from tests.support.environments import make_settings
from tests.support.granted_calls import (
    ACCOUNT,
    NEVER_A_CALL_OF_A_FUNCTION,
    Need,
    Request,
    Statement,
    granted,
    needs,
    unused,
)
from tests.support.orchestrated_work import create_orchestration_aws, orchestrate
from tests.support.telemetry_account import telemetry_account

NOW = datetime(2026, 3, 3, 14, 32, 7, tzinfo=UTC)
SETTINGS = make_settings()
SPECS = {spec.name: spec for spec in function_table(SETTINGS)}
MSK = f"arn:aws:kafka:us-east-1:{ACCOUNT}:cluster/quantos-dev/1f2e-7"
DATA_KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/data"
PLACE = Account(environment="dev", account_id=ACCOUNT, region="us-east-1")


class Recorder:
    """What is asked of AWS and published, by the function that is at work."""

    def __init__(self) -> None:
        self.at_work = ""
        self.requests: dict[str, list[Request]] = defaultdict(list)
        self.published: dict[str, set[str]] = defaultdict(set)

    def before_send(self, request: AWSPreparedRequest, **_: object) -> None:
        headers = {key: value.decode() if isinstance(value, bytes) else value for key, value in request.headers.items()}
        body = request.body if isinstance(request.body, bytes) else b""
        self.requests[self.at_work].append(Request(request.method, request.url, headers, body))

    @contextmanager
    def of(self, function: str) -> Iterator[None]:
        before, self.at_work = self.at_work, function
        yield
        self.at_work = before


class RecordingBus(MemoryBus):
    recorder: Recorder

    def publish(self, messages: Sequence[Message]) -> None:
        self.recorder.published[self.recorder.at_work] |= {message.topic for message in messages}
        super().publish(messages)


def topic_arn(topic: str) -> str:
    return f"{MSK.replace(':cluster/', ':topic/')}/{topic}"


def policy(name: str, *, signing_key: str) -> list[Statement]:
    """The role's policy as the control layer declares it."""
    declared = statements(
        SETTINGS, SPECS[name], data_key_arn=DATA_KEY, signing_key_arn=signing_key, msk_cluster_arn=MSK
    )
    return json.loads(policy_document(declared))["Statement"]


def record(topic: str, value: bytes, *, offset: int) -> dict[str, object]:
    return {"topic": topic, "partition": 0, "offset": offset, "value": base64.b64encode(value).decode()}


def context(name: str):
    return local_context(name, account=PLACE, invocation=1, timeout_seconds=60).as_lambda_context()


def sample(series: str) -> bytes:
    moment = NOW - timedelta(minutes=5)
    known = {"known_at": moment.isoformat()} if series.startswith("signal/") else {}
    document = {"series": series, "time": moment.isoformat(), "source": "feed", "value": 1.0, **known}
    return json.dumps(document).encode()


def ask(key: str, path: str) -> dict[str, object]:
    return {
        "version": "2.0",
        "routeKey": key,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {},
        "requestContext": {
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "10.0.0.1", "userAgent": "t"},
            "requestId": "r",
            "routeKey": key,
            "stage": "$default",
            "authorizer": {"jwt": {"claims": {"sub": "ada"}, "scopes": ["capacity:read"]}},
        },
        "isBase64Encoded": False,
    }


def state_of_affairs() -> None:
    """Demand of a week, and a strategy on it."""
    session = Session(opens=time(13), closes=time(16))
    moments = [NOW - timedelta(minutes=5 * index) for index in range(1, 6 * 288)]
    decisions().history.add(
        [
            DemandSample(
                series="workload/orders", time=moment.replace(second=0), source="gw", value=400.0 + moment.minute
            )
            for moment in moments
            if session.is_open(moment, bin_seconds=300)
        ]
    )
    decisions().registry.replace(StrategyBook(strategies=(make_strategy(session=session),)))


def fall_behind() -> None:
    """A cold function finds an index that forgot how far it has got, as when its writer was killed."""
    runtime.use(replace(runtime.current()))
    chain = SETTINGS.names().audit_chain
    boto3.client("dynamodb", "us-east-1").delete_item(
        TableName=SETTINGS.names().audit_table, Key={"pk": {"S": f"head/{chain}"}, "sk": {"S": "-"}}
    )


def spoil(*, place: int) -> None:
    """Something that is no link takes a place of the chain, which goes on in its successor."""
    names = SETTINGS.names()
    boto3.client("s3", "us-east-1").put_object(
        Bucket=names.bucket("audit"), Key=object_key(names.audit_chain, place), Body=b"{}"
    )


def work(recorder: Recorder, bus: MemoryBus) -> None:
    """Every function does all it ever does: good and bad records, twice, plans, fits, answers."""
    with recorder.of(functions.INGEST):
        for topic in topics.TELEMETRY:
            series = f"{topic.removeprefix('telemetry.')}/x"
            records = [record(topic, value, offset=at) for at, value in enumerate((sample(series), b"poison"))]
            ingest({"records": {f"{topic}-0": records}}, context("ingest"))
    with recorder.of(functions.LEARN):
        learn(schedule_event("dev-capacity", NOW), context("learn"))
        for asked in bus.records(topics.CAPACITY_LEARNING):
            event = msk_event((asked,), account=PLACE, bootstrap_servers="b-1:9098")
            learn(event, context("learn"))
            learn(event, context("learn"))
    for moment in (NOW, NOW, NOW + timedelta(minutes=5)):
        with recorder.of(functions.FORECAST):
            answer = forecast(schedule_event("dev-capacity", moment), context("forecast"))
    with recorder.of(functions.AUDIT):
        good = make_record(1, chain=SETTINGS.names().audit_chain).to_json()
        records = [record(topics.AUDIT_RECORDS, value, offset=at) for at, value in enumerate((good, b"poison", good))]
        for _ in range(2):
            with recorder.of(""):
                fall_behind()
            audit({"records": {"audit.records-0": records}}, context("audit"))
        with recorder.of(functions.ANCHOR):
            anchor(schedule_event("dev-capacity", NOW - timedelta(hours=1)), context("anchor"))
        with recorder.of(""):
            spoil(place=2)
        more = make_record(2, chain=SETTINGS.names().audit_chain).to_json()
        audit({"records": {"audit.records-0": [record(topics.AUDIT_RECORDS, more, offset=3)]}}, context("audit"))
    with recorder.of(functions.ANCHOR):
        for moment in (NOW, NOW, NOW + timedelta(hours=1)):
            anchor(schedule_event("dev-capacity", moment), context("anchor"))
    with recorder.of(functions.API):
        for path in ("", f"/plans/{answer['plan_id']}", "/plans/none"):
            route = "GET /api/capacity/{stack}" + ("/plans/{plan_id}" if path else "")
            api(ask(route, f"/api/capacity/dev-capacity{path}"), context("api"))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Recorder, dict[str, str]]]:
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch, telemetry_account(patch, now=NOW) as made:
        names = SETTINGS.names()
        patch.setattr(audit_fakes, "BUCKET", names.bucket("audit"))
        patch.setattr(audit_fakes, "TABLE", names.audit_table)
        create_audit_aws()
        aliases = {
            found["AliasName"]: found["TargetKeyId"]
            for found in boto3.client("kms", "us-east-1").list_aliases()["Aliases"]
            if "TargetKeyId" in found
        }
        bus = RecordingBus({topic: made.partitions(topic) for topic in functions.topic_partitions()}, clock=lambda: NOW)
        bus.recorder = recorder
        runtime.use(
            runtime.Runtime(
                settings=SETTINGS, catalog=load_catalog(), publisher=bus, clock=lambda: NOW, wall_clock=lambda: NOW
            )
        )
        session = boto3.Session()
        session.events.register_first("before-send", recorder.before_send)
        patch.setattr(boto3, "DEFAULT_SESSION", session)
        state_of_affairs()
        floors = floors_document(SETTINGS, stack="dev-capacity")
        decisions().ledger.replace(floors, expected_version=None)
        work(recorder, bus)
        warehouse = tmp_path_factory.mktemp("warehouse")
        create_orchestration_aws(warehouse)
        orchestrate(recorder.of, warehouse=warehouse)
        yield recorder, aliases


def asked_for(recorder: Recorder, name: str, aliases: dict[str, str]) -> list[Need]:
    called = [need for request in recorder.requests[name] for need in needs(request, aliases=aliases)]
    return called + [Need("kafka-cluster:WriteData", topic_arn(topic)) for topic in recorder.published[name]]


RECORDED = [name for name in SPECS if name != functions.RESIZE]


@pytest.mark.parametrize("name", RECORDED)
def test_a_function_may_do_everything_that_it_does(recorded, name: str) -> None:
    recorder, aliases = recorded
    asked = asked_for(recorder, name, aliases)
    role = policy(name, signing_key=f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{aliases[SETTINGS.names().plan_signing_key]}")
    assert asked
    assert {(need.action, need.resource) for need in asked if not granted(role, need)} == set()


@pytest.mark.parametrize("name", RECORDED)
def test_a_function_may_do_nothing_that_it_never_does(recorded, name: str) -> None:
    recorder, aliases = recorded
    role = policy(name, signing_key=f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{aliases[SETTINGS.names().plan_signing_key]}")
    left = unused(role, asked_for(recorder, name, aliases), besides=NEVER_A_CALL_OF_A_FUNCTION)
    set_aside_by_lambda = {f"WriteTopics {topic_arn(stream.failure_topic)}" for stream in SPECS[name].streams}
    assert left - set_aside_by_lambda == set()

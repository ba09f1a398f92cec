"""Calls of every function, in the order in which a record passes through them, by which each does what it is for."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import boto3
from pydantic import JsonValue

from quantos.contracts import topics
from quantos.contracts.audit import AuditRecord
from quantos.contracts.base import Contract
from quantos.contracts.demand import DemandSample
from quantos.contracts.learning import LearningTask
from quantos.environment import functions
from quantos.environment.functions import HTTP_ROUTES
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.functions import FunctionName
from quantos.messaging.adapters.record import StoredRecord
from quantos.orchestration.adapters.messages import encode
from quantos.orchestration.protocol.rows import AttemptKey, Finished, RunKey, Started, Work
from sandbox.api.requests import HttpRequest, http_event, matched
from sandbox.events.events import Account, Event, msk_event, schedule_event
from tests.support.dags import stated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RUN: Final = RunKey("research", "measured")
NODE: Final = "first"
SERIES: Final = "workload/orders"
BATCH: Final = 500
"""As many records as the telemetry topics hand over at a time."""


@dataclass(frozen=True)
class Call:
    """One call of a function."""

    function: FunctionName
    event: Event


@dataclass(frozen=True, kw_only=True)
class Calls:
    """Calls by which every function does what it is there for, and a client of the account that they work on.

    `now` is the real time: containers have no other.
    """

    settings: EnvironmentSettings
    endpoint_url: str
    now: datetime

    @property
    def s3(self) -> "S3Client":
        """A client of the stand-in's buckets."""
        return self._session.client("s3", endpoint_url=self.endpoint_url)

    @property
    def _session(self) -> boto3.Session:
        return boto3.Session(
            region_name=self.settings.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def of(self, function: FunctionName) -> Iterator[Call]:
        """What a function is called with, one after the other; what others left is read when it is asked for."""
        made = {
            functions.INGEST: self._telemetry,
            functions.LEARN: self._learning,
            functions.FORECAST: self._schedule,
            functions.RESIZE: self._plans,
            functions.AUDIT: self._records,
            functions.ANCHOR: self._schedule,
            functions.SUBMIT: self._submission,
            functions.DISPATCH: self._work,
            functions.RUNS: self._ends,
            functions.SWEEP: self._schedule,
            functions.API: self._questions,
        }[function]
        for event in made():
            yield Call(function, event)

    @property
    def _stack(self) -> str:
        return self.settings.names().stack("capacity")

    def _telemetry(self) -> Iterator[Event]:
        """Every bin of the history, a wave a day, in full batches."""
        seconds = self.settings.decisions.bin_seconds
        end = int(self.now.timestamp()) // seconds * seconds
        count = self.settings.decisions.history_days * 86400 // seconds
        times = [datetime.fromtimestamp(end - seconds * back, tz=self.now.tzinfo) for back in range(count, 0, -1)]
        samples = [
            DemandSample(series=SERIES, time=time, source="gw-1", value=round(300 + 200 * _wave(time), 3))
            for time in times
        ]
        for first in range(0, len(samples), BATCH):
            yield self._batch(topics.TELEMETRY_WORKLOAD, samples[first : first + BATCH])

    def _learning(self) -> Iterator[Event]:
        task = LearningTask(stack=self._stack, day=self.now.date(), pools=("cpu",))
        yield self._batch(topics.CAPACITY_LEARNING, [task])

    def _schedule(self) -> Iterator[Event]:
        yield schedule_event(self._stack, self.now)

    def _plans(self) -> Iterator[Event]:
        """The plan that the forecast function made."""
        bucket = self.settings.names().bucket("plans")
        s3 = self.s3
        (key,) = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="plans/")["Contents"]]
        content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        yield self._event(topics.CAPACITY_PLANS, [content])

    def _records(self) -> Iterator[Event]:
        records = [
            AuditRecord(
                record_id=f"plan/{number:04d}", chain=self.settings.names().audit_chain, kind="plan",
                subject=self._stack, actor="forecast", occurred_at=self.now, body={"number": number},
            )
            for number in range(100)
        ]  # fmt: skip
        yield self._batch(topics.AUDIT_RECORDS, records)

    def _submission(self) -> Iterator[Event]:
        dag = stated([], nodes=[NODE])
        body = {"dag": dag, "params": {"submission_id": RUN.submission_id, "env": self.settings.name}}
        yield self._http("POST", "/api/orch/submit", json.dumps(body).encode())
        yield self._http("GET", f"/api/orch/status/{RUN.submission_id}")

    def _work(self) -> Iterator[Event]:
        yield self._event(topics.ORCH_JOBS, [encode(Work(RUN)).value])

    def _ends(self) -> Iterator[Event]:
        attempt, moment = AttemptKey(RUN, NODE, 1), int(self.now.timestamp() * 1000)
        ended = Finished(attempt, "cancelled", started_ms=moment, ended_ms=moment + 1)
        yield self._event(topics.ORCH_EVENTS, [encode(Started(attempt, moment)).value, encode(ended).value])

    def _questions(self) -> Iterator[Event]:
        yield self._http("GET", "/api/health")
        yield self._http("GET", f"/api/capacity/{self._stack}")

    def _batch(self, topic: str, documents: "list[DemandSample] | list[LearningTask] | list[AuditRecord]") -> Event:
        contracts: list[Contract] = list(documents)
        return self._event(topic, [document.to_json() for document in contracts])

    def _event(self, topic: str, values: list[bytes]) -> Event:
        moment = int(self.now.timestamp() * 1000)
        records = [
            StoredRecord(topic=topic, partition=0, offset=offset, timestamp_ms=moment, key=b"measured", value=value)
            for offset, value in enumerate(values)
        ]
        account = Account(
            environment=self.settings.name, account_id=self.settings.account_id, region=self.settings.region
        )
        return msk_event(records, account=account, bootstrap_servers="b-1:9098")

    def _http(self, method: str, target: str, body: bytes = b"") -> Event:
        headers = {"content-type": "application/json", "host": "api"}
        request = HttpRequest(method=method, target=target, headers=headers, body=body, source="127.0.0.1")
        match = matched(request, HTTP_ROUTES)
        assert match is not None
        claims: dict[str, JsonValue] = {
            "sub": "ada", "client_id": "ada", self.settings.api.team_claim: "research", "scope": match.route.scope,
        }  # fmt: skip
        return http_event(request, match, claims, request_id="measured", now=self.now)


def _wave(time: datetime) -> float:
    return math.sin(2 * math.pi * (time.timestamp() % 86400) / 86400)

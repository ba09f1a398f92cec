"""Composes what the functions of orchestration share: rows, bus, executor, switch, and the rules of the environment."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import boto3

from lambdas import runtime
from quantos.adapters.aws import making_clients
from quantos.adapters.control_clients import CONTROL_CONFIG
from quantos.capacity.adapters.stores import compose_switches
from quantos.capacity.resize.ports import SwitchStore
from quantos.contracts.audit import AuditRecord
from quantos.environment.settings.functions import FunctionName
from quantos.lake.ports import Lake
from quantos.orchestration.adapters.dynamo_rows import DynamoRows
from quantos.orchestration.adapters.otlp_http import OtlpHttp
from quantos.orchestration.adapters.rules import environment_rules
from quantos.orchestration.adapters.run_cleaner import RunCleaner
from quantos.orchestration.adapters.s3_lineage import S3Lineage
from quantos.orchestration.adapters.s3_objects import S3Objects, S3Specs
from quantos.orchestration.adapters.s3_statements import S3Admissions
from quantos.orchestration.adapters.topics import TopicExecutor, TopicSender
from quantos.orchestration.adapters.witness import RunWitness
from quantos.orchestration.demand.announcement import Announcement
from quantos.orchestration.demand.stretches import Market
from quantos.orchestration.evidence.transitions import moved
from quantos.orchestration.lineage.delivery import Delivery, Report
from quantos.orchestration.lineage.names import Naming, glue_tables
from quantos.orchestration.lineage.ports import LineageTransport
from quantos.orchestration.protocol.effects import Commit
from quantos.orchestration.protocol.rules import Rules
from quantos.orchestration.protocol.running import Surroundings
from quantos.orchestration.protocol.steps import Now
from quantos.orchestration.routing.market import market
from quantos.orchestration.routing.offers import Offer
from quantos.orchestration.sweeping import Clearing, Sweep


@dataclass(frozen=True)
class StackSwitch:
    """The kill switch of a stack, which pauses dispatch too."""

    switches: SwitchStore
    stack: str

    def paused(self) -> bool:
        """Whether it is thrown."""
        return self.switches.read(self.stack).paused


OTLP_VARIABLE: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""Where a collector takes spans; without it nothing is traced."""
LINEAGE_VARIABLE: Final = "QUANTOS_LINEAGE"
"""URLs of those who are sent events of lineage beside our own store, a blank between."""


@dataclass(frozen=True, kw_only=True)
class Composed:
    """What functions of orchestration run on."""

    current: runtime.Runtime
    rows: DynamoRows
    objects: S3Objects
    specs: S3Specs
    lineage: S3Lineage
    offers: tuple[Offer, ...]
    rules: Rules
    surroundings: Surroundings

    def now(self) -> Now:
        """The present moment, as handlers ask for it."""
        moment = self.current.clock()
        return Now(day=moment.date().isoformat(), milliseconds=round(moment.timestamp() * 1000))

    def sweep(self, left_seconds: Callable[[], float]) -> Sweep:
        """What goes over everything that is open, as far as the time reaches."""
        return Sweep(
            rows=self.rows,
            index=self.rows,
            surroundings=self.surroundings,
            rules=self.rules,
            now=self.now,
            left_seconds=left_seconds,
        )

    def clearing(self, left_seconds: Callable[[], float]) -> Clearing:
        """What removes what runs left whose ttl is over, as far as the time reaches."""
        return Clearing(index=self.rows, surroundings=self.surroundings, now=self.now, left_seconds=left_seconds)

    def announcement(self, left_seconds: Callable[[], float]) -> Announcement:
        """What tells capacity of the demand of runs, as far as the time reaches."""
        return Announcement(
            rows=self.rows,
            index=self.rows,
            market=Market(offers=self.offers, placed=self.rules.placed),
            publisher=self.current.publisher,
            decisions=self.current.settings.decisions,
            left_seconds=left_seconds,
        )


def _spans(environment: str) -> OtlpHttp | None:
    endpoint = os.environ.get(OTLP_VARIABLE, "")
    return OtlpHttp(endpoint=endpoint, environment=environment) if endpoint else None


def _transports() -> tuple[LineageTransport, ...]:
    urls = os.environ.get(LINEAGE_VARIABLE, "").split()
    if not urls:
        return ()
    from quantos.orchestration.adapters.lineage_transports import transport_from_url  # noqa: PLC0415  0.3 s to import

    return tuple(map(transport_from_url, urls))


def _witness(current: runtime.Runtime, rows: DynamoRows, objects: S3Objects, *, report: Report) -> RunWitness:
    settings, names = current.settings, current.settings.names()
    return RunWitness(
        rows=rows,
        specs=S3Specs(objects),
        admissions=S3Admissions(objects),
        objects=objects,
        bus=TopicSender(current.publisher),
        spans=_spans(settings.name),
        lineage=Delivery(store=S3Lineage(objects), transports=_transports(), report=report),
        naming=Naming(environment=settings.name, tables=glue_tables(names)),
        chain=names.audit_chain,
        clock=current.clock,
    )


def _cleaner(current: runtime.Runtime, objects: S3Objects) -> RunCleaner:
    @cache
    def lake() -> Lake:
        from quantos.orchestration.adapters.composition import environment_lake  # noqa: PLC0415  seconds to import

        return environment_lake(current.settings)

    return RunCleaner(
        objects=objects,
        specs=S3Specs(objects),
        admissions=S3Admissions(objects),
        results=current.settings.names().results_database,
        lake=lake,
    )


def compose(current: runtime.Runtime, *, function: FunctionName, report: Report) -> Composed:
    """What one function runs on; `report` hears of transports of lineage that fail."""
    settings = current.settings
    names = settings.names()
    with making_clients():
        dynamo = boto3.client("dynamodb", region_name=settings.region, config=CONTROL_CONFIG)
        s3 = boto3.client("s3", region_name=settings.region, config=CONTROL_CONFIG)
    rows = DynamoRows(client=dynamo, table=names.orchestration_table)
    objects = S3Objects(client=s3, bucket=names.bucket("artifacts"))
    offers = market(settings, current.catalog)

    def record(commit: Commit) -> AuditRecord | None:
        return moved(commit, actor=function, at=current.clock(), chain=names.audit_chain)

    surroundings = Surroundings(
        rows=rows,
        executor=TopicExecutor(current.publisher),
        bus=TopicSender(current.publisher),
        switch=StackSwitch(compose_switches(settings), names.stack("capacity")),
        witness=_witness(current, rows, objects, report=report),
        cleaner=_cleaner(current, objects),
        recorder=record,
    )
    return Composed(
        current=current,
        rows=rows,
        objects=objects,
        specs=S3Specs(objects),
        lineage=S3Lineage(objects),
        offers=offers,
        rules=environment_rules(settings, offers),
        surroundings=surroundings,
    )

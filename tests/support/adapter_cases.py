"""Every adapter that calls AWS, with a call of each of its public methods that succeeds on a fresh account."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import count

import boto3
from pulumi.automation import CommandError, CommandResult

from quantos.audit.adapters import composition as audit
from quantos.audit.adapters.direct import DirectAudit
from quantos.audit.adapters.s3_anchors import S3AnchorStore
from quantos.audit.adapters.s3_folder import S3Folder
from quantos.audit.chain import EMPTY, stored
from quantos.audit.ledger import AuditLedger
from quantos.capacity.adapters import daily_learning, decisions, stores
from quantos.capacity.adapters.eks_node_groups import EksNodeGroups
from quantos.capacity.adapters.kms_signer import KmsSigner
from quantos.capacity.adapters.s3_fits import S3Fits
from quantos.capacity.adapters.s3_plans import (
    PlansBucket,
    S3Outcomes,
    S3PlanArchive,
    S3PlanLedger,
    S3Records,
    S3StrategyRegistry,
)
from quantos.capacity.adapters.s3_windows import S3Windows
from quantos.capacity.demand.ports import FitKey
from quantos.catalog.adapters.price_list import AwsPriceList
from quantos.catalog.adapters.service_prices import AwsServicePrices, ServiceOffer
from quantos.catalog.adapters.spot_history import SpotHistory
from quantos.catalog.catalog import load_catalog
from quantos.contracts import topics
from quantos.contracts.audit import Anchor
from quantos.contracts.demand import DemandSample, SignalSample
from quantos.contracts.plan import ResizeOutcome
from quantos.contracts.strategy import StrategyBook
from quantos.deployment.adapters.state_check import ensure_loadable, unloadable
from quantos.deployment.adapters.state_files import S3StateFiles, state_files
from quantos.deployment.backend import S3Backend
from quantos.environment.functions import topic_partitions
from quantos.lake.adapters.composition import compose_lake
from quantos.messaging.adapters.memory import MemoryBus
from quantos.messaging.ports import Message
from quantos.orchestration.adapters.composition import compose_inputs, environment_lake
from quantos.orchestration.adapters.s3_objects import S3Objects
from quantos.telemetry.adapters import composition as telemetry
from quantos.telemetry.adapters.dynamo_history import DynamoDemandHistory
from quantos.telemetry.adapters.dynamo_signals import DynamoSignalHistory
from quantos.telemetry.adapters.hour_sets import HASH_KEY, RANGE_KEY, HourEntry, HourSets
from tests.support.audit_fakes import create_audit_aws, make_links, make_record
from tests.support.checkpoints import checkpoint
from tests.support.coordination_cases import compositions, coordination
from tests.support.environments import make_settings
from tests.support.faulty_aws import REGION, Call, create_table
from tests.support.lakes import lake_calls
from tests.support.orchestration_cases import orchestration
from tests.support.plan_cases import STACK, document, make_plan

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = FitKey("cpu", "1a2b", date(2026, 3, 2))
PRODUCT = {
    "product": {"attributes": {"instanceType": "c7i.large", "usagetype": "NatGateway-Hours"}},
    "terms": {"OnDemand": {"A": {"priceDimensions": {"B": {"unit": "Hrs", "pricePerUnit": {"USD": "0.1"}}}}}},
}
CANNED: Mapping[str, bytes] = {
    "GetProducts": json.dumps({"PriceList": [json.dumps(PRODUCT)]}).encode(),
    "DescribeSpotPriceHistory": b"<R><spotPriceHistorySet/></R>",
}
"""Answers of what moto does not have."""


def _bucket() -> PlansBucket:
    client = boto3.client("s3", REGION)
    client.create_bucket(Bucket="plans")
    return PlansBucket(client, "plans")


def _plans() -> dict[str, Call]:
    bucket, plan = _bucket(), make_plan()
    ledger = S3PlanLedger(bucket, make_settings(), STACK)
    archive, records, fits = S3PlanArchive(bucket), S3Records(bucket), S3Fits(bucket)
    outcomes = S3Outcomes(bucket)
    outcome = ResizeOutcome(stack=STACK, plan_id="id", sequence=1, status="applied", reason="", finished_at=NOW)
    registry, windows = S3StrategyRegistry(bucket), S3Windows(bucket)
    bucket.put("key", b"{}")
    archive.put(plan)
    outcomes.put(outcome)
    ledger.replace(document(), expected_version=None)
    sequences = count(1)
    return {
        "capacity.s3_plans:PlansBucket.get": lambda: bucket.get("key"),
        "capacity.s3_plans:PlansBucket.put": lambda: bucket.put("key", b"{}"),
        "capacity.s3_plans:PlansBucket.replace": lambda: bucket.replace("new", b"{}", expected_etag=None),
        "capacity.s3_plans:PlansBucket.keys": lambda: bucket.keys("", limit=3),
        "capacity.s3_plans:S3PlanLedger.current": ledger.current,
        "capacity.s3_plans:S3PlanLedger.replace": lambda: ledger.replace(
            document(sequence=next(sequences)), expected_version=ledger.current().version
        ),
        "capacity.s3_plans:S3PlanArchive.put": lambda: archive.put(plan),
        "capacity.s3_plans:S3PlanArchive.get": lambda: archive.get(plan.plan_id),
        "capacity.s3_plans:S3Outcomes.put": lambda: outcomes.put(outcome),
        "capacity.s3_plans:S3Outcomes.get": lambda: outcomes.get(outcome.plan_id),
        "capacity.s3_plans:S3Records.put": lambda: records.put("id", b"x"),
        "capacity.s3_plans:S3Records.get": lambda: records.get("id"),
        "capacity.s3_plans:S3StrategyRegistry.read": registry.read,
        "capacity.s3_plans:S3StrategyRegistry.standing": registry.standing,
        "capacity.s3_plans:S3StrategyRegistry.change": lambda: registry.change(registry.standing(), StrategyBook()),
        "capacity.s3_plans:S3StrategyRegistry.replace": lambda: registry.replace(StrategyBook()),
        "capacity.s3_fits:S3Fits.get": lambda: fits.get(KEY),
        "capacity.s3_fits:S3Fits.put": lambda: fits.put(KEY, b"{}"),
        "capacity.s3_fits:S3Fits.days": lambda: fits.days(KEY, since=date(2026, 2, 1)),
        "capacity.s3_windows:S3Windows.get": lambda: windows.get("w"),
        "capacity.s3_windows:S3Windows.put": lambda: windows.put("w", b"x"),
    }


def _kms() -> dict[str, Call]:
    client = boto3.client("kms", REGION)
    key = client.create_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256")["KeyMetadata"]["KeyId"]
    signer = KmsSigner(client, key)
    signature = signer.sign(b"plan")
    return {
        "capacity.kms_signer:KmsSigner.sign": lambda: signer.sign(b"plan"),
        "capacity.kms_signer:KmsSigner.verify": lambda: signer.verify(b"plan", signature=signature),
    }


def _eks() -> dict[str, Call]:
    client = boto3.client("eks", REGION)
    client.create_cluster(name="c", roleArn="arn:aws:iam::123456789012:role/c", resourcesVpcConfig={"subnetIds": []})
    client.create_nodegroup(
        clusterName="c",
        nodegroupName="cpu",
        subnets=["subnet-1"],
        nodeRole="arn:aws:iam::123456789012:role/n",
        scalingConfig={"minSize": 1, "maxSize": 3, "desiredSize": 1},
        tags={"pool": "cpu"},
    )
    groups = EksNodeGroups(client, "c", frozenset({"cpu"}))
    return {
        "capacity.eks_node_groups:EksNodeGroups.single_sizes": groups.single_sizes,
        "capacity.eks_node_groups:EksNodeGroups.sizes": groups.sizes,
        "capacity.eks_node_groups:EksNodeGroups.names": groups.names,
    }


def _audit() -> dict[str, Call]:
    store, index = create_audit_aws()
    links = make_links(3)
    indexed = [stored(link) for link in links]
    direct = DirectAudit(AuditLedger(store=store, index=index, chain="dev"))
    numbers = count(9)
    for link in links:
        store.put(link)
    anchors, folder = S3AnchorStore(store.client, store.bucket), S3Folder(store.client, store.bucket)
    anchor = Anchor(chain="dev", sequence=3, digest=links[2].digest, hour=NOW)
    anchors.put(anchor)
    return {
        "audit.direct:DirectAudit.publish": lambda: direct.publish(
            [Message(topics.AUDIT_RECORDS, key="dev", value=make_record(next(numbers)).to_json())]
        ),
        "audit.s3_chain:S3ChainStore.put": lambda: store.put(links[0]),
        "audit.s3_chain:S3ChainStore.head": lambda: store.head("dev"),
        "audit.s3_chain:S3ChainStore.links": lambda: list(store.links("dev")),
        "audit.s3_chain:S3ChainStore.objects": lambda: list(store.objects("dev")),
        "audit.s3_chain:S3ChainStore.contents": lambda: list(store.contents("dev")),
        "audit.s3_chain:S3ChainStore.generations": lambda: store.generations("dev"),
        "audit.s3_anchors:S3AnchorStore.put": lambda: anchors.put(anchor),
        "audit.s3_anchors:S3AnchorStore.newest": lambda: anchors.newest("dev", since=NOW),
        "audit.s3_anchors:S3AnchorStore.objects": lambda: list(anchors.objects("dev")),
        "audit.s3_folder:S3Folder.put_once": lambda: folder.put_once("dev/x", b"{}"),
        "audit.s3_folder:S3Folder.read": lambda: folder.read("dev/000000000001"),
        "audit.s3_folder:S3Folder.keys": lambda: folder.keys("dev/"),
        "audit.s3_folder:S3Folder.folders": lambda: folder.folders("dev"),
        "audit.s3_folder:S3Folder.objects": lambda: list(folder.objects("dev/")),
        "audit.dynamo_index:DynamoChainIndex.head": lambda: index.head("dev"),
        "audit.dynamo_index:DynamoChainIndex.extend": lambda: index.extend(indexed, after=EMPTY),
        "audit.dynamo_index:DynamoChainIndex.find": lambda: index.find("dev", ["plan/0001"]),
        "audit.dynamo_index:DynamoChainIndex.places": lambda: list(index.places("dev")),
        "audit.dynamo_index:DynamoChainIndex.about": lambda: index.about("dev", "dev-capacity"),
    }


def _telemetry() -> dict[str, Call]:
    create_table("telemetry", HASH_KEY, RANGE_KEY)
    sets = HourSets(client=boto3.client("dynamodb", REGION), table="telemetry", retention=timedelta(days=42))
    history, signals = DynamoDemandHistory(sets), DynamoSignalHistory(sets)
    sample = DemandSample(series="workload/x", time=NOW, source="a", value=1.0)
    signal = SignalSample(series="signal/x", time=NOW, known_at=NOW, source="a", value=1.0)
    entry = HourEntry.at("workload/x", NOW, text="a|1.0")
    return {
        "telemetry.hour_sets:HourSets.add": lambda: sets.add([entry]),
        "telemetry.hour_sets:HourSets.read": lambda: list(sets.read(["workload/x"], start=NOW, end=NOW + HOUR)),
        "telemetry.dynamo_history:DynamoDemandHistory.add": lambda: history.add([sample]),
        "telemetry.dynamo_history:DynamoDemandHistory.samples": lambda: history.samples(
            ["workload/x"], start=NOW, end=NOW + HOUR
        ),
        "telemetry.dynamo_signals:DynamoSignalHistory.add": lambda: signals.add([signal]),
        "telemetry.dynamo_signals:DynamoSignalHistory.became_known": lambda: signals.became_known(
            ["signal/x"], start=NOW, end=NOW + HOUR
        ),
    }


def _prices() -> dict[str, Call]:
    pricing = boto3.client("pricing", REGION)
    spot = SpotHistory(boto3.client("ec2", REGION))
    offer = ServiceOffer(item="nat", service_code="X", usage_type="NatGateway-Hours", times=1.0, attributes={})
    return {
        "catalog.price_list:AwsPriceList.usd_per_hour": lambda: AwsPriceList(pricing).usd_per_hour(REGION),
        "catalog.service_prices:AwsServicePrices.usd": lambda: AwsServicePrices(pricing).usd(REGION, offer),
        "catalog.spot_history:SpotHistory.dearest_usd_per_hour": lambda: spot.dearest_usd_per_hour(
            ["c7i.large"], start=NOW, end=NOW + HOUR
        ),
    }


def _states() -> dict[str, Call]:
    client = boto3.client("s3", REGION)
    client.create_bucket(Bucket="state")
    client.put_bucket_versioning(Bucket="state", VersioningConfiguration={"Status": "Enabled"})
    key, url = f".pulumi/stacks/quantos/{STACK}.json", f"s3://state?region={REGION}"
    for name, content in {".pulumi/meta.yaml": b"version: 1\n", f"{key}.bak": checkpoint(), key: checkpoint()}.items():
        client.put_object(Bucket="state", Key=name, Body=content)
    files, moments = S3StateFiles(client, S3Backend("state", "")), count(1)
    (version,) = files.versions(STACK)

    def replace() -> str | None:
        now = NOW + timedelta(seconds=next(moments))
        return files.replace(STACK, checkpoint(), stored=files.current(STACK), now=now)

    failed = CommandError(CommandResult(stdout="", stderr="error: failed to load checkpoint: EOF", code=1))
    return {
        "deployment.state_files:S3StateFiles.current": lambda: files.current(STACK),
        "deployment.state_files:S3StateFiles.damage": lambda: files.damage(STACK),
        "deployment.state_files:S3StateFiles.updated_before": lambda: files.updated_before(STACK),
        "deployment.state_files:S3StateFiles.versions": lambda: files.versions(STACK),
        "deployment.state_files:S3StateFiles.content": lambda: files.content(version),
        "deployment.state_files:S3StateFiles.replace": replace,
        "deployment.state_check:ensure_loadable": lambda: ensure_loadable(url, STACK),
        "deployment.state_check:unloadable": lambda: unloadable(failed, url=url, stack=STACK),
    }


def _compositions() -> dict[str, Call]:
    """What makes clients; nothing of it asks AWS."""
    settings, catalog, bus = make_settings(), load_catalog(), MemoryBus(topic_partitions())
    objects = S3Objects(boto3.client("s3", REGION), "artifacts")
    return {
        **compositions(),
        "audit.composition:compose_store": lambda: audit.compose_store(settings),
        "audit.composition:compose_index": lambda: audit.compose_index(settings),
        "audit.composition:compose_ledger": lambda: audit.compose_ledger(settings),
        "audit.composition:compose_anchors": lambda: audit.compose_anchors(settings),
        "audit.composition:compose_auditor": lambda: audit.compose_auditor(settings),
        "audit.composition:compose_anchoring": lambda: audit.compose_anchoring(settings),
        "audit.composition:compose_intake": lambda: audit.compose_intake(settings, publisher=bus),
        "capacity.daily_learning:compose_learning": lambda: daily_learning.compose_learning(
            settings, catalog=catalog, publisher=bus, clock=lambda: NOW
        ),
        "capacity.decisions:compose_decisions": lambda: decisions.compose_decisions(
            settings, catalog=catalog, publisher=bus
        ),
        "capacity.decisions:compose_replayer": lambda: decisions.compose_replayer(settings, catalog=catalog),
        "capacity.stores:compose_groups": lambda: stores.compose_groups(settings),
        "capacity.stores:compose_bucket": lambda: stores.compose_bucket(settings),
        "capacity.stores:compose_plan_ledger": lambda: stores.compose_plan_ledger(settings),
        "capacity.stores:compose_reader": lambda: stores.compose_reader(settings),
        "capacity.stores:compose_signer": lambda: stores.compose_signer(settings),
        "deployment.state_files:state_files": lambda: state_files("s3://state"),
        "capacity.stores:compose_switches": lambda: stores.compose_switches(settings),
        "capacity.stores:compose_floors": lambda: stores.compose_floors(settings),
        "capacity.stores:compose_leases": lambda: stores.compose_leases(settings),
        "lake.composition:compose_lake": lambda: compose_lake(settings),
        "orchestration.composition:environment_lake": lambda: environment_lake(settings),
        "orchestration.composition:compose_inputs": lambda: compose_inputs(settings, objects, clock=lambda: NOW),
        "telemetry.composition:compose_history": lambda: telemetry.compose_history(settings),
        "telemetry.composition:compose_signals": lambda: telemetry.compose_signals(settings),
        "telemetry.composition:compose_intake": lambda: telemetry.compose_intake(
            settings, publisher=bus, clock=lambda: NOW
        ),
    }


CALLING: Mapping[str, Callable[[], dict[str, Call]]] = {
    "plans": _plans,
    "signatures": _kms,
    "node groups": _eks,
    "audit": _audit,
    "telemetry": _telemetry,
    "prices": _prices,
    "coordination": coordination,
    "submissions": orchestration,
    "lake": lake_calls,
    "states": _states,
}
"""Adapters that call AWS, by what they hold: each makes its part of an account and the calls to try on it."""

COMPOSING = _compositions

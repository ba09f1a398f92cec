"""No exception of an SDK leaves an adapter: every public call of every adapter ends well or in an error of the tree."""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import boto3
import pytest

import quantos
from quantos.errors import QuantosError, SettingsError
from tests.support.adapter_cases import CALLING, CANNED, COMPOSING, Call
from tests.support.broken_places import BROKEN
from tests.support.faulty_aws import MAY_PASS, ON_THE_WAY, RAISED, REFUSALS, RETRYABLE_CODES, Fault, Wire, faulty_aws

CHAINED = {"audit.direct:DirectAudit.publish"}
"""Calls of other adapters' calls, each made by what the one before answered: only their first request fails here."""
CONFIRMED = {
    "capacity.s3_plans:S3PlanLedger.replace",
    "capacity.s3_plans:S3StrategyRegistry.change",
    "lake.iceberg:IcebergLake.append",
    "lake.iceberg:IcebergLake.create",
}
"""Writes that look at what stands when they are not answered: moto makes them, whatever is answered in its place."""
UNMISTAKABLE = {name: fault for name, fault in ON_THE_WAY.items() if name not in MAY_PASS}


def complaints(name: str, call: Call, *, fault: str, may_pass: bool = False) -> Iterator[str]:
    """What is wrong with how a call ended that met a fault."""
    try:
        call()
    except QuantosError as error:
        if not (error.what and error.remedy):
            yield f"{name}, {fault}: {error!r} has no reason or no remedy"
        if fault in REFUSALS and error.retryable != (fault in RETRYABLE_CODES):
            yield f"{name}, {fault}: retryable is {error.retryable}"
    except Exception as error:
        yield f"{name}, {fault}: {type(error).__name__} left the adapter: {error}"
    else:
        if not may_pass:
            yield f"{name}, {fault}: passed over in silence"


def at_every_request(wire: Wire, name: str, call: Call, faults: Mapping[str, Fault]) -> Iterator[str]:
    wire.arm(None)
    call()
    requests = 1 if name in CHAINED else wire.seen
    assert requests, f"{name} asks AWS nothing"
    for failing in range(1, requests + 1):
        for fault, happens in faults.items():
            wire.arm(happens, failing=failing)
            yield from complaints(name, call, fault=fault, may_pass=fault in MAY_PASS or name in CONFIRMED)
    wire.arm(None)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    with faulty_aws(monkeypatch) as found:
        found.canned.update(CANNED)
        yield found


@pytest.mark.parametrize("holding", CALLING)
def test_what_aws_refuses_and_what_breaks_on_the_way_is_an_error_of_the_tree(wire: Wire, holding: str) -> None:
    wrong = [
        found
        for name, call in CALLING[holding]().items()
        for found in at_every_request(
            wire, name, call, {**(UNMISTAKABLE if name in CHAINED else ON_THE_WAY), **REFUSALS}
        )
    ]
    assert wrong == []


@pytest.mark.parametrize("holding", CALLING)
def test_every_exception_class_of_the_sdk_is_an_error_of_the_tree(wire: Wire, holding: str) -> None:
    calls = CALLING[holding]()
    wrong: list[str] = []
    for name, call in calls.items():
        for fault, happens in RAISED.items():
            wire.arm(happens)
            wrong += complaints(name, call, fault=fault)
    assert wrong == []


def no_profile(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")


def no_endpoint(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")


def damaged_configuration(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "config").write_text("[profile\nx", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))


@pytest.mark.parametrize("break_it", [no_profile, no_endpoint, damaged_configuration])
def test_a_process_whose_aws_settings_are_no_good_is_told_so(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, break_it: Callable[[pytest.MonkeyPatch, Path], None]
) -> None:
    calls = COMPOSING()
    break_it(monkeypatch, tmp_path)
    for name, call in calls.items():
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        with pytest.raises(SettingsError, match="no client of AWS can be made"):
            call()
        assert name


@pytest.mark.parametrize("place", BROKEN)
def test_files_programs_and_brokers_that_are_no_good_are_errors_of_the_tree(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    wrong = [
        found
        for name, call in BROKEN[place](tmp_path, monkeypatch).items()
        for found in complaints(name, call, fault=place)
    ]
    assert wrong == []


ASKS_NOBODY = {
    "audit.s3_chain:object_key": "puts a name together",
    "capacity.composition:ComposedResizer": "is composed of what is composed elsewhere",
    "capacity.composition:ComposedResizer.resizer": "keeps a moment",
    "capacity.composition:compose_engine": "keeps its arguments; `render_joint_pack` writes",
    "capacity.engine_credentials:session_policy": "makes a text",
    "deployment.processes:LocalProcesses.gone": "reads /proc, where what cannot be read has ended",
    "deployment.processes:LocalProcesses.me": "reads /proc",
    "deployment.processes:descendants": "reads /proc, where what cannot be read has ended",
    "deployment.processes:mark": "reads /proc",
    "deployment.processes:start_time": "reads /proc, where what cannot be read has ended",
    "deployment.processes:this_host": "reads /proc, or asks for the host's name",
    "deployment.pulumi_command:SupervisedCommand.run": "is the Automation API's own; PulumiEngine and LayerStacks"
    " translate",
    "deployment.engine_failure:last_line": "reads an exception",
    "capacity.pulumi_engine:measured": "calls with_standing",
    "charts.helm:Helm.serving": "keeps its arguments",
    "dynamo:read_items": "tried by the adapters that call it, whose errors they make of what it raises",
    "charts.recorder:plausible_output": "makes a text",
    "operations.bring_up:bring_up": "calls other adapters' calls under a lease",
    "operations.bring_up:leased": "calls other adapters' calls",
    "operations.bring_up:person": "asks the system who it is",
    "operations.bring_up:take_down": "calls other adapters' calls under a lease",
    "operations.restore:put_back": "calls other adapters' calls under a lease",
    "operations.restore:strangers": "calls other adapters' calls",
    "s3:put_once": "tried by the adapters that call it, whose errors they make of what it raises",
    "aws:error_code": "reads an exception",
    "aws:making_clients": "is the translation itself",
    "deployment.layers:LayerRun.changed": "counts",
    "deployment.pulumi_stack:QuietStack": "is the Automation API's own class; LayerStacks and PulumiEngine translate",
    "deployment.pulumi_stack:QuietStack.preview_under_packs": "see QuietStack",
    "deployment.pulumi_stack:QuietStack.info": "see QuietStack",
    "deployment.pulumi_stack:QuietStack.outputs": "see QuietStack",
    "deployment.pulumi_stack:QuietStack.read_back": "see QuietStack",
    "deployment.pulumi_stack:QuietStack.take_down": "see QuietStack",
    "deployment.pulumi_stack:QuietStack.update": "see QuietStack",
    "deployment.stack_access:StackAccess.operating": "see LayerStacks and PulumiEngine, which run under it",
    "deployment.stack_access:StackAccess.selected": "see LayerStacks.handle and PulumiEngine",
    "deployment.state_files:FileStateFiles.stacks": "lists folders, and finds nothing in what is none",
    "deployment.state_files:FileStateFiles.updated_before": "lists a folder, and finds nothing in what is none",
    "deployment.state_files:FileStateFiles.versions": "lists folders, and finds nothing in what is none",
    "deployment.pulumi_events:EventLog.add": "reads an event",
    "deployment.pulumi_events:EventLog.run": "puts together what was read",
    "orchestration.messages:encode": "makes a record",
    "orchestration.messages:decode": "reads a record",
    "orchestration.rules:environment_rules": "reads settings",
    "orchestration.rules:daily_budget": "reads settings",
    "orchestration.rules:credit_terms": "reads settings",
    "orchestration.rules:most_of_a_day": "reads settings",
    "orchestration.topics:TopicExecutor.acknowledge": "publishes, by a publisher that translates",
    "orchestration.topics:TopicExecutor.create": "publishes, by a publisher that translates",
    "orchestration.topics:TopicExecutor.stop": "publishes, by a publisher that translates",
    "orchestration.topics:TopicSender.send": "publishes, by a publisher that translates",
    "orchestration.witness:RunWitness.tell": "calls other adapters' calls",
    "orchestration.run_cleaner:RunCleaner.clear": "calls other adapters' calls",
    **{
        f"orchestration.kubernetes_{call}": "tried on a real API server by tests/services/test_cluster_runs.py"
        for call in (
            *(f"runs:KubernetesRuns.{verb}" for verb in ("end", "free", "lift", "make", "remove", "standing")),
            *(f"watch:Watched.{verb}" for verb in ("objects", "start", "stop")),
        )
    },
    **{
        f"orchestration.row_ledger:RowLedger.{call}": "reads rows, of a store that translates"
        for call in ("node", "nodes", "submission")
    },
    "orchestration.s3_logs:end_key": "puts a name together",
    "orchestration.s3_logs:part_key": "puts a name together",
    "capacity.s3_plans:floors_document": "makes a document of settings",
    "messaging.kafka:KafkaCluster.client_settings": "makes a dictionary",
    **{
        f"messaging.kafka_consumer:KafkaConsumer{call}": "tried on a real broker by test_services_broker.py"
        for call in ("", ".close", ".commit", ".read")
    },
    "messaging.kafka_consumer:stored_record": "reads a message",
    "messaging.kafka:KafkaPublisher": "keeps its arguments",
    "messaging.memory:MemoryBus": "is in memory",
    "messaging.memory:MemoryBus.commit": "is in memory, and notes an offset of any topic",
    "messaging.memory:MemoryBus.committed": "is in memory, and knows 0 of any topic",
    "messaging.memory:discard_memory_bus": "is in memory",
    "messaging.memory:memory_bus": "is in memory",
    "messaging.record:partition_of": "computes",
    "pull_request.engine_record:EngineRecord.add": "reads an event",
    "pull_request.engine_record:EngineRecord.changed_outputs": "compares",
    "pull_request.stack_state:declared_places": "reads what it is given",
    "telemetry.hour_sets:HourEntry.at": "computes",
    "telemetry.hour_sets:HourEntry.moment": "computes",
    "telemetry.hour_sets:HourEntry.place": "computes",
}
"""What an adapter has that calls nothing outside the process, each with the reason."""


def public_calls() -> set[str]:
    """`<domain>.<module>:<name>` of every function, method and constructor of every adapter.

    `operations` composes adapters and is held to the same contract.
    """
    calls: set[str] = set()
    for module in pkgutil.walk_packages(quantos.__path__, "quantos."):
        if ".adapters." in module.name or module.name.startswith("quantos.operations."):
            short = module.name.removeprefix("quantos.").replace(".adapters.", ".").removeprefix("adapters.")
            loaded = importlib.import_module(module.name)
            names = {name: each for name, each in vars(loaded).items() if _is_own(name, each, module.name)}
            calls |= {f"{short}:{call}" for name, each in names.items() for call in _calls(name, each)}
    return calls


def _is_own(name: str, found: object, module: str) -> bool:
    return not name.startswith("_") and callable(found) and getattr(found, "__module__", None) == module


def _calls(name: str, found: object) -> Iterator[str]:
    if not inspect.isclass(found):
        yield name
    elif not getattr(found, "_is_protocol", False):
        own = vars(found)
        if "__call__" in own or ("__init__" in own and not hasattr(found, "__dataclass_fields__")):
            yield name
        kinds = (staticmethod, classmethod, property, functools.cached_property)
        for method, each in vars(found).items():
            if not method.startswith("_") and (inspect.isfunction(each) or isinstance(each, kinds)):
                yield f"{name}.{method}"


def test_every_public_call_of_every_adapter_is_tried_or_says_why_it_need_not_be(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tried = {name for make in (*CALLING.values(), COMPOSING) for name in make()}
    for number, broken in enumerate(BROKEN.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        tried |= {name.partition(",")[0] for name in broken(folder, monkeypatch)}
    assert public_calls() - tried - set(ASKS_NOBODY) == set()
    assert (tried | set(ASKS_NOBODY)) - public_calls() == set()

"""Calls of the adapters that read files, start programs or speak to brokers, each made where something is wrong."""

import gzip
import os
import socket
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from quantos.capacity.adapters import code_version
from quantos.capacity.adapters.pulumi_engine import PulumiEngine
from quantos.capacity.resize.ports import EngineTerms
from quantos.catalog.adapters.service_prices import service_offers
from quantos.charts.adapters.folder import ChartsFolder
from quantos.charts.adapters.helm import Helm
from quantos.charts.adapters.helm_yaml import documents
from quantos.charts.adapters.manifests import write_manifests
from quantos.charts.adapters.recorder import ProgramTarget, recorded
from quantos.charts.chart import Chart
from quantos.charts.documents import Recorded, Release
from quantos.deployment.adapters.backend_locks import FileLocks
from quantos.deployment.adapters.layers import LayerStacks
from quantos.deployment.adapters.pulumi_command import SupervisedCommand
from quantos.deployment.adapters.state_files import FileStateFiles
from quantos.deployment.changes import EngineRun
from quantos.deployment.locks import BackendLock
from quantos.deployment.state_versions import StateVersion, StoredState
from quantos.deployment.stop_order import StopOrder
from quantos.errors import EngineError
from quantos.messaging.adapters.kafka import KafkaCluster, KafkaPublisher, create_topics
from quantos.messaging.adapters.memory import MemoryBus
from quantos.messaging.adapters.url import kafka_cluster, publisher_from_url
from quantos.messaging.ports import Message
from quantos.policy.adapters.packs import PolicyPack, render_joint_pack, render_packs, with_standing
from quantos.pull_request.adapters import pack_rules
from quantos.pull_request.adapters.judging_packs import judging
from quantos.pull_request.adapters.pack_rules import registered_rules
from quantos.pull_request.adapters.stack_state import resources_of
from tests.support.broken_senders import senders
from tests.support.charts_folder import charts_folder
from tests.support.environments import make_settings
from tests.support.faulty_aws import Call
from tests.support.lakes import broken_lakes
from tests.support.plan_cases import NOW, document

Broken = Callable[[Path, pytest.MonkeyPatch], Mapping[str, Call]]
PLACE = ProgramTarget(
    project="quantos", stack="dev-x", account_id="123456789012", region="us-east-1", domain="dev.example"
)
BROKER = Release(chart="broker", version="1.2.3", repository="", name="broker", namespace="bus", values={})
HELM = Helm(kubernetes_version="1.34.0")
NOT_UTF8 = b"\xff\xfe\x00"


def _charts(folder: Path, file: str, content: bytes) -> ChartsFolder:
    root = charts_folder(folder / file.replace("/", "-"), whole=True)
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return ChartsFolder(root)


def chart_folders(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Call]:
    a_file = folder / "file"
    a_file.write_bytes(b"")
    damaged = {
        "broker/Chart.yaml": (b"a: [", NOT_UTF8),
        "broker/values.yaml": (b"a: [", NOT_UTF8),
        "broker/values.schema.json": (b"{", NOT_UTF8),
    }
    definitions = {
        "crds.json.gz": (
            b"",
            b"no gzip",
            gzip.compress(b"["),
            gzip.compress(b"[]" * 999)[:20],
            gzip.compress(NOT_UTF8),
        ),
        "broker/crds/one.yaml": (b"a: [", NOT_UTF8),
        "broker/charts/cache/crds/one.yml": (b"a: [", NOT_UTF8),
    }
    calls: dict[str, Call] = {
        "charts.folder:ChartsFolder, nothing": lambda: ChartsFolder(folder / "nothing"),
        "charts.folder:ChartsFolder, a file": lambda: ChartsFolder(a_file),
    }
    for file, contents in damaged.items():
        for number, content in enumerate(contents):
            calls[f"charts.folder:ChartsFolder.chart, {file} {number}"] = partial(
                lambda *args: _charts(*args).chart("broker"), folder / str(number), file, content
            )
    for file, contents in definitions.items():
        for number, content in enumerate(contents):
            charts = _charts(folder / str(number), file, content)
            calls[f"charts.folder:ChartsFolder.custom_resource_definitions, {file} {number}"] = partial(
                getattr, charts, "custom_resource_definitions"
            )
            calls[f"charts.folder:ChartsFolder.definitions, {file} {number}"] = partial(getattr, charts, "definitions")
    return calls


def rendering(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Call]:
    def broken(name: str, file: str, content: bytes) -> Chart:
        root = charts_folder(folder / name, whole=True)
        chart = ChartsFolder(root).chart("broker")
        assert chart is not None
        (root / "broker" / file).write_bytes(content)
        return chart

    def render(*args: object) -> object:
        return HELM.rendered(BROKER, broken(*args))

    def open_it(*args: object) -> object:
        with HELM.opened(BROKER, broken(*args)) as rendering:
            return rendering(BROKER.values)

    return {
        "charts.helm:Helm.rendered, template": partial(render, "a", "templates/bad.yaml", b"{{ .Values.x.y.z }}"),
        "charts.helm:Helm.rendered, chart": partial(render, "b", "Chart.yaml", b"a: ["),
        "charts.helm:Helm.rendered, text": partial(render, "c", "templates/bad.yaml", b"a: [\n"),
        "charts.helm:Helm.rendered, bytes": partial(render, "d", "templates/bad.yaml", NOT_UTF8 + b"{{"),
        "charts.helm:Helm.opened, chart": partial(open_it, "e", "Chart.yaml", b"a: ["),
        "charts.helm_yaml:documents": lambda: list(documents("a: [", name="one.yaml")),
    }


def writing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Call]:
    a_file = folder / "file"
    a_file.write_bytes(b"")
    settings, packs = make_settings(), Path("policy_packs")
    empty = Recorded(releases=(), objects=())
    return {
        "charts.manifests:write_manifests, file": lambda: write_manifests(empty, a_file, stack="dev-x"),
        "charts.manifests:write_manifests, below": lambda: write_manifests(empty, a_file / "x", stack="dev-x"),
        "policy.packs:render_packs": lambda: render_packs(settings, packs_root=packs, folder=a_file),
        "policy.packs:with_standing": lambda: with_standing(PolicyPack(path=packs, config=folder / "nothing"), {}),
        "policy.packs:render_joint_pack": lambda: render_joint_pack(settings, packs_root=packs, folder=a_file),
    }


def recording(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Call]:
    return {
        "charts.recorder:recorded, dies": lambda: recorded(partial(os._exit, 3), PLACE, below={}),
        "charts.recorder:recorded, below dies": lambda: recorded(print, PLACE, below={"a/b/c": partial(os._exit, 3)}),
        "charts.recorder:recorded, of no module": lambda: recorded(lambda: None, PLACE, below={}),
    }


def reading(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Call]:
    calls: dict[str, Call] = {
        "catalog.service_prices:service_offers": lambda: service_offers(folder / "nothing"),
        "capacity.code_version:code_version": code_version.code_version.__wrapped__,
    }
    monkeypatch.setattr(code_version, "LIBRARIES", ("a-library-that-is-not-installed",))
    for number, content in enumerate((b"", b"{", b"{}", NOT_UTF8)):
        backend = folder / str(number)
        states = backend / ".pulumi" / "stacks" / "quantos"
        states.mkdir(parents=True)
        (states / "dev-x.json").write_bytes(content)
        calls[f"pull_request.stack_state:resources_of, {content!r}"] = partial(resources_of, "dev-x", backend=backend)
    (folder / "5" / ".pulumi" / "stacks" / "quantos" / "dev-x.json").mkdir(parents=True)
    calls["pull_request.stack_state:resources_of, folder"] = partial(resources_of, "dev-x", backend=folder / "5")
    return calls


def states(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Call]:
    files, name = FileStateFiles(folder), "deployment.state_files:FileStateFiles"
    rooms = folder / ".pulumi" / "stacks" / "quantos"
    for taken in ("dev-x.json", "dev-y.json.attrs"):
        (rooms / taken).mkdir(parents=True)
    (folder / ".pulumi" / "meta.yaml").write_text("version: 1\n")
    gone = StateVersion(name="1", source="backup", written_at=datetime.now(tz=UTC), key="nothing")
    found = StoredState(key=".pulumi/stacks/quantos/dev-z.json/below", content=None, mark="")
    (rooms / "dev-z.json").write_bytes(b"")
    return {
        f"{name}.current": partial(files.current, "dev-x"),
        f"{name}.damage": partial(files.damage, "dev-y"),
        f"{name}.content": partial(files.content, gone),
        f"{name}.replace": partial(files.replace, "dev-w", b"", stored=found, now=datetime.now(tz=UTC)),
    }


def _executable(path: Path, script: str, *, mode: int = stat.S_IRWXU) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(mode)
    return path


def packs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Call]:
    monkeypatch.setattr(pack_rules, "ANSWER_SECONDS", 0.3)
    found = {
        "nothing": folder / "none" / "analyzer",
        "not a program": _executable(folder / "a" / "analyzer", "", mode=stat.S_IRUSR),
        "dies": _executable(folder / "b" / "analyzer", "echo no >&2; exit 1"),
        "babbles": _executable(folder / "c" / "analyzer", "echo hello; sleep 5"),
        "nobody there": _executable(folder / "d" / "analyzer", "echo 1; exec sleep 5"),
    }
    calls: dict[str, Call] = {}
    for name, path in found.items():
        calls[f"pull_request.pack_rules:registered_rules, {name}"] = partial(registered_rules, path, environment={})
        pack = PolicyPack(path=path, config=folder / "config.json")
        calls[f"pull_request.judging_packs:judging, {name}"] = partial(
            judging, [pack], folder=folder / "out", environment={}
        )
    return calls


def _closed_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def brokers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Call]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "nothing"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "nothing"))
    address = f"127.0.0.1:{_closed_port()}"
    clusters = {
        "nobody there": KafkaCluster(brokers=address),
        "no brokers": KafkaCluster(brokers="::::"),
    }
    message = Message("telemetry.market", key="k", value=b"v")
    calls: dict[str, Call] = {}
    for name, cluster in clusters.items():
        publisher = KafkaPublisher(cluster, timeout_seconds=0.5)
        calls[f"messaging.kafka:KafkaPublisher.publish, {name}"] = partial(publisher.publish, [message])
        calls[f"messaging.kafka:KafkaPublisher.publish, {name} again"] = partial(publisher.publish, [message])
        calls[f"messaging.kafka:create_topics, {name}"] = partial(
            create_topics, cluster, {"telemetry.market": 1}, replicas=1, timeout_seconds=0.5
        )
    unknown_to_aws = KafkaPublisher(KafkaCluster(brokers=address, iam_region="us-east-1"), timeout_seconds=0.5)
    calls["messaging.kafka:KafkaPublisher.publish, no credentials"] = partial(unknown_to_aws.publish, [message])
    odd = KafkaPublisher(KafkaCluster(brokers=address), timeout_seconds=0)
    calls["messaging.kafka:KafkaPublisher.publish, no time at all"] = partial(odd.publish, [message])
    bus = MemoryBus({"a": 1})
    unknown = Message("b", key="k", value=b"v")
    calls["messaging.memory:MemoryBus.publish"] = partial(bus.publish, [unknown])
    calls["messaging.memory:MemoryBus.partitions"] = partial(bus.partitions, "b")
    calls["messaging.memory:MemoryBus.end"] = partial(bus.end, "b", 0)
    calls["messaging.memory:MemoryBus.read"] = partial(bus.read, "b", 0, offset=0, limit=1)
    calls["messaging.memory:MemoryBus.records"] = partial(bus.records, "b")
    for url in ("kafka://[::1", "kafka://a:1,[", "memory://[x", "kafka+iam://a:x?region=1"):
        calls[f"messaging.url:publisher_from_url, {url}"] = partial(publisher_from_url, url)
        calls[f"messaging.url:kafka_cluster, {url}"] = partial(kafka_cluster, url)
    return calls


ENGINES: Mapping[str, str] = {
    "fails": "echo 'error: out of cheese' >&2; exit 255",
    "held": "echo 'error: [409] Conflict: Another update is currently in progress.' >&2; exit 255",
    "is killed": "kill -9 $$",
    "says nothing": "exit 1",
    "says bytes": r"printf '\377\376' >&2; exit 1",
}
"""What becomes of every command but `version`."""
VERSIONS: Mapping[str, str] = {"is old": "echo v3.0.9", "has no version": "echo hello", "cannot say": "exit 3"}


def _stacks(folder: Path, name: str, script: str) -> LayerStacks:
    path = _executable(folder / name / "bin" / "pulumi", script).parent
    project = folder / name / "project"
    project.mkdir(parents=True, exist_ok=True)
    (project / "Pulumi.yaml").write_text("name: quantos\nruntime: python\n", encoding="utf-8")
    environment = {"PATH": f"{path}:{os.environ['PATH']}", "PULUMI_BACKEND_URL": f"file://{folder}"}
    return LayerStacks(project_dir=project, environment=environment, packs=[], program=lambda _: None)


def engines(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Call]:
    def silent(_name: str, _done: int) -> None:
        """Progress is told to nobody."""

    def operate(stacks: LayerStacks, operation: str) -> object:
        with monkeypatch.context() as patch:
            patch.setenv("PATH", stacks.environment["PATH"])
            if operation == "handle":
                return stacks.handle("dev-x")
            return getattr(stacks, operation)("dev-x", progress=silent)

    answering = 'case "$1 $2" in "version "*) echo v3.300.0; exit 0;; esac'
    broken = {name: f"{answering}\n{script}" for name, script in ENGINES.items()} | VERSIONS
    later = {
        f"{name}, once selected": f'{answering}\ncase "$*" in *" stack "*) exit 0;; esac\n{script}'
        for name, script in ENGINES.items()
    }
    calls: dict[str, Call] = {}
    for name, script in {**broken, **later}.items():
        for operation in ("up", "preview", "drift", "refresh", "down", "handle"):
            if operation != "handle" or name in broken:
                calls[f"deployment.layers:LayerStacks.{operation}, {name}"] = partial(
                    operate, _stacks(folder, name, script), operation
                )
    gone = LayerStacks(project_dir=folder / "gone", environment={"PATH": str(folder)}, packs=[], program=lambda _: None)
    calls["deployment.layers:LayerStacks.handle, no engine"] = partial(operate, gone, "handle")
    return calls


def _told(run: EngineRun) -> None:
    """A failure that is an answer counts as an error here."""
    if run.error is not None:
        raise EngineError(run.error, remedy="see the outcome")


def resizes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Call]:
    def engine(name: str, script: str) -> PulumiEngine:
        path = _executable(folder / name / "bin" / "pulumi", script).parent
        environment = {"PATH": f"{path}:{os.environ['PATH']}", "PULUMI_BACKEND_URL": f"file://{folder / name}"}
        work_dir = folder / name / "work"
        return PulumiEngine("dev-capacity", lambda *_: None, [], work_dir, environment, StopOrder())

    def operate(engine: PulumiEngine, operation: str) -> None:
        with monkeypatch.context() as patch:
            patch.setenv("PATH", engine.environment["PATH"])
            if operation == "preview":
                _told(engine.preview(document(), raised=(), standing={}))
            else:
                terms = EngineTerms(until=datetime.now(tz=UTC), started=lambda _: None)
                _told(engine.up(document(), raised=(), standing={}, terms=terms))

    answering = 'case "$1 $2" in "version "*) echo v3.300.0; exit 0;; esac'
    scripts = {name: f"{answering}\n{script}" for name, script in ENGINES.items()} | VERSIONS
    scripts |= {
        f"{name}, once selected": f'{answering}\ncase "$*" in *" stack "*) exit 0;; esac\n{script}'
        for name, script in ENGINES.items()
    }
    calls: dict[str, Call] = {}
    for name, script in scripts.items():
        for operation in ("preview", "up"):
            calls[f"capacity.pulumi_engine:PulumiEngine.{operation}, {name}"] = partial(
                operate, engine(name, script), operation
            )
    a_file = folder / "file"
    a_file.write_bytes(b"")
    unusable = PulumiEngine(
        "dev-capacity", lambda *_: None, [], a_file / "work", engine("x", "exit 1").environment, StopOrder()
    )
    calls["capacity.pulumi_engine:PulumiEngine.up, no folder to work in"] = partial(operate, unusable, "up")
    calls["capacity.pulumi_engine:PulumiEngine.checkpoint"] = unusable.checkpoint
    held = folder / "held"
    locks = held / ".pulumi" / "locks" / "organization" / "quantos" / "dev-capacity"
    (locks / "1.json").mkdir(parents=True)
    lock = BackendLock(
        key=str((locks / "1.json").relative_to(held)), owner="", hostname="", pid=0, taken_at=NOW, partial=False
    )
    for name, found in {
        "deployment.backend_locks:FileLocks": FileLocks(held, "dev-capacity"),
        "capacity.pulumi_engine:PulumiEngine": replace(unusable, environment={"PULUMI_BACKEND_URL": f"file://{held}"}),
    }.items():
        calls[f"{name}.locks"] = found.locks
        calls[f"{name}.remove_lock"] = partial(found.remove_lock, lock)

    def without_engine() -> object:
        with monkeypatch.context() as patch:
            patch.setenv("PATH", str(folder))
            return SupervisedCommand(StopOrder())

    calls["deployment.pulumi_command:SupervisedCommand"] = without_engine
    return calls


BROKEN: Mapping[str, Broken] = {
    "chart folders": chart_folders,
    "rendering": rendering,
    "writing": writing,
    "recording": recording,
    "reading": reading,
    "states": states,
    "packs": packs,
    "brokers": brokers,
    "engines": engines,
    "resizes": resizes,
    "senders": senders,
    "lakes": broken_lakes,
}

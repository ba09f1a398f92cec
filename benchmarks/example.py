"""What the platform adds to the example's three programs, beside running them by hand, in the same run.

By hand is what somebody does who has all of it at hand: DuckDB over a copy of the table, the features' program in its
environment, and a job submitted to the Ray that runs. Neither side starts Ray, and neither has a Trino.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import duckdb
import sqlglot
import yaml
from pydantic import JsonValue

from benchmarks.measurement import Figure, Report, median_figure, now
from benchmarks.orchestration import moto_account
from cli.runs.client import ApiClient
from quantos.contracts.dag.answers import StatusAnswer, SubmitAnswer
from quantos.contracts.dag.spec import Node
from quantos.environment.functions import ORCH_READ, ORCH_SUBMIT
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import OrchestrationError
from quantos.lake.adapters.composition import open_embedded_lake
from quantos.orchestration.attempt.environment import Environment
from quantos.orchestration.attempt.ray_head import RayHead, RayHeads
from quantos.orchestration.spec.reading import read_dag
from sandbox.api.tokens import open_issuer
from sandbox.demo.runs.run import stepping
from sandbox.execution.images import Images
from sandbox.lake.seeding import DAILY_BARS, STATEMENT
from sandbox.orchestration.engines import EXECUTOR, VIRTUAL, Engines, running_engines, running_ray
from sandbox.orchestration.serving import serving_orchestration

BENCHMARK: Final = "example"
ROOT: Final = Path(__file__).resolve().parents[1]
DAG: Final = ROOT / "docs" / "examples" / "bt_xs_bilstm_v1.yaml"
POLL_SECONDS: Final = 0.3
Tell = Callable[[str], None]


def measure(*, rounds: int, tell: Tell, command: str) -> Report:
    """Run the example through the API and by hand, in turns. Raises QuantosError where either fails."""
    nodes = {node.id: node for node in read_dag(DAG.read_bytes(), shown=str(DAG)).nodes}
    pairs: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as name, moto_account(Path(name)) as settings:
        state = Path(name) / "state"
        (state / "logs").mkdir(parents=True)
        with (
            running_ray(state, str(nodes["train_model"].image)),
            running_engines(state, environ=os.environ, trino=False, report=tell) as engines,
        ):
            _by_hand(nodes, engines, state, number=0)
            for number in range(1, rounds + 1):
                tell(f"round {number} of {rounds}")
                pairs.append(
                    (_through(settings, engines, state, number=number), _by_hand(nodes, engines, state, number=number))
                )
    figures = (
        median_figure("example_over_by_hand", [ours / peer for ours, peer in pairs], unit="time / by hand"),
        median_figure("example_added_seconds", [ours - peer for ours, peer in pairs], unit="s over by hand"),
        median_figure("example_seconds", [ours for ours, _ in pairs], unit="s from submission to its end"),
        Figure("by_hand_seconds", sorted(peer for _, peer in pairs)[len(pairs) // 2], "s, the three one by one"),
    )
    return Report(BENCHMARK, command, "the example, Ray running, DuckDB in Trino's place", figures, now())


def _through(settings: EnvironmentSettings, engines: Engines, state: Path, *, number: int) -> float:
    with (
        serving_orchestration(settings, engines, state_dir=state, bus_url=f"memory://example-{number}") as serving,
        stepping(serving),
    ):
        token = open_issuer(state, settings.api).token("research", "bench", scopes=[ORCH_SUBMIT, ORCH_READ])
        client = ApiClient(serving.service.address, token)
        name = f"example-{number}"
        body = {"dag": yaml.safe_load(DAG.read_text(encoding="utf-8")), "params": {"submission_id": name, "env": "dev"}}
        started = time.perf_counter()
        client.post("/api/orch/submit", SubmitAnswer, body=json.dumps(body).encode())
        while (status := client.get(f"/api/orch/status/{name}", StatusAnswer)).state in {"waiting", "running"}:
            time.sleep(POLL_SECONDS)
        if status.state != "succeeded":
            raise OrchestrationError(f"the example {status.state}: {status.nodes}", remedy="see why")
        return time.perf_counter() - started


def _by_hand(nodes: Mapping[str, Node], engines: Engines, state: Path, *, number: int) -> float:
    folder = state / EXECUTOR / "attempts" / f"by-hand-{number}"
    folder.mkdir(parents=True)
    features, train = nodes["compute_features"], nodes["train_model"]
    environments = [Images(os.environ).environment(str(node.image)) for node in (features, train)]
    head = RayHeads(state / EXECUTOR).ensure(environments[1], gpus=VIRTUAL.gpus)
    started = time.perf_counter()
    bars = _fetched(engines, folder)
    table = _features(features, environments[0], folder / "features", inputs={"dataset_uri": bars})
    _trained(train, environments[1], folder / "train", inputs={"feature_table": table}, head=head)
    seconds = time.perf_counter() - started
    shutil.rmtree(folder)
    return seconds


def _fetched(engines: Engines, folder: Path) -> Path:
    lake = open_embedded_lake(engines.lake)
    lake.export(lake.snapshot(DAILY_BARS), folder / "bars")
    text = (ROOT / "sandbox" / "lake" / STATEMENT).read_text(encoding="utf-8")
    (query,) = sqlglot.transpile(text, read="trino", write="duckdb")
    target = folder / "dataset"
    target.mkdir()
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA market")
        connection.execute(f"CREATE VIEW market.daily_bars AS FROM '{folder}/bars/*.parquet'")
        connection.execute(f"COPY ({query}) TO '{target}/dataset.parquet' (FORMAT parquet)")
    return target


def _features(node: Node, environment: Environment, folder: Path, *, inputs: Mapping[str, Path]) -> Path:
    variables = _called(node, environment, folder, inputs=inputs)
    subprocess.run(environment.command, cwd=folder, env=variables, check=True, capture_output=True)
    (name,) = json.loads((folder / "outputs.json").read_bytes()).values()
    return folder / name


def _trained(node: Node, environment: Environment, folder: Path, *, inputs: Mapping[str, Path], head: RayHead) -> None:
    variables: dict[str, JsonValue] = {**_called(node, environment, folder, inputs=inputs), "OMP_NUM_THREADS": "1"}
    job = folder.parent.name
    head.call(
        "POST",
        "/api/jobs/",
        body={
            "submission_id": job,
            "entrypoint": f"cd {folder} && {' '.join(environment.command)}",
            "runtime_env": {"env_vars": variables, "py_executable": str(environment.python)},
        },
    )
    while (status := head.call("GET", f"/api/jobs/{job}")["status"]) not in {"SUCCEEDED", "FAILED", "STOPPED"}:
        time.sleep(POLL_SECONDS)
    if status != "SUCCEEDED":
        raise OrchestrationError(f"the job by hand {status}", remedy="see Ray's log of it")


def _called(node: Node, environment: Environment, folder: Path, *, inputs: Mapping[str, Path]) -> dict[str, str]:
    """Variables of a program, by its contract, in a new folder."""
    folder.mkdir()
    files = {
        "params": dict(node.params),
        "inputs": {name: {"path": str(path)} for name, path in inputs.items()},
    }
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return {
        **node.env,
        "PYTHONPATH": os.pathsep.join(map(str, environment.modules)),
        "PATH": f"{environment.python.parent}:/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "QUANTOS_PARAMS": str(folder / "params.json"),
        "QUANTOS_INPUTS": str(folder / "inputs.json"),
        "QUANTOS_OUTPUTS": str(folder / "outputs.json"),
    }

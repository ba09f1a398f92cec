"""Orchestration in the sandbox: served until it is interrupted, and the example run through it."""

import contextlib
import os
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Final

import typer
import yaml

from cli.checkout.demo import only_demo_of, shown_stage
from cli.console import err, out, step
from cli.places import ENVIRONMENTS, ROOT
from cli.runs.client import ApiClient
from quantos.catalog.catalog import load_catalog
from quantos.contracts.dag.answers import LineageAnswer, StatusAnswer, SubmitAnswer
from quantos.deployment.adapters.layers import LayerStacks
from quantos.environment.functions import HTTP_ROUTES
from quantos.environment.load import load_environment
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.operations.bring_up import bring_up
from quantos.orchestration.spec.reading import read_dag
from quantos.policy.adapters.packs import render_packs
from sandbox import lifecycle
from sandbox.api.tokens import open_issuer
from sandbox.demo.run import Clockwork
from sandbox.demo.runs.page import write_page
from sandbox.demo.runs.result import RunsResult
from sandbox.demo.runs.run import SUBMISSION_ID, ExampleRun, run_example, stepping
from sandbox.engine.display import shown_progress
from sandbox.engine.locate import find_engine
from sandbox.events.broker import start_broker
from sandbox.lake.trino_files import missing_tools
from sandbox.lifecycle import ONE_CHECKPOINT
from sandbox.orchestration.engines import beside, running_engines, running_ray
from sandbox.orchestration.record import ServiceRecord, ensure_none_runs, own_mark
from sandbox.orchestration.serving import serving_orchestration
from sandbox.tracing.tree import lines_of
from stacks.programs import declare

OUT: Final = ROOT / "out" / "orchestration"
EXAMPLE: Final = ROOT / "docs" / "examples" / "bt_xs_bilstm_v1.yaml"
LAYERS: Final = ("foundation", "control")
SHOWN_DEPTH: Final = 3
"""Of the trace, in a terminal; the page has all of it."""
TEAM, SUBJECT = "research", "demo"


def serve(environment: str, *, trino: bool, kafka: bool, resource_scale: float | None) -> None:
    """Serve orchestration of an environment that is up in the sandbox, until it is interrupted."""
    settings = load_environment(environment, root=ENVIRONMENTS, catalog=load_catalog())
    state_dir = lifecycle.default_state_dir(ROOT)
    err.print(f"target: {environment} in the sandbox of {ROOT}", style="dim")
    ensure_none_runs(state_dir)
    with shown_progress(err) as progress:
        engine = find_engine(progress=progress)
    sandbox = lifecycle.start(state_dir, project_root=ROOT, engine_bin_dir=engine.bin_dir)
    os.environ.update(sandbox.environ())
    ended: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        ended.append(number)

    for order in (signal.SIGINT, signal.SIGTERM):
        signal.signal(order, end)
    with contextlib.ExitStack() as closing:
        bus_url = _bus(closing, kafka=kafka)
        with step("start orchestration") as display:
            engines = closing.enter_context(
                running_engines(
                    state_dir, environ=os.environ, trino=trino, report=lambda stage: display.progress(stage, 0)
                )
            )
            serving = closing.enter_context(
                serving_orchestration(
                    settings, engines, state_dir=state_dir, bus_url=bus_url, resource_scale=resource_scale
                )
            )
        address = serving.service.address
        ServiceRecord(environment, address, own_mark()).write(state_dir)
        out.print(f"serving at {address}; SQL runs on {_sql_engine(engines.trino)}; interrupt to end")
        serving.service.run(lambda: bool(ended))
    out.print("ended")


def demo(*, trino: bool | None, kafka: bool) -> None:
    """Run the example through the API in a sandbox of its own start, and write its page. Raises Exit(1) where any of it
    does not hold.
    """
    started = time.monotonic()
    state_dir = lifecycle.default_state_dir(ROOT)
    err.print(f"target: the sandbox of {ROOT}", style="dim")
    ensure_none_runs(state_dir)
    with_trino = _has_trino() if trino is None else trino
    with only_demo_of(state_dir), contextlib.ExitStack() as closing:
        with shown_progress(err) as progress:
            engine = find_engine(progress=progress)
        clockwork = Clockwork(shown_stage)
        with clockwork.stage("sandbox"):
            lifecycle.stop(state_dir)
            sandbox = lifecycle.start(state_dir, project_root=ROOT, engine_bin_dir=engine.bin_dir)
            os.environ.update(sandbox.environ())
        settings = load_environment("dev", root=ENVIRONMENTS, catalog=load_catalog())
        dag = read_dag(EXAMPLE.read_bytes(), shown=str(EXAMPLE))
        for image in {str(node.image) for node in dag.nodes if node.kind == "ray_job"}:
            closing.enter_context(beside(running_ray(state_dir, image)))
        opening = running_engines(state_dir, environ=os.environ, trino=with_trino, report=_say_beside)
        engines = closing.enter_context(beside(opening))
        _up(settings, sandbox, clockwork)
        bus_url = _bus(closing, kafka=kafka)
        with clockwork.stage("engines, functions, executor"):
            serving = closing.enter_context(
                serving_orchestration(settings, engines(), state_dir=state_dir, bus_url=bus_url)
            )
        with stepping(serving):
            asked = _asked(serving.service.address, state_dir, settings)
            result = run_example(asked, _document(), settings=settings, serving=serving, clockwork=clockwork)
        with clockwork.stage("page"):
            page = write_page(result, OUT)
    _say(result, page, seconds=time.monotonic() - started)
    if not result.holds:
        raise typer.Exit(1)


def _say_beside(stage: str) -> None:
    err.print(f"  beside: {stage}", style="dim")


def _up(settings: EnvironmentSettings, sandbox: lifecycle.Sandbox, clockwork: Clockwork) -> None:
    packs = render_packs(settings, packs_root=ROOT / "policy_packs", folder=sandbox.state_dir / "policy")
    stacks = LayerStacks(sandbox.project_dir, {**os.environ, **ONE_CHECKPOINT}, packs, declare)
    for layer in LAYERS:
        with clockwork.stage(f"up {settings.name}-{layer}") as tell:
            bring_up(settings, stacks, layer, progress=lambda name, done, tell=tell: tell(name, done, 0))


def _bus(closing: contextlib.ExitStack, *, kafka: bool) -> str:
    named = os.environ.get("QUANTOS_KAFKA", "")
    if named:
        return f"kafka://{named}"
    if not kafka:
        return "memory://orchestration"
    with step("Kafka broker") as display:
        return f"kafka://{closing.enter_context(start_broker(report=lambda stage: display.progress(stage, 0)))}"


def _asked(address: str, state_dir: Path, settings: EnvironmentSettings) -> ExampleRun:
    scopes = sorted({route.scope for route in HTTP_ROUTES if route.scope})
    client = ApiClient(address, open_issuer(state_dir, settings.api).token(TEAM, SUBJECT, scopes=scopes))
    return ExampleRun(
        submit=lambda body: client.post("/api/orch/submit", SubmitAnswer, body=body),
        status=lambda name: client.get(f"/api/orch/status/{name}", StatusAnswer),
        lineage=lambda name: client.get(f"/api/orch/lineage/{name}", LineageAnswer),
    )


def _document() -> bytes:
    dag = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    return yaml.safe_dump({"dag": dag, "params": {"submission_id": SUBMISSION_ID, "env": "dev"}}).encode()


def _has_trino() -> bool:
    missing = missing_tools(os.environ)
    if missing:
        err.print(f"no Trino: {', '.join(missing)} missing; DuckDB takes its place, its SQL translated", style="dim")
    return not missing


def _sql_engine(trino: str) -> str:
    return f"Trino at {trino}" if trino else "DuckDB in Trino's place, translated"


def _say(result: RunsResult, page: Path, *, seconds: float) -> None:
    for node in result.status.nodes:
        out.print(f"{node.id:<18} {node.state:<10} {node.evidence}", markup=False)
    for line in lines_of(result.trace, deepest=SHOWN_DEPTH):
        out.print(line, markup=False)
    for item in result.published:
        out.print(f"published {item.key} ({item.size_bytes:,} bytes, {item.hash})", markup=False)
    for check in result.ledger:
        verdict = "agrees with" if check.agrees else "differs from"
        settled = check.kept.settled
        units = f"{settled.cpu_ms:,} core-ms, {settled.gpu_ms:,} GPU-ms, {settled.io_bytes:,} bytes"
        out.print(f"ledger of {check.kept.team} {check.kept.day} {verdict} the audit chain: settled {units}")
    out.print(f"audit: {result.audit_links} links, {result.audit_problem or 'intact'}")
    for problem in result.problems:
        out.print(f"not as it should be: {problem}", style="red", markup=False)
    out.print(f"page {page}\ntook {seconds:.0f} s")

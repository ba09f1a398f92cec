"""`quantos demo`: the whole loop on real demand, in the sandbox, ending in a report."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

import typer

from cli.console import err, out, step
from cli.places import ROOT
from sandbox import lifecycle
from sandbox.demo.kill_moment import kill_moment
from sandbox.demo.replay import Tell
from sandbox.demo.report import write_report
from sandbox.demo.run import Clockwork, Demo
from sandbox.demo.summary import summary_table, write_summary
from sandbox.demo.trace import Gaps, bank_calls, read_trace
from sandbox.engine.display import shown_progress
from sandbox.engine.locate import find_engine
from sandbox.errors import SandboxError
from sandbox.events.broker import start_broker

OUT = ROOT / "out" / "demo"


def demo(*, trace: Path | None, gaps: Gaps, kafka: bool, kill_at: str) -> None:
    """Replay `trace`, or the bank's calls, and write the report. Raises Exit(1) where the loop did not hold.

    With `kafka`, over a real broker that is started for the run. `kill_at` as `kill_moment` reads it.
    """
    started = time.monotonic()
    moment = kill_moment(kill_at)
    err.print(f"target: the sandbox of {ROOT}", style="dim")
    replayed = bank_calls() if trace is None else read_trace(trace, gaps=gaps)
    state_dir = lifecycle.default_state_dir(ROOT)
    with only_demo_of(state_dir), shown_progress(err) as progress:
        engine = find_engine(progress=progress)
    with only_demo_of(state_dir), contextlib.ExitStack() as closing:
        clockwork = Clockwork(shown_stage)
        with clockwork.stage("sandbox"):
            lifecycle.stop(state_dir)
            sandbox = lifecycle.start(state_dir, project_root=ROOT, engine_bin_dir=engine.bin_dir)
            os.environ.update(sandbox.environ())
        bus_url = _bus_url(closing, clockwork, kafka=kafka)
        result = Demo(ROOT, sandbox, replayed, bus_url, clockwork, moment).run()
        with clockwork.stage("report"):
            report, summary = write_report(result, OUT), write_summary(result, OUT)
    out.print(summary_table(result))
    out.print(f"report   {report}\nsummary  {summary}\ntook     {time.monotonic() - started:.0f} s")
    plan_id = result.decisions[-1].plan_id[:12]
    out.print(
        f"log      {state_dir / 'logs' / 'functions.log'}: every function's, a JSON line each\n"
        f"The sandbox still runs: `quantos explain {plan_id} --sandbox`, then `quantos sandbox stop`.",
        style="dim",
    )
    if result.audit_problem or result.drift or not all(group.agrees for group in result.groups):
        raise typer.Exit(1)


@contextlib.contextmanager
def shown_stage(title: str) -> Iterator[Tell]:
    """A stage as the command line shows it."""
    with step(title) as display:
        yield display.progress


@contextlib.contextmanager
def only_demo_of(state_dir: Path) -> Iterator[None]:
    """One demo at a time in a checkout."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "demo.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise SandboxError(
                "another demo runs in this checkout", remedy="wait for it to end, or use a second clone"
            ) from exc
        yield


def _bus_url(closing: contextlib.ExitStack, clockwork: Clockwork, *, kafka: bool) -> str:
    named = os.environ.get("QUANTOS_KAFKA", "")
    if named:
        return f"kafka://{named}"
    if not kafka:
        return "memory://demo"
    with clockwork.stage("Kafka broker") as tell:
        broker = closing.enter_context(start_broker(report=lambda stage: tell(stage, 0, 0)))
    return f"kafka://{broker}"

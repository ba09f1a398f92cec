"""A resize in a process of its own, killed as a machine that dies would be: no goodbye, nothing cleaned up."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from lambdas import runtime
from quantos.catalog.catalog import load_catalog
from quantos.clock import utc_now
from quantos.environment.functions import RESIZE, function_table
from quantos.environment.load import load_environment
from quantos.messaging.adapters.url import publisher_from_url
from sandbox.demo.kill_moment import KillMoment, ResizeWatch
from sandbox.errors import SandboxError
from sandbox.events.events import Account, Event, local_context
from sandbox.events.loop import load_functions

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 180.0
POLL_SECONDS = 0.02


def killed_resize(
    event: Event,
    *,
    environment: str,
    now: datetime,
    variables: Mapping[str, str],
    watch: ResizeWatch,
    moment: KillMoment,
) -> None:
    """Start the resize function on `event` in a child, and kill it with all its children when the moment has come.

    One that had done its work before so many seconds is as dead: what it would have published is lost with it.

    Raises:
        SandboxError: it failed, or ended and what was waited for was not seen.
    """
    with tempfile.TemporaryDirectory(prefix="quantos-crash-") as folder:
        file = Path(folder) / "event.json"
        file.write_text(json.dumps(event), encoding="utf-8")
        command = [sys.executable, "-P", "-m", "sandbox.demo.crash", str(file), environment, now.isoformat()]
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**variables, "PYTHONPATH": str(ROOT), "TMPDIR": folder},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            _await(child, watch=watch, moment=moment, began=_began(file))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.communicate()


def _await(child: "subprocess.Popen[bytes]", *, watch: ResizeWatch, moment: KillMoment, began: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not watch.reached(moment):
        if watch.began is None and began.exists():
            watch.began = time.monotonic()
        ended = child.poll()
        if ended == 0 and (moment.seconds is not None or watch.reached(moment)):
            return
        if ended is not None or time.monotonic() > deadline:
            said = b"" if child.stderr is None or ended is None else child.stderr.read()
            raise SandboxError(
                f"the resize to be killed at {moment.name} "
                f"{'did not come so far' if ended is None else 'ended by itself'}: "
                f"{said.decode(errors='replace')[-400:]}",
                remedy="run the demo again with --debug, or kill it at another moment",
            )
        time.sleep(POLL_SECONDS)


def _began(file: Path) -> Path:
    """The file by which the child tells that it begins its work, when all is imported."""
    return file.with_suffix(".began")


def main(file: str, environment: str, now: str) -> None:
    """Run the resize function on the event in `file` at plan time `now`; what it would publish is lost with it."""
    moment = datetime.fromisoformat(now)
    catalog = load_catalog()
    settings = load_environment(environment, root=runtime.ENVIRONMENTS, catalog=catalog)
    runtime.use(
        runtime.Runtime(
            settings=settings,
            catalog=catalog,
            publisher=publisher_from_url("memory://lost"),
            clock=lambda: moment,
            wall_clock=utc_now,
        )
    )
    account = Account(environment=environment, account_id=settings.account_id, region=settings.region)
    context = local_context(RESIZE, account=account, invocation=os.getpid(), timeout_seconds=840)
    event: Event = json.loads(Path(file).read_text(encoding="utf-8"))
    (resize,) = load_functions(spec for spec in function_table(settings) if spec.name == RESIZE)
    _began(Path(file)).touch()
    resize.handler(event, context.as_lambda_context())


if __name__ == "__main__":
    main(*sys.argv[1:])

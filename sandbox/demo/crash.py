"""A resize in a process of its own, killed half way as a machine that dies would: no goodbye, nothing cleaned up."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from lambdas import runtime
from quantos.catalog.catalog import load_catalog
from quantos.environment.functions import RESIZE, function_table
from quantos.environment.load import load_environment
from quantos.errors import SandboxError
from quantos.messaging.adapters.url import publisher_from_url
from sandbox.events.events import Account, Event, local_context
from sandbox.events.loop import load_functions

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.02


def killed_resize(
    event: Event, *, environment: str, now: datetime, variables: Mapping[str, str], half_way: Callable[[], bool]
) -> None:
    """Start the resize function on `event` in a child, and kill it with all its children as soon as `half_way`.

    Raises:
        SandboxError: it ended before it was half way.
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
        deadline = time.monotonic() + PATIENCE_SECONDS
        try:
            while not half_way():
                if child.poll() is not None or time.monotonic() > deadline:
                    said = b"" if child.stderr is None else child.stderr.read()
                    raise SandboxError(
                        f"the resize to be killed ended by itself: {said.decode(errors='replace')[-400:]}",
                        remedy="run the demo again with --debug",
                    )
                time.sleep(POLL_SECONDS)
        finally:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()


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
            wall_clock=runtime.utc_now,
        )
    )
    account = Account(environment=environment, account_id=settings.account_id, region=settings.region)
    context = local_context(RESIZE, account=account, invocation=os.getpid(), timeout_seconds=840)
    event: Event = json.loads(Path(file).read_text(encoding="utf-8"))
    (resize,) = load_functions(spec for spec in function_table(settings) if spec.name == RESIZE)
    resize.handler(event, context.as_lambda_context())


if __name__ == "__main__":
    main(*sys.argv[1:])
